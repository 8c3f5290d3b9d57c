#!/bin/bash
# "make torture": every test that "make check" takes a sample of, in full, one after the other, each to its end whatever became of
# those before. TORTURE_JOBS points of a test are tried at a time, by default as many as there are processors.
# TORTURE_ONLY names tests to be run alone: TORTURE_ONLY="torture/online store/power" make torture
export TORTURE_KILL=1 TORTURE_ONE=1 TORTURE_FAIL=1 TORTURE_SHORT=1 TORTURE_ALLOC=1 TORTURE_PLACE=1 TORTURE_ONLINE=1
export TORTURE_FLAGS=--all-errors TORTURE_JOBS=${TORTURE_JOBS:-$(nproc)}
export POWER_EVERY=1 POWER_RANDOM=4 KILL_ALL_ERRORS=1 FAIL_EVERY=1 KILL_SECONDS=3600 CROWD_MS=180000
tests=${TORTURE_ONLY:-torture/torture torture/online torture/power torture/crowd store/kill store/power store/crowd
	update/power trust/kill trust/power settings/kill settings/power}
status=0 ends=

for test in $tests; do
	echo "== $test"
	begun=$SECONDS
	"$top_srcdir/tests/$test.sh" </dev/null
	case $? in
	0) end=passed ;;
	77) end=skipped status=1 ;;
	*) end=FAILED status=1 ;;
	esac
	ends+="$end  $test, after $((SECONDS - begun)) s"$'\n'
done
echo "== in all"
printf %s "$ends"
exit $status
