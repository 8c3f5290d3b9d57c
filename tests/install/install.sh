#!/bin/bash
# make install puts everything below the prefix where it belongs, and make uninstall takes all of it away again.
. "$top_srcdir/tests/lib/common.sh"
need make

root=$work/root
# The recursive make of a test run must not hand its options down to this one.
unset MAKEFLAGS MFLAGS MAKELEVEL
prefix=$(sed -n 's/^prefix = //p' "$top_builddir/Makefile")
make -s -C "$top_builddir" install DESTDIR="$root" >"$work/out" 2>"$work/err" || { cat "$work/err"; echo "make install fails"; exit 1; }
have() { [ -e "$root$prefix/$1" ]; }
for f in bin/posture-console share/posture-console/sample/posture-offline.zip \
	share/man/man1/posture-console.1 share/man/man5/posture-console.conf.5 share/man/man7/posture-findings.7 \
	share/doc/posture-console/README share/doc/posture-console/operators-guide.md \
	lib/systemd/system/posture-console.service lib/systemd/system/posture-console.timer \
	share/systemd/user/posture-console.service share/systemd/user/posture-console.timer \
	share/bash-completion/completions/posture-console share/zsh/site-functions/_posture-console \
	share/fish/vendor_completions.d/posture-console.fish; do
	ok "$f is installed" have "$f"
done
ok "nothing is installed outside of the prefix" test -z "$(find "$root" ! -type d ! -path "$root$prefix/*")"
ok "the unit names the installed program" grep -q "^ExecStart=$prefix/bin/posture-console " \
	"$root$prefix/lib/systemd/system/posture-console.service"
# It runs from there, with the sample that was installed.
state=$work/s
program=$root$prefix/bin/posture-console
run 0 update --offline "$root$prefix/share/posture-console/sample/posture-offline.zip"

make -s -C "$top_builddir" uninstall DESTDIR="$root" >"$work/out" 2>"$work/err" || { cat "$work/err"; echo "make uninstall fails"; exit 1; }
left=$(find "$root" ! -type d)
ok "no file is left: $left" test -z "$left"
left=$(find "$root" -type d -name '*posture*')
ok "no folder of ours is left: $left" test -z "$left"
finish
