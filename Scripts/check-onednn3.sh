#!/bin/sh
# Compiles the kernels against oneDNN's API 3.x, which Debian does not have yet, and checks their
# products with it: Tests/OneDNN/driver.c says how.
#
#   Scripts/check-onednn3.sh [FOLDER]      keeps the download; .build/onednn3 unless named
#
# The library comes from a Python package index, pinned by version and SHA-256; nothing of it is
# installed. Where the index cannot be reached, or this is no x86-64 Linux, a line says so and the exit
# status is 0.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$root/.build/onednn3}

skip() {
  echo "skipped oneDNN 3.x: $1"
  exit 0
}

[ "$(uname -sm)" = "Linux x86_64" ] || skip "its package is for x86-64 Linux"
for tool in python3 unzip sha256sum; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done
python3 -m pip --version >/dev/null 2>&1 || skip "pip is not installed"
compiler=${CC:-}
for candidate in clang gcc; do
  [ -n "$compiler" ] || compiler=$(command -v "$candidate" || true)
done
[ -n "$compiler" ] || skip "there is no C compiler"

mkdir -p "$folder"

# fetch PACKAGE SHA256: unpacks a wheel below the folder, once its hash is right.
fetch() {
  package=$1 hash=$2 name=$(echo "$1" | tr - _)-2023.2.0
  wheel=$name-py2.py3-none-manylinux1_x86_64.whl
  [ ! -d "$folder/$package" ] || return 0
  rm -rf "$folder/partial"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --platform manylinux1_x86_64 --dest "$folder/partial" "$package==2023.2.0" 2>"$folder/pip.log" ||
    skip "$package could not be downloaded ($(tail -n 1 "$folder/pip.log"))"
  if ! echo "$hash  $folder/partial/$wheel" | sha256sum --check --status -; then
    echo "error: $wheel does not have the SHA-256 $hash" >&2
    exit 1
  fi
  unzip -q "$folder/partial/$wheel" -d "$folder/partial/unpacked"
  mv "$folder/partial/unpacked/$name.data/data" "$folder/$package"
  rm -rf "$folder/partial"
}

fetch onednn-devel-cpu-gomp 9763c69e8c907e119056bd52ad918ca84ac9ba939d130a99dfa95ccca3e5e284
fetch onednn-cpu-gomp 2f22a54d6a890ed14bfa185d42a4be65d8b5b1df85dc1f0f3a9abe31620416fb

sources=$root/Sources/CAdapterKernels
# shellcheck disable=SC2046 # the paths of the sources have no spaces
(cd "$sources" && "$compiler" -std=gnu17 -O2 -ffp-contract=fast \
  -I"$folder/onednn-devel-cpu-gomp/include" -Iinclude \
  $(find . -name '*.c') ../../Tests/OneDNN/driver.c -o "$folder/driver" \
  "$folder/onednn-cpu-gomp/lib/libdnnl.so.3" -Wl,-rpath,"$folder/onednn-cpu-gomp/lib" -lm -lpthread)
"$folder/driver"
