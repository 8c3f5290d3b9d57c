#!/bin/bash
# Completion: what the program offers at each place, and that bash, zsh and fish show it when they are asked the way that a
# person asks them.
. "$top_srcdir/tests/lib/common.sh"

# --- what the program offers ---------------------------------------------------------------------------------------------
# offers "WORDS" WANT...: each is among the candidates;  offers_not: none is.
candidates() { pc complete "$@" | cut -f1; }
offers() {
	local words=$1 want
	shift
	eval "candidates $words" >"$work/out"
	for want in "$@"; do ok "\"$words\" offers $want" grep -qxF -- "$want" "$work/out"; done
}
offers_not() {
	local words=$1 want
	shift
	eval "candidates $words" >"$work/out"
	for want in "$@"; do ok "\"$words\" does not offer $want" bash -c '! grep -qxF -- "$1" "$2"' - "$want" "$work/out"; done
}

pc update --quiet --offline "$top_builddir/sample/posture-offline.zip" || { echo "no update"; exit 1; }
generation=$(basename "$(readlink "$state/current")")
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/k.pem" -out "$work/ca.pem" -subj "/CN=Completion Test CA" -days 30 \
	-addext basicConstraints=critical,CA:TRUE >/dev/null 2>&1
pc certs import "$work/ca.pem" --name "Completion Test CA" >/dev/null || { echo "no certificate"; exit 1; }

