# Names, places and messages that every part of the lab shares.
# shellcheck shell=bash disable=SC2034

LAB_NODES=(1 2 3)
LAB_PUBLIC=10.77.0   # .1 is this machine, .11 .12 .13 are the nodes
LAB_PRIVATE=10.88.0  # the nodes only
LAB_DNS=$LAB_PUBLIC.53
# Another name, in a network namespace of one's own, makes a second lab: see README.md.
LAB_NAME=${SVARM_LAB_NAME:-svlab}
LAB_HUB=$LAB_NAME    # network namespace with the two bridges
LAB_LEG=${LAB_NAME}0 # this machine's one interface in the lab

LAB_SRC=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
LAB_REPO=$(dirname "$(dirname "$LAB_SRC")")
LAB_DIR=$LAB_REPO/build/lab
LAB_CACHE=${SVARM_LAB_CACHE:-${XDG_CACHE_HOME:-/var/cache}/svarm-lab}
LAB_LOCK=/run/lock/svarm-lab-$LAB_NAME.lock

say() {
	printf 'lab: %s\n' "$*" >&2
}

die() {
	say "$*"
	exit 3
}

machine() { # N: the name nspawn knows the node by; unique on this machine
	echo "$LAB_NAME-$1"
}

node_dir() {
	echo "$LAB_DIR/node-$1"
}

# Words of a list file, without its comments.
list() {
	sed 's/#.*//' "$1" | xargs
}

# wait_for SECONDS COMMAND...: until the command succeeds; its output is dropped.
wait_for() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))

	shift
	until "$@" >/dev/null 2>&1; do
		((${EPOCHREALTIME/./} < end)) || return 1
		sleep 0.05
	done
}
