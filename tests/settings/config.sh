#!/bin/bash
# config and proxy from the command line: what is set is kept, what is bad is refused and changes nothing, the password is
# never shown.
set -u
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
export POSTURE_CONSOLE_CONFIG=$work/etc/console.conf POSTURE_CONSOLE_STATE_DIR=$work/state
program=$top_builddir/posture-console
conf=$POSTURE_CONSOLE_CONFIG
secret='Tr0ub4dor&3'
fail=0

note() {
	echo "FAILED: $*"
	sed 's/^/  | /' "$work/out" "$work/err"
	fail=1
}

# run CODE ARGUMENTS...: the command must end with that code.
run() {
	local want=$1 code
	shift
	"$program" "$@" > "$work/out" 2> "$work/err" < "${input:-/dev/null}"
	code=$?
	cat "$work/out" "$work/err" >> "$work/all"
	[ $code = "$want" ] || note "$*: exit code $code, not $want"
}
says() { cat "$work/out" "$work/err" | grep -qF -- "$1" || note "does not say: $1"; }
is() { [ "$(cat "$work/out")" = "$1" ] || note "is not: $1"; }
json() { python3 -c "import json,sys; d=json.load(open('$work/out')); sys.exit(0 if ($1) else 1)" || note "JSON is not: $1"; }
unchanged() { cmp -s "$conf" "$work/before" || note "the file was changed"; }

# Defaults, with no file, and none is made by reading.
run 0 config list
says 'https://www.cisco.com/web/secure/spa/posture-update.xml'
run 0 config get proxy.port; is 8080
run 0 config list --json
json 'len(d) > 30 and all(set(r) >= {"key","value","default","type","allowed","help","source"} for r in d)'
json '[r["value"] for r in d if r["key"] == "proxy.port"] == [8080]'
json '[r["value"] for r in d if r["key"] == "proxy.bypass"] == [[]]'
json '[r["value"] for r in d if r["key"] == "schedule.automatic"] == [True]'
json '[r["value"] for r in d if r["key"] == "schedule.initial_delay"] == ["00:10:00"]'
json 'all(r["source"] == "default" and r["value"] == r["default"] for r in d)'
[ ! -e "$work/etc" ] || note "reading made a folder"

# Set, read back, typed.
run 0 config set schedule.every_hours 12
run 0 config get schedule.every_hours; is 12
[ "$(stat -c %a "$conf")" = 600 ] || note "mode of the new file"
run 0 --json config get schedule.every_hours
json 'd["value"] == 12 and d["default"] == 24 and d["source"] == "file" and d["type"] == "int"'
run 0 config set proxy.bypass '.corp.example, 10.0.0.0/8'
run 0 config get proxy.bypass; is '.corp.example, 10.0.0.0/8'
run 0 config set proxy.bypass a b c
run 0 config get proxy.bypass; is 'a, b, c'
run 0 config set proxy.bypass ''
run 0 config get proxy.bypass --json; json 'd["value"] == [] and d["source"] == "file"'
# The whole vector belongs to the hook, also what looks like an option of ours.
run 0 config set hook.after_commit /usr/bin/logger --quiet -q 'a,b' ''
run 0 config get hook.after_commit --json
json 'd["value"] == ["/usr/bin/logger", "--quiet", "-q", "a,b", ""]'
run 0 config set hook.after_commit -- /bin/true -x
run 0 config get hook.after_commit --json; json 'd["value"] == ["/bin/true", "-x"]'
run 0 config set schedule.every_hours --default
run 0 config get schedule.every_hours; is 24
grep -q every_hours "$conf" && note "the default left its line"

# Refusals: a message with what is allowed, a code, and the file as it was.
cp "$conf" "$work/before"
run 78 config set proxy.port 99999; says 'proxy.port: 99999 is not allowed; a number from 1 to 65535'; unchanged
run 78 config set source.feed_url 'https://me:'"$secret"'@h/'; says 'source.feed_url'; unchanged
run 78 config set source.mode both; says 'one of web, offline'; unchanged
run 2 config set proxy.prot 1; says 'Did you mean "proxy.port"?'; unchanged
run 2 config get proxy.password; says 'proxy set'
run 2 config get xyzzy; says 'config list'
run 2 config set proxy.port; unchanged
run 2 config set proxy.port 1 2; unchanged
run 2 config set proxy.port 1 --default; unchanged
run 2 config get
run 2 config list proxy.port
run 2 config frob
run 2 config
run 0 config --help; says 'Example:'

# A bad file is refused with its line, and nothing is overwritten.
printf 'proxy = {\n  port = 99999;\n};\n' > "$conf"; cp "$conf" "$work/before"
run 78 config list; says "$conf:2: proxy.port: 99999 is not allowed; a number from 1 to 65535"
run 78 config set ui.theme dark; unchanged
run 78 proxy show; run 78 proxy set --host h; run 78 proxy clear; unchanged
printf '# kept\nproxy = { prot = 1; };\n' > "$conf"
run 0 config list; says 'proxy.prot is not a setting'; says 'Did you mean proxy.port?'
run 0 --quiet config list; [ ! -s "$work/err" ] || note "--quiet warns"
run 0 config set ui.theme dark
grep -q '^# kept$' "$conf" && grep -q 'prot = 1' "$conf" || note "something was lost"
rm "$conf"

