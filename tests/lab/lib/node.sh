# One node: its disk (an overlay over the image, plain directories for docker), its boot, its end.
# shellcheck shell=bash

# ---- which processes are a node's -----------------------------------------------------------

node_is_nspawn() { # N PID
	local words

	words=$(tr '\0' ' ' 2>/dev/null <"/proc/$2/cmdline") &&
		[[ " $words" == *[\ /]systemd-nspawn\ *" --machine=$(machine "$1") "* ]]
}

# The nspawn process as the pid file has it, provided that it still is the one.
node_pid() { # N
	local pid

	pid=$(cat "$LAB_DIR/node-$1.pid" 2>/dev/null) && node_is_nspawn "$1" "$pid" && echo "$pid"
}

# Every init (pid 1 in there) whose root is the node's disk.  This finds a node that outlived its
# nspawn or its pid file.
node_inits() { # N
	local file

	# shellcheck disable=SC2013 # paths without blanks
	for file in $(grep -lsE '^NSpid:.*[[:space:]]1$' /proc/[0-9]*/status); do
		! grep -qsE "^[^-]* / / .* - overlay $(machine "$1") " "${file%status}mountinfo" ||
			basename "${file%/status}"
	done
}

node_is_up() { # N
	local pid

	pid=$(node_pid "$1") && [[ -n $(cat "/proc/$pid/task/$pid/children") ]]
}

node_answers() { # N: sshd says hello
	local hello

	# shellcheck disable=SC2016 # expanded by the inner shell
	hello=$(timeout 0.25 bash -c 'exec 3<>"/dev/tcp/$0/22" && read -r line <&3 && echo "$line"' \
		"$LAB_PUBLIC.1$1" 2>/dev/null) && [[ $hello == SSH-* ]]
}

# ---- disk -----------------------------------------------------------------------------------

node_write_identity() { # N ROOT
	local root=$2

	mkdir -p "$root"/{etc/ssh,root/.ssh,home/ubuntu/.ssh}
	chmod 700 "$root/root" "$root/root/.ssh" "$root/home/ubuntu/.ssh"
	printf 'svlab-%s' "$1" | md5sum | cut -d' ' -f1 >"$root/etc/machine-id"
	printf 'lab-%s\n' "$1" >"$root/etc/hostname"
	printf '127.0.0.1 localhost\n127.0.1.1 lab-%s\n::1 localhost ip6-localhost\n' "$1" >"$root/etc/hosts"
	printf 'PUBLIC=%s.1%s\nPRIVATE=%s.1%s\n' "$LAB_PUBLIC" "$1" "$LAB_PRIVATE" "$1" >"$root/etc/lab-node"
	printf 'nameserver %s\n' "$LAB_DNS" >"$root/etc/resolv.conf"
	install -m 600 "$LAB_DIR/hostkeys/lab-$1" "$root/etc/ssh/ssh_host_ed25519_key"
	install -m 644 "$LAB_DIR/hostkeys/lab-$1.pub" "$root/etc/ssh/ssh_host_ed25519_key.pub"
	install -m 600 "$LAB_DIR/id_ed25519.pub" "$root/root/.ssh/authorized_keys"
	install -m 600 "$LAB_DIR/id_ed25519.pub" "$root/home/ubuntu/.ssh/authorized_keys"
	chown -R 1000:1000 "$root/home/ubuntu"
}

# At every boot, as a kernel would: what was set by hand is gone.
node_write_sysctls() { # DIR
	local key

	for key in $(list "$LAB_SRC/sysctls"); do
		cat "/proc/sys/${key//.//}" >"$1/$key" 2>/dev/null || rm -f "$1/$key"
	done
}

# A new disk; the file `made` says that it is complete.
node_make() { # N
	local dir

	dir=$(node_dir "$1")
	if [[ -e $dir/made ]]; then
		[[ ! -d $(cat "$dir/made") ]] || return 0
		say "the image of lab-$1 is gone: it gets a new disk"
	fi
	node_unmount "$1"
	rm -rf --one-file-system "$dir"
	mkdir -p "$dir"/{root,upper,work,docker,containerd,sysctl}
	chmod 755 "$dir/upper"
	node_write_identity "$1" "$dir/upper"
	echo "$LAB_IMAGE" >"$dir/made"
}

