# Sourced by tests that run a real nginx: the one installed, the one the images are made from, or else the
# distribution's, unpacked into FOLDER, which is there.  Its path in $nginx; false: there is none.
# shellcheck shell=bash
find_nginx() { # FOLDER
	local deb
	for nginx in "$(command -v nginx || true)" build/images/root-*/usr/sbin/nginx; do
		[ -x "$nginx" ] && return
	done
	(cd "$1" && apt-get -qq -o APT::Sandbox::User=root download nginx >/dev/null 2>&1) || true
	for deb in "$1"/nginx_*.deb; do
		[ -e "$deb" ] && dpkg-deb -x "$deb" "$1"
	done
	nginx=$1/usr/sbin/nginx
	[ -x "$nginx" ]
}
