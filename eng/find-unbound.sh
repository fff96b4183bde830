#!/usr/bin/env bash
# Prints the folder below which usr/sbin/unbound, usr/sbin/nsd and the ldns tools are: / where they are installed, else
# one in the build's cache, into which the Debian packages are unpacked. Unpacked and not installed, they start no server
# of the machine's. Where they cannot be had, says why on stderr and exits 1.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
programs=(usr/sbin/unbound usr/sbin/unbound-control usr/sbin/nsd usr/bin/ldns-keygen usr/bin/ldns-signzone)

fail() { echo "find-unbound: $1" >&2; exit 1; }
whole() { local program; for program in "${programs[@]}"; do [[ -x $1/$program ]] || return 1; done; }

if whole ""; then echo /; exit 0; fi
cache=${FAIRLEAD_CACHE:-$here/../artifacts/cache}
mkdir -p "$cache" || fail "cannot create the cache folder $cache"
cache=$(cd "$cache" && pwd)
root=$cache/unbound
if whole "$root"; then echo "$root"; exit 0; fi

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
  fail "unbound, nsd or ldnsutils is missing, and there is no apt-get: install them by other means"
work=$(mktemp -d "$cache/.unbound.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
# What an installation would bring along is needed too.
missing() { apt-get install -s --no-install-recommends unbound nsd ldnsutils 2>log | awk '/^Inst / { print $2 }'; }
mapfile -t packages < <(missing)
((${#packages[@]} > 0)) || fail "apt-get knows no unbound, nsd and ldnsutils: $(tail -n 1 log); run apt-get update"
apt-get download -q "${packages[@]}" >log 2>&1 || fail "apt-get cannot download ${packages[*]}: $(tail -n 1 log)"
for package in *.deb; do dpkg-deb -x "$package" root; done
# What is installed already came with no package.
for program in "${programs[@]}"; do
  [[ -e root/$program || ! -x /$program ]] || { mkdir -p "root/${program%/*}"; ln -s "/$program" "root/$program"; }
done
whole root || fail "the packages ${packages[*]} do not hold all of ${programs[*]}"
rm -rf "$root"
mv -T root "$root"
echo "$root"
