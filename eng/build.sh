#!/usr/bin/env bash
# Builds a project or the solution, Release, warnings as errors.
#   build.sh PROJECT [dotnet build's options...]
#
# One compiler process serves all projects and ends with the build: each of some fifty would otherwise load and compile
# the analyzers anew, which is half the time of a whole build.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

server=fairlead-$$
stop() {
  local sdk
  sdk=$(dotnet --info | sed -n 's/^ *Base Path: *//p')
  [[ -f $sdk/Roslyn/bincore/VBCSCompiler.dll ]] &&
    dotnet "$sdk/Roslyn/bincore/VBCSCompiler.dll" -shutdown "-pipename:$server" >/dev/null 2>&1
}
trap stop EXIT

dotnet build "$@" -c Release -m:2 -v q -nologo -tl:off -clp:NoSummary \
  -p:UseSharedCompilation=true "-p:SharedCompilationId=$server"
