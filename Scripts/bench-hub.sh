#!/usr/bin/env bash
# `make bench-hub`: installs the peers that are missing, then measures.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing=()
for program in nginx hey curl; do
  command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || missing+=("$program")
done
if [ ${#missing[@]} -gt 0 ] && command -v apt-get >/dev/null; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update --quiet --quiet
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet \
    --no-install-recommends "${missing[@]/nginx/nginx-light}" >/dev/null
fi
if [ ! -x .venv-hub/bin/python ]; then
  python3 -m venv .venv-hub
  .venv-hub/bin/python -m pip install --quiet --disable-pip-version-check \
    --requirement Tests/Clients/requirements-hub.txt
fi
PATH=$PATH:/usr/sbin exec python3 Benchmarks/hub.py "$@"
