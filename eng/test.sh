#!/usr/bin/env bash
# Runs every test project of the solution that is already built, and ends with the closing line.
#   test.sh [NAME...]      only these projects (Naming.Tests)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

programs=()
if (($# > 0)); then
  for name in "$@"; do programs+=("artifacts/bin/$name/release/Fairlead.$name"); done
else
  for project in tests/*.Tests/*.csproj; do
    name=$(basename "$project" .csproj)
    if [[ -z $(git ls-files --cached --others --exclude-standard -- "tests/$name/*.cs") ]]; then
      echo "$name: no test is written yet"
      continue
    fi
    programs+=("artifacts/bin/$name/release/Fairlead.$name")
  done
fi

# Whole processes with deadlines of their own: they get the machine for themselves.
exec python3 eng/count-tests.py --jobs "${JOBS:-2}" --timeout "${TIMEOUT:-1200}" \
  --alone EndToEnd.Tests --alone Cli.Tests "${programs[@]}"
