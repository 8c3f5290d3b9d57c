#!/bin/bash
# A sample of "make torture": whole updates (the first, one that adds to another, with defaults that the operator deleted, with a
# hook), a rollback, stopped by SIGKILL or disturbed by errors, short writes and failed allocations at some of the system calls.
# What must hold after each stands at the top of torture.py.
#
# TORTURE_KILL, TORTURE_ONE, TORTURE_FAIL, TORTURE_SHORT, TORTURE_ALLOC say which share is looked at (every nth point; 1: all).
# TORTURE_PLACE lets the first allocation of every nth place fail, too (else none).
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
. "$top_srcdir/tests/torture/lab.sh"
need python3
export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"	# the leak check cannot run under ptrace
"$top_builddir/tests/lib/killpoints" --count -- true 2>"$work/probe" || skip "this kernel does not let a process be traced: $(cat "$work/probe")"
torture_lab
all="first incremental deleted hook rollback"
# shellcheck disable=SC2086
{
	ok "killed" torture kill "${TORTURE_KILL:-23}" $all
	ok "one process killed" torture one "${TORTURE_ONE:-37}" $all
	ok "an error" torture fail "${TORTURE_FAIL:-71}" $all
	ok "short writes" torture short "${TORTURE_SHORT:-13}" $all
	ok "failed allocations" torture alloc "${TORTURE_ALLOC:-1499}" incremental
	[ -z "${TORTURE_PLACE:-}" ] || ok "allocations that fail by place" torture place "$TORTURE_PLACE" first incremental hook rollback
}
finish
