#!/bin/bash
# The demo as a person plays it: the menu, a broken situation in the console, which says DEMO, the cause, and back out.
. "$top_srcdir/tests/lib/common.sh"
need tmux

mkdir "$work/tmp"
unset TMUX
export TMPDIR=$work/tmp TERM=xterm-256color
t() { tmux -f /dev/null -S "$work/tmux" "$@"; }
at_exit "t kill-server 2>/dev/null"
sees() { t capture-pane -p >"$work/out" 2>/dev/null && grep -qF -- "$1" "$work/out"; }
see() { ok "\"$1\" is on the screen" wait_for 20 sees "$1"; }

t new-session -d -x 80 -y 24 "$program demo; echo ended \$?; exec cat" || skip "tmux cannot start here"
see "Which one?"
see "1  Everything works"
t send-keys 99 Enter
see 'no situation "99"'
t send-keys 2 Enter
see "the right one is"
t send-keys Enter
see "posture-console · DEMO"
see "Update information"
t send-keys q
see "Which one?"
t send-keys q Enter
see "ended 0"
ok "no folder is left" test -z "$(ls -A "$work/tmp")"
finish