commands=$("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
offers "''" $commands
offers_not "''" complete --json
offers "-" --config --state-dir --version
offers "--state-dir" --state-dir
offers "--config ''" :files
offers "--state-dir ''" :folders
offers "--json cer" certs
offers "update -" --web --offline --if-due --json --force
offers_not "update -" --version --tail
offers "update --offline ''" :files
offers "update --web --url http --for" --force
offers "explain proxy-auth" proxy-auth-rejected proxy-auth-required
offers_not "explain proxy-auth" tcp-timeout
offers "certs ''" list show import trust
offers "certs show Completion" "Completion Test CA"
offers "certs show ''" "Completion Test CA"
offers "certs trust 'Completion Test CA' ci" cisco-services
offers "certs trust 'Completion Test CA' cisco-services in" infrastructure
offers "certs import --usage cisco-services,in" cisco-services,infrastructure
offers "certs import -" --usage --name --allow-expired
offers_not "certs show -" --allow-expired
offers "certs import ''" :files
offers "certs export x -" -o --der --output
offers "certs export x --output ''" :files
offers "config get proxy." proxy.host proxy.port
offers "config set source.signature ''" required if-present off
offers "config set proxy.enabled ''" true false
offers "rollback ''" "$generation"
offers "diff $generation ''" "$generation"
offers_not "rollback $generation ''" "$generation"
offers "check --only dns,t" dns,tcp dns,time dns,tls
offers "log --level w" warn
offers "log --file ''" :files
offers "proxy set --scheme ''" http https socks5
offers "mirror --to ''" :folders
offers "feed build d --sign c ''" :files
# Every option that a command's help names is offered.
for c in $commands; do
	for o in $(pc "$c" --help | grep -oE '^  --[a-z-]+' | tr -d ' '); do offers "$c --" "$o"; done
done
# Hostile names do not reach the terminal, and nothing is reported where nothing can be read.
candidates certs nonsense >"$work/out" 2>&1 && candidates nonsense x >>"$work/out" 2>&1
ok "nonsense gives nothing" test ! -s "$work/out"
program_only() { "$program" --state-dir "$work/none" --config "$work/none" complete "$@"; }
program_only certs show '' >"$work/out" 2>"$work/err"
ok "no store, no word" test ! -s "$work/out" -a ! -s "$work/err"

# --- what the shells show ---------------------------------------------------------------------------------------------------
export POSTURE_CONSOLE_STATE_DIR=$state POSTURE_CONSOLE_CONFIG=$config
mkdir "$work/bin" "$work/files"
ln -s "$(realpath "$program")" "$work/bin/posture-console"
: >"$work/files/a bundle.zip"
PATH=$work/bin:$PATH

cat >"$work/ask.bash" <<'END'
. "$1"
shift
COMP_WORDS=(posture-console "$@")
COMP_CWORD=$(($# ))
compopt() { :; }
_posture_console
printf '%s\n' "${COMPREPLY[@]}"
END
bash_offers() {
	local want=$1
	shift
	(cd "$work/files" && bash --norc "$work/ask.bash" "$top_srcdir/contrib/completion/posture-console.bash" "$@") >"$work/out" 2>"$work/err"
	ok "bash offers $want for: $*" grep -qxF -- "$want" "$work/out"
	ok "bash says nothing else: $*" test ! -s "$work/err"
}
bash_offers certs ce
bash_offers 'Completion\ Test\ CA' certs show Compl
bash_offers 'Completion\ Test\ CA' certs show 'Completion\ T'
bash_offers 'Completion Test CA' certs show '"Completion T'
bash_offers 'a bundle.zip' update --offline ''
bash_offers proxy-auth-rejected explain proxy-auth-r
# The real thing: readline in a terminal, Tab, and what stands on the line then.
if command -v tmux >/dev/null; then
	t() { env -u TMUX tmux -f /dev/null -S "$work/tmux" "$@"; }
	at_exit "t kill-server 2>/dev/null"
	typed() {
		local want=$2
		t send-keys C-u
		t send-keys -l "$1"
		t send-keys Tab
		ok "$3: \"$1\" becomes \"$want\"" wait_for 15 bash -c 'tmux -S "$1" capture-pane -p | grep -qF -- "$2"' - "$work/tmux" "$want"
	}
	cat >"$work/rc" <<END
PS1='ready> '
cd "$work/files"
. "$top_srcdir/contrib/completion/posture-console.bash"
END
	if t new-session -d -x 100 -y 30 "bash --noprofile --rcfile $work/rc -i" 2>/dev/null; then
		wait_for 15 bash -c 'tmux -S "$1" capture-pane -p | grep -q "ready>"' - "$work/tmux"
		typed "posture-console expl" "posture-console explain" bash
		typed "posture-console certs show Compl" 'certs show Completion\ Test\ CA' bash
		typed "posture-console update --offline a" 'update --offline a\ bundle.zip' bash
		t kill-server
	fi
	if command -v zsh >/dev/null; then
		mkdir "$work/zsh"
		cat >"$work/zsh/.zshrc" <<END
PS1='ready> '
fpath=("$top_srcdir/contrib/completion" \$fpath)
autoload -U compinit && compinit -u -D
cd "$work/files"
END
		if t new-session -d -x 100 -y 30 "env ZDOTDIR=$work/zsh zsh -d -i" 2>/dev/null; then
			wait_for 15 bash -c 'tmux -S "$1" capture-pane -p | grep -q "ready>"' - "$work/tmux"
			typed "posture-console expl" "posture-console explain" zsh
			typed "posture-console certs show Compl" 'certs show Completion\ Test\ CA' zsh
			typed "posture-console update --offline a" 'update --offline a\ bundle.zip' zsh
			t send-keys C-u
			t send-keys -l "posture-console bundle "
			t send-keys Tab
			ok "zsh says what each is for" wait_for 15 bash -c 'tmux -S "$1" capture-pane -p | grep -qE "^list +-- its files"' - "$work/tmux"
			t kill-server
		fi
	fi
fi
if command -v fish >/dev/null; then
	fish_offers() {
		HOME=$work XDG_CONFIG_HOME=$work XDG_DATA_HOME=$work fish --no-config -C "source $top_srcdir/contrib/completion/posture-console.fish; cd $work/files" \
			-c "complete -C \"$1\"" >"$work/out" 2>"$work/err"
		ok "fish offers $2 for: $1" bash -c 'cut -f1 "$1" | grep -qxF -- "$2"' - "$work/out" "$2"
	}
	fish_offers "posture-console expl" explain
	fish_offers "posture-console certs show Compl" "Completion Test CA"
	fish_offers "posture-console explain proxy-auth-r" proxy-auth-rejected
	fish_offers "posture-console update --offline a" "a bundle.zip"
	ok "fish says what it is" bash -c 'HOME="$1" fish --no-config -C "source \"$2\"" -c "complete -C \"posture-console stat\"" | grep -q "status.*update information"' - \
		"$work" "$top_srcdir/contrib/completion/posture-console.fish"
fi
finish
