#!/usr/bin/env bash
# `make test`: sets up, then runs every check and every test.
#
# What cannot be had here (a package index, test data outside the repository) is said and left out.
# With CI=true nothing may be left out: it counts as failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

passed=0 failed=() skipped=()
# The lines that say which tests failed and why, to be read at the end.
reasons=$(mktemp)

# check NAME COMMAND…: runs a command and notes how it ended.
check() {
  name=$1
  shift
  echo "== $name"
  if "$@"; then passed=$((passed + 1)); else failed+=("$name"); fi
}

skip() {
  echo "== $1: skipped, $2"
  skipped+=("$1")
}

# The Python library that loads what we save, in an environment of its own.
python_environment() {
  folder=.venv-test
  wanted=$(cksum <Tests/requirements.txt)
  if [ "$(cat "$folder/requirements.mark" 2>/dev/null)" != "$wanted" ]; then
    echo "setting up $folder"
    python3 -m venv --clear "$folder" || return 1
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
      --requirement Tests/requirements.txt || return 1
    echo "$wanted" >"$folder/requirements.mark"
  fi
}

all_tests() {
  log=$(mktemp)
  status=0
  swift test --skip-build 2>&1 | tee "$log" || status=$?
  # A suite whose data is absent is skipped, which must not go unseen where all of it should be.
  if grep -qE '(Test|Suite) .* skipped' "$log"; then
    skip "tests" "$(grep -cE '(Test|Suite) .* skipped' "$log") without their data"
  fi
  grep -E 'recorded an issue|failed after|error: Process|Program crashed|Fatal error|crashed:' "$log" | head -40 >>"$reasons" || true
  rm -f "$log"
  return "$status"
}

echo "== set-up"
# git's client for large files is one of those that the hub is tested with; its pages are looked at in
# Chromium, and their HTML is checked by a program in Java.
Scripts/setup.sh git git-lfs chromium default-jre-headless

check "format" make --no-print-directory lint
check "build" swift build --build-tests --explicit-target-dependency-import-check error
if python_environment; then
  export ADAPTERHUB_PYTHON=$PWD/.venv-test/bin/python
else
  skip "Python library" "its packages could not be installed"
fi
check "tests" all_tests
answer=$(mktemp)
check "clients" eval 'set -o pipefail; Scripts/test-clients.sh 2>&1 | tee "$answer"'
if grep -q '^skipped clients' "$answer"; then skip "clients" "$(grep '^skipped clients' "$answer")"; fi
rm -f "$answer"
answer=$(mktemp)
check "browser" eval 'set -o pipefail; Scripts/test-browser.sh 2>&1 | tee "$answer"'
if grep -q '^skipped browser' "$answer"; then skip "browser" "$(grep '^skipped browser' "$answer")"; fi
rm -f "$answer"
if [ -x Scripts/check-onednn3.sh ]; then
  answer=$(mktemp)
  check "oneDNN 3.x" eval 'Scripts/check-onednn3.sh 2>&1 | tee "$answer"'
  if grep -q '^skipped' "$answer"; then skip "oneDNN 3.x" "$(cat "$answer")"; fi
  rm -f "$answer"
fi

if [ -s "$reasons" ]; then
  echo
  echo "== what failed among the tests"
  cat "$reasons"
fi
rm -f "$reasons"
if [ "${CI:-}" = true ]; then failed+=("${skipped[@]}"); fi
echo
if [ ${#skipped[@]} -gt 0 ]; then printf 'skipped: %s\n' "${skipped[@]}"; fi
if [ ${#failed[@]} -gt 0 ]; then printf 'failed: %s\n' "${failed[@]}"; fi
echo "$passed checks passed, ${#failed[@]} failed"
[ ${#failed[@]} -eq 0 ]
