# A control group per node and hierarchy, so that a node's systemd and dockerd manage a tree of
# their own and one kill finds everything.
#
# On a cgroup v1 (or hybrid) host the groups are made at the top of each hierarchy.  On a v2 host the
# tree belongs to systemd: there the node is a transient unit with Delegate=yes, see node_launch().
# The v2 branch follows the documentation; it has not run on a v2 host yet.
# shellcheck shell=bash

cgroup_is_v2() {
	[[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]]
}

# A v2 host whose systemd gives out delegated groups.
cgroup_by_systemd() {
	cgroup_is_v2 && [[ -d /run/systemd/system ]]
}

# Every hierarchy's mount point; one link per line such as cpu -> cpu,cpuacct is followed once.
cgroup_hierarchies() {
	local dir

	if cgroup_is_v2; then
		echo /sys/fs/cgroup
		return
	fi
	for dir in /sys/fs/cgroup/*; do
		[[ -h $dir || ! -w $dir/cgroup.procs ]] || echo "$dir"
	done
}

cgroup_make() { # N
	local top group controller

	cgroup_by_systemd && return
	while read -r top; do
		group=$top/$(machine "$1")
		mkdir -p "$group"
		if [[ -e $group/cpuset.cpus && ! -e $top/cgroup.controllers ]]; then
			cat "$top/cpuset.cpus" >"$group/cpuset.cpus"
			cat "$top/cpuset.mems" >"$group/cpuset.mems"
		fi
		# shellcheck disable=SC2013 # one line of words
		for controller in $(cat "$top/cgroup.controllers" 2>/dev/null); do
			echo "+$controller" >"$top/cgroup.subtree_control" 2>/dev/null || true
		done
	done < <(cgroup_hierarchies)
}

cgroup_enter() { # N PID
	local top

	cgroup_by_systemd && return
	while read -r top; do
		echo "$2" >"$top/$(machine "$1")/cgroup.procs"
	done < <(cgroup_hierarchies)
}

cgroup_remove() { # N
	local top group

	while read -r top; do
		group=$top/$(machine "$1")
		[[ ! -d $group ]] || wait_for 5 find "$group" -depth -type d -exec rmdir '{}' + ||
			say "$group does not go away"
	done < <(cgroup_hierarchies)
}
