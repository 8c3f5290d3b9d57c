#!/bin/bash
# The power goes in the middle of a whole update: of what was not flushed, anything may be lost (tests/lib/powercut.py makes
# the disks). On each of them torture.py looks whether current is entirely old or new and the next update completes.
#
# POWER_EVERY=n looks after every nth change only (while few changes are open, after each); 1 for all.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/torture/lab.sh"
need strace python3
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"
strace -o /dev/null true 2>"$work/probe" || skip "nothing can be traced here: $(cat "$work/probe")"
torture_lab

ok "the first update" cut first update --offline "$lab/feeds/$new_version.zip"
ok "an update that adds to another" cut incremental update --offline "$lab/feeds/$new_version.zip"
ok "an update after the operator removed the defaults" cut deleted update --offline "$lab/feeds/$new_version.zip"
finish
