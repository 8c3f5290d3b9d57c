#!/bin/bash
# Twenty of the real program at once on one state folder and one settings file: updates, rollbacks, mirrors' and people's looks,
# settings, certificates, some of them killed. One update at a time, the others are told by whom; no file is ever torn; no setting
# and no certificate that was said to be saved is lost; in the end everything is sound.
#
# CROWD_MS is how long (6000 by default).
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
need python3 openssl
ms=${CROWD_MS:-6000}
for v in 1 2 3; do
	sample_feed "$work/feed$v" "2026.11.2$v.1"
	pc bundle build "$work/feed$v" -o "$work/$v.zip" >/dev/null
done
for i in 1 2 3 4; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/key" -out "$work/c$i.pem" -days 30 \
		-subj "/CN=crowd $i" -addext basicConstraints=critical,CA:true 2>/dev/null
done
# Two, so that there is something to go back to from the first moment.
pc update --offline "$work/1.zip" >/dev/null 2>&1
pc update --offline "$work/2.zip" >/dev/null 2>&1
cat >"$work/crowd.py" <<'PY'
import json, os, random, signal, subprocess, sys, threading, time
program, config, state, work, ms = sys.argv[1:5] + [int(sys.argv[5])]
end = time.monotonic() + ms / 1000
base = [program, "--config", config, "--state-dir", state]
problems, counts, lock = [], {}, threading.Lock()

def count(what):
    with lock:
        counts[what] = counts.get(what, 0) + 1

def problem(text):
    with lock:
        problems.append(text)

def run(*words, allowed):
    done = subprocess.run(base + list(words), capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    if done.returncode not in allowed:
        problem("%s ended with %d: %s" % (" ".join(words), done.returncode, (done.stdout + done.stderr)[-400:]))
    return done

def updater(i):
    while time.monotonic() < end:
        v = random.randint(1, 3)
        done = run("--json", "update", "--offline", "%s/%d.zip" % (work, v), "--force", "--allow-downgrade", allowed=(0, 1, 75))
        # Who holds the lock when somebody is killed may be this one: it must say so, and nothing else may fail.
        if done.returncode == 1 and "ended by signal 9" in done.stdout + done.stderr:
            count("others that were killed")
        elif done.returncode == 1:
            problem("an update failed: %s" % (done.stdout + done.stderr)[-400:])
        else:
            count("updated" if done.returncode == 0 else "told to wait")

def rollbacker(i):
    while time.monotonic() < end:
        code = run("rollback", allowed=(0, 75, -signal.SIGKILL)).returncode
        count({0: "rolled back", 75: "told to wait", -signal.SIGKILL: "others that were killed"}.get(code, "failed"))
        time.sleep(0.05)

def looker(i):
    while time.monotonic() < end:
        status = json.loads(run("--json", "status", allowed=(0,)).stdout)
        if status.get("version") not in ("2026.11.21.1", "2026.11.22.1", "2026.11.23.1"):
            problem("status shows the version %s" % status.get("version"))
        json.loads(run("--json", "history", allowed=(0,)).stdout)
        json.loads(run("--json", "certs", "list", allowed=(0,)).stdout)
        json.loads(run("--json", "config", "list", allowed=(0,)).stdout)
        count("looks")

# Each setter has a setting of its own: what it saved last must be there, whatever the others saved.
keys = ("schedule.every_hours", "time.max_offset_ms", "hook.timeout_s", "proxy.port")
saved = {}

def setter(i):
    n = 0
    while time.monotonic() < end:
        n += 1
        value = str(100 + n % 700)
        run("config", "set", keys[i], value, allowed=(0,))
        saved[keys[i]] = value
        seen = run("config", "get", keys[i], allowed=(0,)).stdout.strip()
        if seen.split("=")[-1].strip() != value:
            problem("%s was saved as %s, and is %s" % (keys[i], value, seen))
        count("settings saved")

def importer(i):
    name = "crowd-%d" % (i + 1)
    while time.monotonic() < end:
        run("certs", "import", "%s/c%d.pem" % (work, i + 1), "--name", name, "--usage", "infrastructure", allowed=(0,))
        names = [c["name"] for c in json.loads(run("--json", "certs", "list", allowed=(0,)).stdout)]
        if name not in names:
            problem("%s was imported and is gone" % name)
        run("certs", "trust", name, "cisco-services", allowed=(0,))
        run("certs", "remove", name, allowed=(0,))
        count("certificates")
    run("certs", "import", "%s/c%d.pem" % (work, i + 1), "--name", name, "--usage", "infrastructure", allowed=(0,))

def murderer(i):
    while time.monotonic() < end:
        p = subprocess.Popen(base + ["update", "--offline", "%s/2.zip" % work, "--force", "--allow-downgrade"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.random() * 0.2)
        running = json.loads(run("--json", "status", allowed=(0,)).stdout).get("running")
        if running and random.random() < 0.5:
            try:
                os.kill(running["pid"], signal.SIGKILL)
                count("killed")
            except ProcessLookupError:
                pass
        p.wait()

roles = [updater] * 5 + [rollbacker] * 2 + [looker] * 4 + [setter] * 4 + [importer] * 4 + [murderer]
index, threads = {}, []
for role in roles:
    i = index.get(role, 0)
    index[role] = i + 1

    def guarded(role=role, i=i):
        try:
            role(i)
        except Exception as e:
            problem("%s: %r" % (role.__name__, e))
    threads.append(threading.Thread(target=guarded))
for t in threads:
    t.start()
for t in threads:
    t.join()
if counts.get("others that were killed", 0) > counts.get("killed", 0):
    problem("more were ended by a signal than were killed")
for key, value in saved.items():
    seen = run("config", "get", key, allowed=(0,)).stdout.strip()
    if seen.split("=")[-1].strip() != value:
        problem("in the end %s is %s, and %s was saved" % (key, seen, value))
print("20 at once: " + ", ".join("%d %s" % (n, w) for w, n in sorted(counts.items())))
for p in problems[:10]:
    print("PROBLEM: " + p[:700])
sys.exit(bool(problems) or counts.get("updated", 0) == 0 or counts.get("settings saved", 0) == 0)
PY
ok "nothing is torn and nothing is lost" python3 "$work/crowd.py" "$program" "$config" "$state" "$work" "$ms"
run 0 --json update --offline "$work/3.zip" --force --allow-downgrade
ok "and the next update completes" grep -q "check 2026.11.23.1" "$state/current/components/cisco-conditions/checks/pc_one.xml"
ok "the history is whole" python3 -c '
import json,sys
[json.loads(line) for line in open(sys.argv[1])]' "$state/history.jsonl"
ok "nothing is left in staging" test -z "$(find "$state/staging" -mindepth 1 ! -name parts)"
run 0 --json certs list
ok "each certificate that was imported last is there" json "$work/out" \
	'all(any(c["name"] == "crowd-%d" % i for c in d) for i in (1, 2, 3, 4))'
finish
