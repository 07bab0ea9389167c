# The root that every node is laid over: made once per recipe, kept in the cache.
# shellcheck shell=bash

# One line per archive of this machine's own distribution, in sources.list form.  An archive counts
# as the distribution's own when apt knows it by that Origin and the archive keyring signed it
# (mmdebstrap verifies the latter): third parties, backports and proposed updates stay out.
image_sources() {
	local origin codename keyring where

	# shellcheck disable=SC1091
	. /etc/os-release
	case " ${ID:-} ${ID_LIKE:-} " in
	*' ubuntu '*) origin=Ubuntu keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg ;;
	*' debian '*) origin=Debian keyring=/usr/share/keyrings/debian-archive-keyring.gpg ;;
	*) die "makes nodes of Debian or Ubuntu; this machine is ${PRETTY_NAME:-neither}" ;;
	esac
	codename=${UBUNTU_CODENAME:-${VERSION_CODENAME:-}}
	where=''
	[[ ! -r $keyring ]] || where="[signed-by=$keyring] "

	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets \
		--format '$(ORIGIN) $(CODENAME) $(RELEASE) $(REPO_URI) $(COMPONENT)' 'Created-By: Packages' |
		awk -v origin="$origin" -v codename="$codename" -v where="$where" '
			$1 == origin && index($2, codename) == 1 && $2 $3 !~ /backports|proposed/ {
				print "deb " where $4, $3, $5
			}' | sort -u
}

# apt's own way to the archives (proxies, time-outs), without the lists it keeps for this machine.
image_apt_options() {
	apt-config dump Acquire | grep -Ev '^Acquire(::(IndexTargets|Changelogs|CompressionTypes|Languages|cdrom|GzipIndexes).*)? '
}

# Asking apt takes half a second: the answer is kept until something apt reads has changed.
image_sources_cached() {
	local kept=$LAB_DIR/sources

	if [[ ! -s $kept || -n $(find /etc/apt /etc/os-release /var/lib/apt/lists "$LAB_SRC/lib" \
		-newer "$kept" -print -quit) ]]; then
		image_sources >"$kept.tmp"
		mv "$kept.tmp" "$kept"
	fi
	cat "$kept"
}

image_hash() { # SOURCES
	{
		printf '%s\n' "$1"
		dpkg --print-architecture
		declare -f image_make
		cat "$LAB_SRC"/image/*
	} | sha256sum | cut -c1-16
}

image_make() { # SOURCES DIR
	local tmp=$2.tmp log=$LAB_DIR/image.log

	say "making the nodes' root in $2 (about a minute, once)"
	rm -rf --one-file-system "$tmp"
	image_apt_options >"$LAB_DIR/apt.conf"
	# In a mount namespace of its own: what it mounts cannot outlive it, however it ends.
	unshare --mount mmdebstrap --mode=root --variant=minbase --format=directory \
		--include="$(list "$LAB_SRC/image/packages.installed" | tr ' ' ,)" \
		--aptopt="$LAB_DIR/apt.conf" \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--customize-hook="APT_CONFIG=\$MMDEBSTRAP_APT_CONFIG $LAB_SRC/image/customize \"\$1\"" \
		'' "$tmp" - <<<"$1" >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		rm -rf --one-file-system "$tmp"
		die "mmdebstrap failed: see $log"
	}
	mv "$tmp" "$2"
}

# Of the roots of earlier recipes only those that a running node stands on are kept.
image_prune() {
	local old

	for old in "$LAB_CACHE"/root-*; do
		[[ $old == "$LAB_IMAGE" ]] || grep -qF "lowerdir=$old," /proc/self/mountinfo ||
			rm -rf --one-file-system "$old"
	done
}

# Sets LAB_IMAGE, making the root first when the cache has none for this recipe.
image_ensure() {
	local sources

	sources=$(image_sources_cached)
	if [[ -z $sources ]]; then
		say "asking apt for its lists"
		apt-get -qq update >"$LAB_DIR/packages.log" 2>&1 || true
		sources=$(image_sources_cached)
	fi
	[[ -n $sources ]] || die "apt knows no archive of this machine's own release"

	LAB_IMAGE=$LAB_CACHE/root-$(image_hash "$sources")
	mkdir -p "$LAB_CACHE"
	[[ -d $LAB_IMAGE ]] || image_make "$sources" "$LAB_IMAGE"
	image_prune
}
