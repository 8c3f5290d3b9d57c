#!/bin/sh
# make_bundles.sh PROGRAM DIR - three small bundles for the scripts: 2026.11.1.1, 2026.11.8.1 and 2026.11.20.1, and a broken one.
# Their files are always the same.
set -eu
program=$1 dir=$2
mkdir -p "$dir/older"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
component() {
	file=$1
	mkdir -p "$work/tree/checks"
	printf '%s\n' "$2" >"$work/tree/checks/one.xml"
	[ -z "${3:-}" ] || printf '%s\n' "$3" >"$work/tree/checks/two.xml"
	tar -C "$work/tree" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf "$work/tar" .
	gzip -n <"$work/tar" >"$work/feed/$file"
	rm -rf "$work/tree"
}
for version in 2026.11.1.1 2026.11.8.1 2026.11.20.1; do
	rm -rf "$work/feed"
	mkdir "$work/feed"
	component conditions.tar.gz "check $version" "$([ $version = 2026.11.1.1 ] || echo more)"
	component avas-chart-windows.tar.gz "windows $version"
	component avas-chart-macos.tar.gz "macos"
	component osgroups.tar.gz "groups"
	component defaults.tar.gz "policy"
	"$program" --config "$work/c" --state-dir "$work/s" --quiet feed build "$work/feed" --version "$version"
	"$program" --config "$work/c" --state-dir "$work/s" --quiet bundle build "$work/feed" -o "$dir/posture-offline-$version.zip"
done
mv "$dir/posture-offline-2026.11.1.1.zip" "$dir/older/"
head -c 700 "$dir/posture-offline-2026.11.20.1.zip" >"$dir/older/broken.zip"
touch -d 2026-11-08T10:00:00 "$dir/posture-offline-2026.11.8.1.zip" "$dir/older"/*
touch -d 2026-11-20T10:00:00 "$dir/posture-offline-2026.11.20.1.zip"
