#!/usr/bin/env bash
# Runs the tests that take too long for every day, one program at a time, and ends with the closing line of test.sh.
#   soak.sh [NAME...]      only these projects (Sidecar.Tests)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

programs=()
if (($# > 0)); then
  for name in "$@"; do programs+=("artifacts/bin/$name/release/Fairlead.$name"); done
else
  for project in tests/*.Tests; do
    name=$(basename "$project")
    if grep -rqs --include='*.cs' 'Explicit = true' "$project"; then
      programs+=("artifacts/bin/$name/release/Fairlead.$name")
    fi
  done
fi

exec python3 eng/count-tests.py --explicit --jobs 1 --timeout "${TIMEOUT:-7200}" --out artifacts/soak "${programs[@]}"
