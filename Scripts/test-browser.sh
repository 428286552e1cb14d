#!/usr/bin/env bash
# Tests the hub's pages as people use them, in Chromium without a window.
#
#   Scripts/test-browser.sh [PYTEST OPTION…]
#
#   ADAPTERHUB_PROGRAM       the program; by default what `swift build` made. Nothing is built here.
#   ADAPTERHUB_SCREENSHOTS   a folder for pictures of pages where a test failed
#   CHROMIUM                 the browser; by default the one on the PATH
#
# What is missing is said and left out; with CI=true that counts as failed.
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

failed=0
skip() {
  echo "skipped $1: $2"
  if [ "${CI:-}" = true ]; then failed=1; fi
}

if ! command -v "${CHROMIUM:-chromium}" >/dev/null; then
  skip "browser" "there is no Chromium (Scripts/setup.sh chromium)"
  exit "$failed"
fi

folder=.venv-browser
wanted=$(cat Tests/Browser/requirements.txt Tests/Browser/payloads.txt | cksum)
if [ "$(cat "$folder/requirements.mark" 2>/dev/null)" != "$wanted" ]; then
  echo "setting up $folder"
  pip=("$folder/bin/python" -m pip --quiet --disable-pip-version-check)
  if ! python3 -m venv --clear "$folder" ||
    ! "${pip[@]}" install --no-deps --require-hashes --requirement Tests/Browser/requirements.txt ||
    ! "${pip[@]}" download --no-deps --require-hashes --requirement Tests/Browser/payloads.txt \
      --dest "$folder/payloads"; then
    skip "browser" "its packages could not be installed"
    exit "$failed"
  fi
  echo "$wanted" >"$folder/requirements.mark"
fi

answer=$(mktemp)
tests=("$folder/bin/python" -m pytest -c Tests/Browser/pytest.ini -o cache_dir="$PWD/$folder/cache")
if ! "${tests[@]}" Tests/Browser "$@" 2>&1 | tee "$answer"; then
  # A browser on a busy machine is sometimes slower than a test waits for: what fails is tried once
  # more by itself, and said.
  echo "== the browser tests that failed, once more"
  "${tests[@]}" Tests/Browser --last-failed --last-failed-no-failures none "$@" || failed=1
fi
# The summary says why a test was left out; it must not go unseen where all should run.
if grep -q '^SKIPPED' "$answer"; then skip "browser tests" "$(grep '^SKIPPED' "$answer")"; fi
rm -f "$answer"
exit "$failed"