# The proxy: all or nothing.
run 0 proxy show; says 'not set'
run 78 proxy set --host proxy.corp.example --port 0; [ ! -e "$conf" ] || note "a part was saved"
run 78 proxy set --host http://proxy:3128; says 'without scheme'
run 78 proxy set --port 3128 --bypass 'a b'; [ ! -e "$conf" ] || note "a part was saved"
run 78 proxy set --enable; says 'no host'
run 2 proxy set
run 2 proxy set --user u --password "$secret"; says '--password-file'
run 2 proxy set --user u --password="$secret"; says '--password-file'
printf '%s\n' "$secret" > "$work/password"
run 2 proxy set --host p --password-file "$work/password"; says '--user'
[ ! -e "$conf" ] && [ ! -e "$work/state/proxy.password" ] || note "a part was saved"
run 73 proxy set --host p --user u --password-file "$work/none"; [ ! -e "$conf" ] || note "a part was saved"

run 0 proxy set --host p.example --port 3128 --bypass '.corp.example, 10.0.0.0/8'
says 'shared'
run 0 proxy show --json
json 'd == {"enabled": True, "scheme": "http", "host": "p.example", "port": 3128, "user": "", "password_set": False, "bypass": [".corp.example", "10.0.0.0/8"]}'
run 0 proxy set --disable; run 0 config get proxy.enabled; is false
run 0 proxy set --enable --scheme socks5; run 0 config get proxy.enabled; is true
run 0 --quiet proxy set --port 1080; [ ! -s "$work/out" ] && [ ! -s "$work/err" ] || note "--quiet says something"

# The password: from a file, from standard input in both spellings; shown never.
run 0 proxy set --user svc-ise --password-file "$work/password"; says 'set'
run 0 proxy show --json; json 'd["password_set"] and d["user"] == "svc-ise"'
[ "$(stat -c %a "$work/state/proxy.password")" = 600 ] || note "mode of the password"
[ "$(cat "$work/state/proxy.password")" = "$secret" ] || note "the password is another"
for name in - /dev/stdin; do
	printf '%s\r\n' "$secret$name" > "$work/password"
	input=$work/password run 0 proxy set --password-file "$name"
	[ "$(cat "$work/state/proxy.password")" = "$secret$name" ] || note "the password from $name is another"
done
: > "$work/password"
run 2 proxy set --password-file "$work/password"; says 'empty'
[ -s "$work/state/proxy.password" ] || note "an empty password was saved"
# On a terminal it is asked for, without echo; Ctrl-C leaves the terminal as it was.
python3 - "$program" "$secret" > "$work/out" 2> "$work/err" << 'END' || note "the prompt on a terminal"
import os, pty, select, sys, termios, time
program, secret = sys.argv[1:]

def session(keys):
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    pid = os.fork()
    if pid == 0:
        os.login_tty(slave) if hasattr(os, "login_tty") else pty_login(slave)
        os.execv(program, [program, "proxy", "set", "--user", "asked"])
    shown, sent, deadline = b"", False, time.time() + 20
    while time.time() < deadline:
        if select.select([master], [], [], 0.05)[0]:
            shown += os.read(master, 4096)
        if not sent and b"proxy: " in shown and not termios.tcgetattr(slave)[3] & termios.ECHO:
            os.write(master, keys)
            sent = True
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
    else:
        os.kill(pid, 9)
        sys.exit("no end: %r" % shown)
    while select.select([master], [], [], 0.05)[0]:
        shown += os.read(master, 4096)
    assert termios.tcgetattr(slave) == before, "the terminal is not as it was"
    assert secret.encode() not in shown, "the password was echoed"
    return os.waitstatus_to_exitcode(status), shown

def pty_login(slave):
    import fcntl
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in 0, 1, 2:
        os.dup2(slave, fd)

code, shown = session(b"\x03")
assert code == 130, (code, shown)
code, shown = session(b"\n")
assert code == 2, (code, shown)
code, shown = session(secret.encode() + b"x\x7f\n")
assert code == 0, (code, shown)
END
[ "$(cat "$work/state/proxy.password")" = "$secret" ] || note "the password that was typed is another"
# Another user does not inherit the password; the same one keeps it.
run 0 proxy set --user asked; [ -s "$work/state/proxy.password" ] || note "the password was lost"
run 0 proxy set --user other; says 'No password is set for other'
[ ! -e "$work/state/proxy.password" ] || note "the password went to another user"
printf '%s' "$secret" > "$work/password"
run 0 proxy set --user me --password-file "$work/password"
chmod 644 "$work/state/proxy.password"
run 77 proxy show; says 'chmod 600'
chmod 600 "$work/state/proxy.password"
run 0 proxy set --user ''
[ ! -e "$work/state/proxy.password" ] || note "the password outlived its user"
run 0 proxy set --user me --password-file "$work/password"
run 0 proxy clear
[ ! -e "$work/state/proxy.password" ] || note "the password outlived the proxy"
grep -Eq 'host|port|user|enabled' "$conf" && note "clear left something"
run 2 proxy show --host h
run 2 proxy frob
run 0 proxy --help; says '--password-file F'

grep -rF "$secret" "$work/all" "$conf" && note "the password was shown"
exit $fail
