#!/bin/bash
# Whatever the umask: nobody else can write to anything that the program makes, what is private is only the owner's, and the
# content can be read with umask 077 as with 000. A state folder that others can write to is not used.
. "$top_srcdir/tests/lib/common.sh"
. "$top_srcdir/tests/lib/feed.sh"
sample_feed "$work/feed" 2026.11.20.1
pc bundle build "$work/feed" -o "$work/bundle.zip" >/dev/null
for mask in 000 077; do
	umask $mask
	state=$work/state.$mask config=$work/config.$mask
	run 0 certs list
	printf 'a-password\n' >"$work/password"
	run 0 proxy set --host proxy.test --port 8080 --user operator --password-file "$work/password"
	run 0 update --offline "$work/bundle.zip"
	ok "umask $mask: nobody else can write" test -z "$(find "$state" "$config" ! -type l -perm /022)"
	ok "umask $mask: what is private is" test -z "$(find "$state/trust" "$state/staging" "$state/proxy.password" "$config" -maxdepth 0 -perm /077)"
	ok "umask $mask: the content can be read" test -z "$(find "$state/content"/* ! -perm -444)"
done
umask 022
ok "both make the same modes" sh -c "
	modes() { cd \"\$1\" && find content defaults trust jobs log staging -printf '%m %y\\n' | sort | uniq -c; }
	test \"\$(modes '$work/state.000')\" = \"\$(modes '$work/state.077')\""
for folder in . content staging trust jobs log; do
	chmod o+w "$state/$folder"
	run 77 update --offline "$work/bundle.zip" --force
	ok "a $folder that others can write to is not used" grep -q 'others can write' "$work/err"
	chmod o-w "$state/$folder"
done
chmod g+w "$state"
run 77 proxy set --user operator --password-file "$work/password"
ok "nor is a password put there" grep -q 'others can write' "$work/err"
chmod g-w "$state"
run 0 update --offline "$work/bundle.zip" --force
mkdir "$work/above" && cp -a "$state" "$work/above/state"
own=$state state=$work/above/state
chmod 777 "$work/above"
run 77 update --offline "$work/bundle.zip" --force
ok "nor one that others can put aside" grep -q 'others can write to the folder above' "$work/err"
run 77 --json status
for mode in 1777 775; do
	chmod $mode "$work/above"
	run 0 update --offline "$work/bundle.zip" --force
done
state=$own
finish