node_mount() { # N
	local dir image

	dir=$(node_dir "$1")
	image=$(cat "$dir/made")
	mountpoint -q "$dir/root" ||
		mount -t overlay "$(machine "$1")" \
			-o "lowerdir=$image,upperdir=$dir/upper,workdir=$dir/work" "$dir/root"
}

# Found by what is mounted, not by where: a checkout that moved leaves nothing behind either.
node_unmount() { # N
	local where

	while read -r where; do
		umount "$where" 2>/dev/null || umount -l "$where"
	done < <(awk -v source="$(machine "$1")" '
		{ for (i = 7; $i != "-"; i++); if ($(i + 1) == "overlay" && $(i + 2) == source) print $5 }
		' /proc/self/mountinfo | tac)
}

# ---- life -----------------------------------------------------------------------------------

# Runs nspawn in the node's control group and in the hub, away from our terminal and our lock.
node_launch() { # N PROGRAM...
	local n=$1

	shift
	if cgroup_by_systemd; then
		systemd-run --quiet --collect --unit="$(machine "$n")" --property=Delegate=yes \
			--property=KillMode=mixed --property=TasksMax=infinity \
			--property="StandardOutput=append:$LAB_DIR/node-$n.log" \
			--property="StandardError=append:$LAB_DIR/node-$n.log" \
			nsenter --net="/run/netns/$LAB_HUB" "$@" 9>&-
		systemctl show --property=MainPID --value "$(machine "$n")" >"$LAB_DIR/node-$n.pid"
		return
	fi
	(
		cgroup_enter "$n" "$BASHPID"
		echo "$BASHPID" >"$LAB_DIR/node-$n.pid"
		exec setsid nsenter --net="/run/netns/$LAB_HUB" "$@"
	) </dev/null >>"$LAB_DIR/node-$n.log" 2>&1 9>&- &
}

node_boot() { # N
	local n=$1 dir

	dir=$(node_dir "$n")
	node_write_sysctls "$dir/sysctl"
	node_mount "$n"
	cgroup_make "$n"
	: >"$LAB_DIR/node-$n.log"
	node_launch "$n" systemd-nspawn --quiet --directory="$dir/root" --machine="$(machine "$n")" \
		--hostname="lab-$n" --settings=no --register=no --keep-unit --boot --console=pipe \
		--private-network --network-veth-extra="$LAB_NAME${n}a:eth0" \
		--network-veth-extra="$LAB_NAME${n}b:eth1" --private-users=no --capability=all \
		--system-call-filter='@raw-io bpf keyctl add_key' --link-journal=no --resolv-conf=off \
		--timezone=off --bind="$dir/docker:/var/lib/docker" \
		--bind="$dir/containerd:/var/lib/containerd" --bind="$dir/sysctl:/var/lib/lab-node/sysctl"
	hub_plug "$n" || die "lab-$n did not boot: see $LAB_DIR/node-$n.log"
}

node_is_gone() { # N PID: also when only a zombie is left for pid 1 to reap
	! node_is_nspawn "$1" "$2"
}

# Power off, hard.  Its disk stays.
node_kill() { # N
	local pid init

	for init in $(node_inits "$1"); do
		kill -KILL "$init" 2>/dev/null || true
	done
	for pid in $(pgrep -f -- "--machine=$(machine "$1")( |\$)"); do
		wait_for 1 node_is_gone "$1" "$pid" && continue
		kill -KILL "$pid" 2>/dev/null || true
		wait_for 5 node_is_gone "$1" "$pid" || say "process $pid of lab-$1 does not end"
	done
	! cgroup_by_systemd || systemctl --quiet reset-failed "$(machine "$1")" 2>/dev/null || true
	rm -f "$LAB_DIR/node-$1.pid"
	rmdir "/run/systemd/nspawn/propagate/$(machine "$1")" 2>/dev/null || true
	hub_unplug "$1"
	cgroup_remove "$1"
}

node_erase() { # N
	node_unmount "$1"
	rm -rf --one-file-system "$(node_dir "$1")"
	rm -f "$LAB_DIR/node-$1".{log,pid}
}
