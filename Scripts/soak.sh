#!/usr/bin/env bash
# `make soak`: the tests that end the hub by force, at random and at named moments, in 200 rounds
# each, and those of many writers and of hostile requests with more examples: a quarter of an hour.
#
#   ADAPTERHUB_PROGRAM    the program; by default the release build
#   ADAPTERHUB_ROUNDS     how many rounds; 200 unless said
#   ADAPTERHUB_EXAMPLES   examples of each route for the description's test; 200 unless said
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export ADAPTERHUB_PROGRAM=${ADAPTERHUB_PROGRAM:-$(swift build -c release --show-bin-path)/adapterhub}
export ADAPTERHUB_ROUNDS=${ADAPTERHUB_ROUNDS:-200}
export ADAPTERHUB_EXAMPLES=${ADAPTERHUB_EXAMPLES:-200}
echo "rounds: $ADAPTERHUB_ROUNDS, examples: $ADAPTERHUB_EXAMPLES"
Scripts/test-clients.sh --only-hub \
  Tests/Clients/test_crashes.py Tests/Clients/test_cache.py \
  Tests/Clients/test_concurrency.py Tests/Clients/test_openapi.py
