# feed.sh - small feeds for the tests. Source after common.sh.
#
#   component DIR FILE MEMBER=CONTENT...   makes a tar.gz in DIR with those files
#   sample_feed DIR VERSION                a feed of four components and the defaults, not signed
component() {
	local dir=$1 file=$2 tree pair
	shift 2
	tree=$(mktemp -d -p "$work")
	for pair in "$@"; do
		mkdir -p "$tree/$(dirname "${pair%%=*}")"
		printf '%s\n' "${pair#*=}" >"$tree/${pair%%=*}"
	done
	mkdir -p "$dir"
	tar -C "$tree" --sort=name --owner=0 --group=0 --mtime=@0 -czf "$dir/$file" .
	rm -rf "$tree"
}

sample_feed() {
	local dir=$1 version=$2
	component "$dir" conditions.tar.gz checks/pc_one.xml="check $version" checks/pc_two.xml=two rules/pr_one.xml=rule
	component "$dir" osgroups.tar.gz osgroups.xml="os groups"
	component "$dir" osgroupsV2.tar.gz osgroups.xml="os groups v2"
	component "$dir" defaults.tar.gz policies/default.xml=policy requirements/default.xml=requirement
	pc feed build "$dir" --version "$version" >/dev/null
}
