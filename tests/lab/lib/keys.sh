# Keys made once, and the files that tell svarm and ssh about the nodes.
# shellcheck shell=bash

keys_ensure() {
	local n

	[[ -f $LAB_DIR/id_ed25519 ]] || ssh-keygen -q -t ed25519 -N '' -C svarm-lab -f "$LAB_DIR/id_ed25519"
	mkdir -p "$LAB_DIR/hostkeys"
	for n in "${LAB_NODES[@]}"; do
		[[ -f $LAB_DIR/hostkeys/lab-$n ]] ||
			ssh-keygen -q -t ed25519 -N '' -C "lab-$n" -f "$LAB_DIR/hostkeys/lab-$n"
	done
}

keys_pin() { # N: the node's host key as cluster.yaml pins it
	ssh-keygen -lf "$LAB_DIR/hostkeys/lab-$1.pub" | cut -d' ' -f2
}

keys_write_cluster() {
	local roles=('' 'manager, ingress' 'worker' 'worker, database') n

	{
		printf 'cluster: lab\nssh: {user: ubuntu, identity: id_ed25519}\nnodes:\n'
		for n in "${LAB_NODES[@]}"; do
			printf '  - {name: lab-%s, address: %s.1%s, private: %s.1%s, roles: [%s], host_key: "%s"}\n' \
				"$n" "$LAB_PUBLIC" "$n" "$LAB_PRIVATE" "$n" "${roles[n]}" "$(keys_pin "$n")"
		done
		cat "$LAB_SRC/cluster.tail.yaml"
	} >"$LAB_DIR/cluster.yaml.tmp"
	if cmp -s "$LAB_DIR/cluster.yaml.tmp" "$LAB_DIR/cluster.yaml"; then
		rm "$LAB_DIR/cluster.yaml.tmp"
	else
		mv "$LAB_DIR/cluster.yaml.tmp" "$LAB_DIR/cluster.yaml"
	fi
}

keys_write_ssh() {
	local n

	for n in "${LAB_NODES[@]}"; do
		printf 'lab-%s,%s.1%s %s\n' "$n" "$LAB_PUBLIC" "$n" \
			"$(cut -d' ' -f1,2 "$LAB_DIR/hostkeys/lab-$n.pub")"
	done >"$LAB_DIR/known_hosts"
	{
		for n in "${LAB_NODES[@]}"; do
			printf 'Host lab-%s\n\tHostName %s.1%s\n' "$n" "$LAB_PUBLIC" "$n"
		done
		printf 'Host lab-*\n\tUser root\n\tIdentityFile "%s"\n\tIdentitiesOnly yes\n' "$LAB_DIR/id_ed25519"
		printf '\tUserKnownHostsFile "%s"\n\tGlobalKnownHostsFile /dev/null\n' "$LAB_DIR/known_hosts"
		printf '\tStrictHostKeyChecking yes\n\tConnectTimeout 5\n\tLogLevel ERROR\n'
	} >"$LAB_DIR/ssh_config"
}

# Run through sudo, the lab still belongs to who called it: svarm itself runs as that user.
keys_give_to_caller() {
	[[ -n ${SUDO_UID:-} ]] || return 0
	chown "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$LAB_REPO/build" "$LAB_DIR" "$LAB_DIR"/id_ed25519* \
		"$LAB_DIR"/{cluster.yaml,ssh_config,known_hosts}
}
