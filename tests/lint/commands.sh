#!/bin/bash
# Every command of the table answers --help with its synopsis, a summary and an example, and refuses an unknown option with
# exit code 2.
set -eu
program=$top_builddir/posture-console
status=0
commands=$("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ "$(printf '%s\n' $commands | wc -l)" -ge 13 ] || { echo "commands are missing from --help: $commands"; status=1; }
for c in $commands; do
	help=$("$program" "$c" --help) || { echo "$c --help fails"; status=1; }
	grep -q "posture-console $c" <<<"$help" || { echo "$c --help has no synopsis"; status=1; }
	grep -q "^Example" <<<"$help" || { echo "$c --help has no example"; status=1; }
	rc=0
	"$program" "$c" --no-such-option >/dev/null 2>&1 || rc=$?
	[ $rc = 2 ] || { echo "$c --no-such-option ends with $rc, not 2"; status=1; }
done
exit $status
