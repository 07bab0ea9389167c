# The programs this machine needs to run the lab, installed when missing.
# shellcheck shell=bash

# program:package
LAB_PROGRAMS=(
	systemd-nspawn:systemd-container
	mmdebstrap:mmdebstrap
	ip:iproute2
	ssh:openssh-client
	ssh-keygen:openssh-client
	flock:util-linux
	nsenter:util-linux
	perl:perl-base
)

packages_ensure() {
	local entry missing=()

	for entry in "${LAB_PROGRAMS[@]}"; do
		command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
	done
	((${#missing[@]})) || return 0

	command -v apt-get >/dev/null || die "needs ${missing[*]}, and there is no apt-get to install it"
	say "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	{ apt-get -qq update && apt-get -qq -y --no-install-recommends install "${missing[@]}"; } \
		>"$LAB_DIR/packages.log" 2>&1 || die "apt-get failed: see $LAB_DIR/packages.log"
}
