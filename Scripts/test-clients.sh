#!/usr/bin/env bash
# Tests the hub with the Python clients that people have, in two environments: the libraries of
# adapters with an older huggingface_hub (.venv-test), and the newest huggingface_hub (.venv-hub).
#
#   Scripts/test-clients.sh [PYTEST OPTION…]            both
#   Scripts/test-clients.sh --only-hub FILE…            some files, in .venv-hub
#
#   ADAPTERHUB_PROGRAM   the program; by default what `swift build` made. Nothing is built here.
#   ADAPTERHUB_ROUNDS    rounds of the tests that end the hub at random; 20 unless said
#
# Environments that cannot be set up are said and left out; with CI=true that counts as failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ -z "${ADAPTERHUB_PROGRAM:-}" ]; then
  ADAPTERHUB_PROGRAM=$(swift build --show-bin-path)/adapterhub || exit 1
fi
if [ ! -x "$ADAPTERHUB_PROGRAM" ]; then
  echo "there is no program at $ADAPTERHUB_PROGRAM: swift build --product adapterhub" >&2
  exit 1
fi
export ADAPTERHUB_PROGRAM

# environment FOLDER REQUIREMENTS: a virtual environment, made anew when the requirements change.
environment() {
  folder=$1 wanted=$(cksum <"$2")
  [ "$(cat "$folder/requirements.mark" 2>/dev/null)" = "$wanted" ] && return 0
  echo "setting up $folder"
  python3 -m venv --clear "$folder" || return 1
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$2" ||
    return 1
  echo "$wanted" >"$folder/requirements.mark"
}

failed=0
run() {
  folder=$1
  shift
  echo "== clients of $folder"
  "$folder/bin/python" -m pytest -c Tests/Clients/pytest.ini "$@" || failed=1
}

skip() {
  echo "skipped clients of $1: its packages could not be installed"
  if [ "${CI:-}" = true ]; then failed=1; fi
}

# What every version of the client must do runs in both; the libraries have the first alone, and
# what needs no client at all has the second.
if [ "${1:-}" = --only-hub ]; then
  shift
elif environment .venv-test Tests/requirements.txt; then
  run .venv-test Tests/Clients/test_{huggingface_hub,hf_command,errors,large_files,libraries}.py "$@"
  set -- Tests/Clients --ignore Tests/Clients/test_libraries.py "$@"
else
  skip .venv-test
  set -- Tests/Clients --ignore Tests/Clients/test_libraries.py "$@"
fi
if environment .venv-hub Tests/Clients/requirements-hub.txt; then
  run .venv-hub "$@"
else
  skip .venv-hub
fi
exit "$failed"
