#!/usr/bin/env python3
"""Fills a hub's database with made-up adapters, straight into SQLite: too many to upload.

    Benchmarks/fill-hub.py DATA-FOLDER COUNT

The hub must have been started once, so that the tables are there, and must not run now.
"""
import hashlib
import json
import random
import sqlite3
import sys
import time

TASKS = ["text-classification", "token-classification", "question-answering", "summarization",
         "feature-extraction", "fill-mask"]
LANGUAGES = ["en", "de", "fr", "es", "zh", "ar", "fi", "sw", "hi", "ja"]
BASES = ["bert-base-uncased", "roberta-base", "xlm-roberta-base", "distilbert-base-uncased",
         "bert-base-multilingual-cased", "google/electra-base-discriminator"]
METHODS = ["lora", "seq_bn", "par_bn", "double_seq_bn", "prefix_tuning", "ia3", "compacter"]
# As Explore calls them, with a data set of each.
NAMES = {"text-classification": "sentiment/sst-2", "token-classification": "ner/conll2003",
         "question-answering": "qa/squad1", "summarization": "sum/xsum",
         "feature-extraction": "embedding/msmarco", "fill-mask": "fill-mask"}
LICENSES = ["mit", "apache-2.0", "cc-by-4.0", "cc-by-sa-4.0"]
WORDS = ("sentiment review movie product intent command home assistant entity person place news "
         "sport question answer context passage summary article toxic comment hate speech emotion "
         "joy anger language detection paraphrase similarity inference entailment medical legal "
         "finance tweet conversation dialogue weather travel recipe music").split()


def main():
    folder, count = sys.argv[1], int(sys.argv[2])
    random.seed(7)
    database = sqlite3.connect(f"{folder}/hub.sqlite")
    now = int(time.time() * 1000)
    database.execute("PRAGMA synchronous = OFF")
    owners = []
    for index in range(200):
        cursor = database.execute(
            "INSERT INTO accounts (name, kind, created_at) VALUES (?, 'user', ?)",
            (f"maker{index}", now))
        owners.append((cursor.lastrowid, f"maker{index}"))
    tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    database.execute("INSERT OR IGNORE INTO trees (name, content) VALUES (?, x'')", (tree,))
    for index in range(count):
        owner, owner_name = random.choice(owners)
        words = random.sample(WORDS, 3)
        name = f"{'-'.join(words)}-{index}"
        task, language = random.choice(TASKS), random.choice(LANGUAGES)
        base, method = random.choice(BASES), random.choice(METHODS)
        license = random.choice(LICENSES)
        tags = sorted({task, language, f"base_model:{base}", f"base_model:adapter:{base}",
                       f"method:{method}", f"license:{license}", "adapters",
                       "adapter-transformers", "safetensors", "bert", words[0]})
        body = " ".join(random.choices(WORDS, k=60))
        cursor = database.execute(
            "INSERT INTO repositories (owner_id, name, creator_id, created_at, updated_at, "
            "downloads, downloads_all_time, likes, trending, is_private) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (owner, name, owner, now - random.randrange(10**10), now - random.randrange(10**9),
             int(random.paretovariate(0.7)), 0, int(random.paretovariate(1.2)), random.random(),
             int(random.random() < 0.05)))
        repository = cursor.lastrowid
        commit = hashlib.sha1(str(index).encode()).hexdigest()
        database.execute("INSERT INTO commits VALUES (?, ?, ?, NULL, ?, ?, 'first', '')",
                         (repository, commit, tree, owner_name, now // 1000))
        database.execute("INSERT INTO revisions (repository_id, kind, name, commit_name, message) VALUES (?, 'branch', 'main', ?, NULL)",
                         (repository, commit))
        database.execute(
            "INSERT INTO descriptions VALUES (?, ?, 'adapters', ?, ?, ?, ?, NULL, ?)",
            (repository, commit, task, random.randrange(10**5, 10**7),
             json.dumps({"tags": tags, "language": language}),
             json.dumps({"adapters": {"model_name": base}}), json.dumps(tags)))
        known = NAMES[task]
        size = random.randrange(200_000, 40_000_000)
        facets = [f"task {known.split('/')[0]}", f"language {language}", f"base {base}",
                  f"method {method}", f"head {task}", f"license {license}", "library adapters",
                  "files here", "size " + ("under-1mb" if size < 10**6 else "1-5mb" if size < 5 * 10**6
                                           else "5-20mb" if size < 2 * 10**7 else "over-20mb")]
        if "/" in known:
            facets.append(f"subtask {known}")
        database.execute(
            "INSERT INTO explore VALUES (?, 1, ?, ?, ?, ?, 'accuracy', ?, 0, 0)",
            (repository, "\n".join(facets), " ".join(random.choices(WORDS, k=14)) + ".", size,
             438_000_000, random.uniform(0.5, 1)))
        database.executemany("INSERT INTO tags VALUES (?, ?)", [(tag, repository) for tag in tags])
        database.execute("INSERT INTO search (rowid, name, tags, body) VALUES (?, ?, ?, ?)",
                         (repository, f"{owner_name}/{name}", " ".join(tags), body))
    database.commit()
    database.execute("INSERT INTO search (search) VALUES ('optimize')")
    database.commit()


main()
