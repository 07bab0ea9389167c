# Keep a document of `svarm bench` on the leader.  Standard input: a line "NAME BYTES", then the
# document.  It appears whole or not at all; of all that are kept the 20 newest stay.
set -eu
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 027
folder=/var/lib/svarm/bench
read -r name bytes
case $name in
'' | .* | *[!A-Za-z0-9.-]*) echo 'not a name' >&2 && exit 2 ;;
esac
mkdir -p "$folder"
new=$(mktemp "$folder/.new.XXXXXX")
trap 'rm -f "$new"' EXIT
cat >"$new"
if [ "$(wc -c <"$new")" -ne "$bytes" ]; then
	echo 'the document did not arrive whole' >&2
	exit 1
fi
chmod 0640 "$new"
mv -f "$new" "$folder/$name"
trap - EXIT
find "$folder" -maxdepth 1 -name '*.json' -type f -printf '%f\n' | sort -r | tail -n +21 |
	while read -r old; do
		rm -f "$folder/$old"
	done
