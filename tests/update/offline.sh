#!/bin/bash
# The offline update: from a path, a pipe and standard input; what is refused; what stays; history, rollback, diff.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
need python3

feed=$work/feed
bundle=$work/posture-offline.zip
build() { rm -rf "$feed"; sample_feed "$feed" "$1" && pc bundle build "$feed" -o "$bundle" >/dev/null; }
current() { readlink "$state/current"; }
finished() { python3 -c '
import json,sys
last=[json.loads(l) for l in open(sys.argv[1])][-1]
assert last["event"]=="update.finished", last
sys.exit(0 if eval(sys.argv[2],{},last) else 1)' "$work/out" "$1"; }

# --- the first update
ok "a bundle can be built" build 2026.11.20.1
run 0 --json update --offline "$bundle"
ok "it says that it updated" finished 'status == "updated" and cause is None'
ok "the content is there" grep -q "check 2026.11.20.1" "$state/current/components/cisco-conditions/checks/pc_one.xml"
ok "the log has the line that people search for" grep -q "Starting opswat download" "$state/log/ise-psc.log"
ok "and the other" grep -q "Completed opswat download" "$state/log/ise-psc.log"
ok "and one for each file" grep -q "Offline download file URI : .*osgroupsV2.tar.gz" "$state/log/ise-psc.log"
ok "phases come in their order" python3 -c '
import json,sys
phases=[json.loads(l)["phase"] for l in open(sys.argv[1]) if "update.phase" in l]
assert phases==[p for p in ("manifest","download","stage","verify","commit") if p in phases] or \
       phases==[p for p in ("manifest","download","verify","stage","commit") if p in phases], phases' "$work/out"
ok "defaults are made" test -e "$state/defaults/policies/default.xml"
first=$(current)

# --- the same again
run 0 --json update --offline "$bundle"
ok "the same bundle is up to date" finished 'status == "up-to-date"'
ok "nothing was switched" test "$(current)" = "$first"
run 0 --json update --offline "$bundle" --force
ok "--force installs it again" finished 'status == "updated"'
ok "all of it anew" test "$(stat -c %i "$state/current/components/os-groups/osgroups.xml")" != \
	"$(stat -c %i "$state/previous/components/os-groups/osgroups.xml")"

# --- a newer one
rm -rf "$state/defaults"
build 2026.11.21.1
run 0 update --offline "$bundle"
ok "the new content is current" grep -q "check 2026.11.21.1" "$state/current/components/cisco-conditions/checks/pc_one.xml"
ok "an unchanged component is the same file on disk" test \
	"$(stat -c %i "$state/current/components/os-groups/osgroups.xml")" = \
	"$(stat -c %i "$state/previous/components/os-groups/osgroups.xml")"
ok "defaults that were deleted are never made again" test ! -e "$state/defaults/policies"

component "$feed" defaults.tar.gz policies/default.xml=other
pc feed build "$feed" --version 2026.11.21.2 >/dev/null && pc bundle build "$feed" -o "$bundle" >/dev/null
run 0 update --offline "$bundle"
ok "and stay what they were in the content" grep -qx policy "$state/current/components/defaults/policies/default.xml"

# --- the same number: one that does not say when it was published is not older
sed -i -E 's/ published="[^"]*"//' "$feed/posture-update.xml"
(cd "$feed" && zip -q -0 "$work/unpublished.zip" ./*)
run 0 --json update --offline "$work/unpublished.zip"
ok "the same version without a time is taken" finished 'status == "updated"'
run 0 --json update --offline "$bundle"
ok "and after it the one with a time" finished 'status == "updated"'

# --- older, expired, future
build 2026.11.19.1
run 65 --json update --offline "$bundle"
ok "an older bundle is refused by name" finished 'status == "failed" and cause == "feed-older-than-installed"'
run 0 --json update --offline "$bundle" --allow-downgrade
ok "--allow-downgrade takes it" finished 'status == "updated"'
rm -rf "$feed"
sample_feed "$feed" 2026.11.22.1
sed -i -E 's/ expires="[^"]*"/ expires="2020-01-01T00:00:00Z"/; s/ published="[^"]*"/ published="2019-01-01T00:00:00Z"/' \
	"$feed/posture-update.xml"
(cd "$feed" && zip -q -0 "$work/expired.zip" ./*)
run 65 --json update --offline "$work/expired.zip"
ok "an expired bundle is named" finished 'cause == "feed-expired"'
sed -i -E 's/ expires="[^"]*"//; s/ published="[^"]*"/ published="2090-01-01T00:00:00Z"/' "$feed/posture-update.xml"
(cd "$feed" && zip -q -0 "$work/future.zip" ./*)
run 65 --json update --offline "$work/future.zip"
ok "a bundle from the future is named" finished 'cause == "feed-from-future"'

ahead() { date -u -d "+$1 hours" +%Y-%m-%dT%H:%M:%SZ; }
sed -i -E "s/ published=\"[^\"]*\"/ published=\"$(ahead 25)\"/" "$feed/posture-update.xml"
(cd "$feed" && zip -q -0 "$work/ahead.zip" ./*)
run 65 --json update --offline "$work/ahead.zip"
ok "more than a day ahead is the future" finished 'cause == "feed-from-future"'
rm "$work/ahead.zip"
sed -i -E "s/ published=\"[^\"]*\"/ published=\"$(ahead 23)\"/" "$feed/posture-update.xml"
(cd "$feed" && zip -q -0 "$work/ahead.zip" ./*)
run 0 --json update --offline "$work/ahead.zip"
ok "less is a clock that goes otherwise" finished 'status == "updated"'

# --- going back, comparing, remembering
before=$(current)
run 0 rollback
ok "rollback goes to the previous generation" test "$(current)" != "$before"
run 0 --json history
ok "history tells every update" json "$work/out" 'len([x for x in d if x["status"] == "updated" and x["action"] == "update"]) == 8'
ok "and every failure with its cause" json "$work/out" 'sum(x.get("cause") == "feed-expired" for x in d) == 1'
run 0 --json diff
ok "diff tells the component that changed" json "$work/out" \
	'any(r["id"] == "cisco-conditions" and r["files_changed"] == 1 for r in d["components"])'
run 0 diff
ok "components with the same title are told apart" grep -q "^Cisco supported OS (os-groups-v2) " "$work/out"
run 0 --json status
ok "status tells the versions" json "$work/out" 'any(c["id"] == "os-groups" for c in d["components"])'

# --- other ways in
build 2026.11.23.1
run 0 update --offline <(cat "$bundle")
build 2026.11.23.2
run 0 --json update --offline - <"$bundle"
ok "a bundle from standard input" finished 'status == "updated"'
# Looking into one from a pipe, too, and being told to stop while nothing comes: no folder stays behind.
mkdir "$work/tmp"
export TMPDIR=$work/tmp
for verb in verify list; do
	run 0 bundle $verb <(cat "$bundle")
	ok "bundle $verb from a pipe" grep -q "2026.11.23.2" "$work/out"
	run 0 bundle $verb - <"$bundle"
	ok "bundle $verb from standard input" grep -q "2026.11.23.2" "$work/out"
	mkfifo "$work/fifo"
	exec 9<>"$work/fifo"
	"$program" --config "$config" --state-dir "$state" bundle $verb - <&9 >"$work/out" 2>"$work/err" &
	looking=$!
	for _ in $(seq 100); do [ -n "$(ls "$work/tmp")" ] && break; sleep 0.05; done
	kill -TERM $looking
	rc=0; wait $looking || rc=$?
	ok "bundle $verb is stopped ($rc)" test "$rc" = 130
	exec 9>&-
	rm "$work/fifo"
	ok "bundle $verb leaves nothing behind" test -z "$(ls "$work/tmp")"
done
unset TMPDIR
# A pipe in which nothing comes: a stop ends the wait for it.
mkfifo "$work/fifo"
exec 9<>"$work/fifo"
ls "$state/jobs" >"$work/before"
pc update --offline - <&9 >"$work/out" 2>"$work/err" &
waiting=$!
job() { ls "$state/jobs" | grep -vxFf "$work/before"; }
for _ in $(seq 100); do grep -q update.started "$state/jobs/$(job)" 2>/dev/null && break; sleep 0.05; done
sleep 0.3
kill -TERM "$(job | sed 's/.*-\([0-9]*\)[.]jsonl/\1/')"
( sleep 10; kill -9 "$waiting" ) 2>/dev/null &
watchdog=$!
rc=0; wait "$waiting" || rc=$?
kill "$watchdog" 2>/dev/null
ok "a stop ends the wait for a pipe ($rc)" test "$rc" = 130
exec 9>&-
run 65 --json update --offline "$work/nothing.zip"
ok "a bundle that is not there is named" finished 'cause == "bundle-not-found"'
echo "this is not a zip" >"$work/text.zip"
run 65 --json update --offline "$work/text.zip"
ok "a file that is no zip is named" finished 'cause == "bundle-not-zip"'
# The checks afterwards look at the feed's address too, here one that cannot be written for the DNS in this locale.
run 0 config set source.feed_url https://bücher.example/posture-update.xml
LC_ALL=C run 65 --json update --offline "$work/text.zip"
ok "also where the feed's address cannot be used" finished 'cause == "bundle-not-zip"'
run 0 config set source.feed_url --default
build 2026.11.23.3
rm "$feed"/posture-update.xml*
rm -f "$work/plain.zip"
(cd "$feed" && zip -q "$work/plain.zip" osgroups.tar.gz osgroupsV2.tar.gz)
run 0 --json update --offline "$work/plain.zip" --allow-downgrade
ok "a zip without a manifest is taken with a warning" finished '"bundle-no-manifest" in also and status == "updated"'
run 0 config set source.signature required
build 2026.11.23.4
run 65 --json update --offline "$bundle"
ok "without a signature where one is required" finished 'cause == "feed-signature-missing"'

# --- a damaged component never becomes current
run 0 config set source.signature if-present
build 2026.11.24.1
before=$(current)
component "$feed" conditions.tar.gz checks/pc_one.xml="something else"
rm -f "$work/damaged.zip"
(cd "$feed" && zip -q -0 "$work/damaged.zip" ./*)
run 65 --json update --offline "$work/damaged.zip"
ok "a component with another hash is named" finished 'cause == "feed-hash-mismatch"'
ok "and what is installed stays" test "$(current)" = "$before"
ok "nothing is left in staging" test -z "$(find "$state/staging" -mindepth 1 ! -path "$state/staging/parts")"

# --- what a bundle that is refused, or an address that is none, makes one read
python3 - "$state/last-good.json" <<'PY'
import json, sys
json.dump({"feed": "https://was.example/x", "time": "2026-01-01T00:00:00Z"}, open(sys.argv[1], "w"))
PY
run 65 --json update --offline "$work/text.zip"
ok "what changed in the network is not told beside a bundle that is no zip" json "$work/out" \
	'[e for e in d if e["event"] == "verdict"][0].get("changed", []) == []'
run 69 --json update --offline ftp://127.0.0.1:1/posture-offline.zip
ok "the letter for a bundle's server names that, and no feed that was not asked" json "$work/out" \
	'(lambda v: "127.0.0.1:1" in v["letter"] and "Target:" not in v["letter"] and "find nothing wrong" not in v["letter"] and
	 "www.cisco.com" not in json.dumps(v["path"]))([e for e in d if e["event"] == "verdict"][0])'
for url in gopher://x/y.zip http://x/y.zip; do
	run 2 --json update --offline $url
	ok "$url is refused by name" grep -q "cannot be fetched from $url" "$work/err"
	ok "$url: and what can be given instead" json "$work/out" '"https, sftp, scp or ftp" in d["next"]'
done
finish
