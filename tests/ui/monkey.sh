# Random keys, sizes and events at the console. In "make check" for some seconds; longer, and with sanitizers:
#	../configure --enable-sanitizers && make && MONKEY_S=600 make check TESTS=tests/ui/monkey.sh
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
export HOME=$work TERM=xterm-256color LC_ALL=C.UTF-8
# Nothing that is started by chance leaves this machine.
pc() { "$top_builddir/posture-console" --config "$work/c.conf" --state-dir "$work/state" "$@"; }
pc config set source.feed_url https://127.0.0.1:9/posture-update.xml >/dev/null || exit 1
pc config set download.retries 0 >/dev/null || exit 1
pc config set time.servers 127.0.0.1 >/dev/null || exit 1
"$top_builddir/tests/ui/monkey" "$work" "${MONKEY_S:-10}" ${MONKEY_SEED:-}
status=$?
# What was started by chance is ended by its number.
for job in "$work"/state/jobs/*.jsonl; do
	pid=$(sed -n 's/.*"event": *"job.started".*"pid": *\([0-9]*\).*/\1/p' "$job" 2>/dev/null | head -1)
	[ -n "$pid" ] && grep -qz posture-console "/proc/$pid/cmdline" 2>/dev/null && kill "$pid" 2>/dev/null
done
exit $status
