# The console in a real terminal: first screen, help, an offline update to its end, resize, silence, quit.
command -v tmux >/dev/null || { echo "skipped: tmux is not installed"; exit 77; }
work=$(mktemp -d) || exit 99
socket=$work/tmux
program=$top_builddir/posture-console
bundle=$work/posture-offline.zip
export TERM=xterm-256color
unset TMUX

pc() { "$program" --config "$work/c.conf" --state-dir "$work/state" "$@"; }
. "$top_srcdir/tests/lib/feed.sh"
t() { tmux -f /dev/null -S "$socket" "$@"; }
clean() { t kill-server 2>/dev/null; rm -rf "$work"; }
trap clean EXIT

# Waits until the screen shows a text; fails with the screen when it does not within 20 s.
see() {
	deadline=$((SECONDS + 20))
	until t capture-pane -p | grep -qF -- "$1"; do
		if [ $SECONDS -ge $deadline ]; then
			echo "FAIL: \"$1\" is not on the screen:"
			t capture-pane -p
			exit 1
		fi
	done
}
gone() {
	deadline=$((SECONDS + 20))
	while t capture-pane -p | grep -qF -- "$1"; do
		if [ $SECONDS -ge $deadline ]; then
			echo "FAIL: \"$1\" is still on the screen:"
			t capture-pane -p
			exit 1
		fi
	done
}
fail() { echo "FAIL: $*"; exit 1; }

# Without a terminal, and with one that cannot show it: a clear message and exit code 2.
message=$("$program" --state-dir "$work/state" </dev/null 2>&1); code=$?
[ $code = 2 ] || fail "exit code $code without a terminal"
case $message in *terminal*) ;; *) fail "no word about the terminal: $message";; esac

mkfifo "$work/never"
sample_feed "$work/feed" 2026.11.22.1 && pc bundle build "$work/feed" -o "$bundle" >/dev/null || fail "no bundle"
cat >"$work/run" <<EOF
stty -a >"$work/before"
TERM=dumb "$program" --config "$work/c.conf" --state-dir "$work/state" 2>"$work/dumb"; echo \$? >>"$work/dumb"
while "$program" --config "$work/c.conf" --state-dir "$work/state"; echo "console \$?"; do
	read -r again
	[ "\$again" = end ] && break
	clear
done
stty -a >"$work/after"
echo ended
exec cat
EOF
t new-session -d -x 80 -y 24 "exec bash $work/run" || { echo "skipped: tmux cannot start here"; exit 77; }
see "Update information"
see "No update yet"
see " u update now"

t send-keys '?'
see "Among fields and buttons"
t send-keys Escape
gone "Among fields and buttons"

t send-keys b
see "type a path"
t send-keys p
see "A path, or an https"
t send-keys C-u
t send-keys -l "$bundle"
t send-keys Enter
see "components as the manifest says"
t send-keys Right
t send-keys Enter
see "(•) Offline"
t send-keys u
see "Last update status                    Updated"
see "OK "
see "Completed opswat download"

# A running update is left alone by quitting, is seen again, and is asked to stop only after a question.
pc config set hook.after_commit /bin/sleep,8 >/dev/null
t send-keys q
see "console 0"
t send-keys Enter
see "Update information"
pc update --force --detach >/dev/null || fail "no update began"
see "hook, for"
t send-keys q
gone "hook, for"
t send-keys Enter
see "hook, for"
t send-keys x
see "Stop the running update?"
t send-keys Escape
gone "Stop the running update?"
see "hook, for"
pc status | grep -q "^Running job" || fail "Esc stopped the update"
t send-keys x
see "Stop the running update?"
t send-keys y
see "Update information"

# What tmux shows is what curses believes: painted again, nothing changes.
for key in 2 4 3 4 5 4 1 5 3 1; do
	t send-keys $key
	read -r -t 1 <>"$work/never" || true
	t capture-pane -p | tail -n +2 >"$work/painted"
	t send-keys C-l
	read -r -t 1 <>"$work/never" || true
	t capture-pane -p | tail -n +2 >"$work/again"
	cmp -s "$work/painted" "$work/again" && grep -q "──────────" "$work/again" ||
		fail "pane $key looks different painted again: $(diff "$work/painted" "$work/again")"
done

# A list that scrolls by single rows, down and up, is written by ourselves: the list of certificates, at both of its ends.
t send-keys 3
for keys in "Down Down Down Down Down Down Down Down Down" "Up Up Up Up Up Up Up"; do
	for key in $keys; do t send-keys $key; read -r -t 0.08 <>"$work/never" || true; done
	read -r -t 0.7 <>"$work/never" || true
	t capture-pane -p | tail -n +2 >"$work/painted"
	t send-keys C-l
	read -r -t 1 <>"$work/never" || true
	t capture-pane -p | tail -n +2 >"$work/again"
	cmp -s "$work/painted" "$work/again" && grep -q "> " "$work/again" ||
		fail "the list looks different painted again: $(diff "$work/painted" "$work/again")"
done
t send-keys 1
see "Update information"
read -r -t 1 <>"$work/never" || true

# Idle: not a byte, unless the minute turns meanwhile.
silent=no
for try in 1 2; do
	: >"$work/bytes"
	t pipe-pane -O "exec cat >>$work/bytes"
	minute=$(date +%M)
	read -r -t 3 <>"$work/never" || true
	t pipe-pane
	[ ! -s "$work/bytes" ] && silent=yes && break
	[ "$minute" = "$(date +%M)" ] && break
done
[ $silent = yes ] || fail "the idle console wrote $(wc -c <"$work/bytes") bytes"

t resize-window -x 20 -y 5
see "Too small"
t resize-window -x 1 -y 1
t resize-window -x 132 -y 43
see "Update information"
t resize-window -x 80 -y 24
see "Tab field  Enter choose"

t send-keys q
see "console 0"
t send-keys -l end
t send-keys Enter
see "ended"
grep -q 'terminal "dumb"' "$work/dumb" && grep -qx 2 "$work/dumb" || fail "a dumb terminal: $(cat "$work/dumb")"
cmp "$work/before" "$work/after" || fail "the terminal was not left as it was found"
