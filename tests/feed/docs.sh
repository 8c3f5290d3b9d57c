#!/bin/bash
# posture-feed(5) is that of the table of attributes as it is now, and well formed; and its example and its requirements are
# what the parser takes.
. "$top_srcdir/tests/lib/common.sh"
page=$top_srcdir/doc/posture-feed.5

LC_ALL=C "$top_builddir/doc/gen-feed" >"$work/page"
ok "doc/posture-feed.5 is fresh (make update-docs)" diff -q "$page" "$work/page"
if command -v mandoc >/dev/null; then
	# A page outside a man tree has no cross reference to be found.
	ok "the page is well formed" sh -c "! mandoc -T lint $page | grep -v 'referenced manual not found'"
fi

# Each attribute that the page calls required is required, each optional one may be left out.
mkdir "$work/feed" && echo data >"$work/feed/extra.bin"
write() {
	printf '<posture-update version="1.2" published="2026-01-01T00:00:00Z" expires="2099-01-01T00:00:00Z"><component id="extra" title="Extra" version="1" href="extra.bin" size="5" sha256="%s" once="false"/></posture-update>' \
		"$(sha256sum <"$work/feed/extra.bin" | cut -d' ' -f1)" | sed "$1" >"$work/feed/posture-update.xml"
	(cd "$work/feed" && rm -f ../b.zip && zip -q ../b.zip posture-update.xml extra.bin)
}
need zip
write ""
run 0 bundle verify "$work/b.zip"
element=
while read -r macro first second third; do
	case "$macro $first" in
	".Ss The") element=$third ;;
	".It Li")
		case $third in
		Pq*required*) want=65 ;;
		Pq*optional*) want=0 ;;
		*) continue ;;
		esac
		if [ "$element" = component ]; then at='<component'; else at='<posture-update'; fi
		write "s/\(${at}[^>]*\) $second=\"[^\"]*\"/\1/"
		run $want bundle verify "$work/b.zip"
		seen="${seen:-} $second" ;;
	esac
done <"$page"
ok "all were tried" test "$(echo $seen | wc -w)" = 10
finish
