#!/usr/bin/env bash
# What `svarm up` does, as a careful person would script it over parallel ssh: the baseline of the
# benchmark.  Same packages, files, kernel settings, swarm, images, secrets, services; waits where one
# has to wait, and for nothing else.  Usage: by-hand.sh FOLDER, which holds what `svarm render` and
# `make images` made (see tests/bench/converge).
set -euo pipefail
cd "$1"
ssh_options=(-F ../../lab/ssh_config -l ubuntu -o ControlMaster=auto -o ControlPersist=5 -o "ControlPath=/tmp/svarm-by-hand-%n")
on() { # NODE SCRIPT [ARGUMENT…]; standard input goes to the script
	local node=lab-$1 script=$2
	ssh "${ssh_options[@]}" "$node" "sudo sh -c $(printf %q "$script")"
}
prepare() { # NODE PACKAGE…
	local node=$1
	shift
	on "$node" 'mkdir -p /etc/docker && cat >/etc/docker/daemon.json' <"$node/daemon.json"
	on "$node" "DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null &&
		DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $* >/dev/null 2>&1"
	on "$node" 'mkdir -p /etc/svarm && cat >/etc/svarm/firewall.nft' <"$node/firewall.nft"
	on "$node" 'cat >/etc/systemd/system/svarm-firewall.service && systemctl daemon-reload &&
		systemctl enable --now --quiet svarm-firewall' <"$node/svarm-firewall.service"
	on "$node" 'cat >/etc/sysctl.d/90-svarm.conf &&
		sysctl -q -p /etc/sysctl.d/90-svarm.conf' <"$node/90-svarm.conf"
	on "$node" 'systemctl enable --now --quiet docker'
}
load() { # NODE ARCHIVE…
	local node=$1
	shift
	for archive in "$@"; do on "$node" 'docker load -q >/dev/null' <"../../images/$archive.tar.gz"; done
}
join() { # NODE ADDRESS
	until [ -s token ]; do sleep 0.1; done
	on "$1" "read -r token; docker swarm join --token \$token --advertise-addr $2 \
		--data-path-addr $2 --listen-addr $2:2377 10.88.0.11:2377 >/dev/null" <token
}

rm -f token
(
	prepare 1 docker.io nftables nginx
	on 1 'cat >/etc/nginx/nginx.conf && nginx -t -q && systemctl reload nginx' <1/nginx.conf
	on 1 'docker swarm init --advertise-addr 10.88.0.11 --data-path-addr 10.88.0.11 \
		--listen-addr 10.88.0.11:2377 --default-addr-pool 10.201.16.0/20 >/dev/null'
	on 1 'docker swarm join-token -q worker' >token.new && mv token.new token
	load 1 gateway
) &
(
	prepare 2 docker.io nftables
	join 2 10.88.0.12
	load 2 worker echo
) &
(
	prepare 3 docker.io nftables
	join 3 10.88.0.13
	load 3 worker redis echo
) &
wait
on 1 'docker node update --label-add svarm.ingress=true lab-1 >/dev/null
	docker node update --label-add svarm.worker=true lab-2 >/dev/null
	docker node update --label-add svarm.worker=true --label-add svarm.database=true lab-3 >/dev/null'
cat 1/network.sh | on 1 'sh -s >/dev/null'
while read -r name; do
	head -c 32 /dev/urandom | sha256sum | cut -c 1-64 | tr -d '\n' |
		on 1 "docker secret create $name - >/dev/null"
done <1/secrets
for stack in svarm fn; do
	on 1 "cat >/tmp/stack.yml && docker stack deploy --resolve-image never -c /tmp/stack.yml $stack >/dev/null 2>&1" \
		<"1/stack-$stack.yml"
done
on 1 'until [ "$(docker service ls --format "{{.Replicas}}" | awk -F/ "\$1 == \$2" | wc -l)" = 4 ]; do
	sleep 0.3; done'
