"""Writes Sources/Tokenization/UnicodeTables.swift.

The Rust `tokenizers` library mixes Unicode versions: categories as of 8.0, normalisation and
lower-casing as its crates and compiler had them. What it does with each scalar is therefore asked
of the library itself; Python's unicodedata only names the parts of a decomposition, and every
entry is checked against the library before it is written.

    python3 -m pip install tokenizers==0.22.2
    python3 Scripts/make-unicode-tables.py > Sources/Tokenization/UnicodeTables.swift
"""

import sys
import unicodedata

import tokenizers
from tokenizers import normalizers, pre_tokenizers

assert tokenizers.__version__ == "0.22.2", tokenizers.__version__

REMOVED, WHITESPACE, PUNCTUATION, NONSPACING, COMBINING, WORD = (1 << bit for bit in range(6))

scalars = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def bert(**options):
    settings = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False,
                    lowercase=False)
    return normalizers.BertNormalizer(**(settings | options)).normalize_str


clean, accents = bert(clean_text=True), bert(strip_accents=True)
nfd = normalizers.NFD().normalize_str
lower = normalizers.Lowercase().normalize_str
strip = normalizers.StripAccents().normalize_str
split = pre_tokenizers.WhitespaceSplit().pre_tokenize_str
punctuation = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
words = pre_tokenizers.Whitespace().pre_tokenize_str

classes, lowers, pairs, orders = {}, {}, {}, {}
for c in scalars:
    s, flags = chr(c), 0
    if clean(s) == "":
        flags |= REMOVED
    if not split(s):
        flags |= WHITESPACE
    elif len(punctuation("a" + s)) == 2:
        flags |= PUNCTUATION
    if strip(s) == "":
        flags |= COMBINING
    if len(words("a" + s)) == 1 and not flags & WHITESPACE:
        flags |= WORD
    if lower(s) != s:
        lowers[c] = [ord(x) for x in lower(s)]
    if nfd(s) == s:
        if accents(s) == "":
            flags |= NONSPACING
        # The iota subscript has the greatest class in use, so that any other mark moves before it.
        if nfd("a\u0345" + s) != "a\u0345" + s or c == 0x345:
            orders[c] = unicodedata.combining(s)
            assert orders[c] > 0, hex(c)
    elif not 0xAC00 <= c < 0xD7A4:  # Hangul is arithmetic
        assert unicodedata.normalize("NFD", s) == nfd(s), hex(c)
        parts = [int(x, 16) for x in unicodedata.decomposition(s).split()]
        assert len(parts) in (1, 2)
        pairs[c] = (parts + [0])[:2]
    if flags:
        classes[c] = flags

for c in scalars:  # decomposes in Python's version, and not in the library's
    if nfd(chr(c)) == chr(c) and unicodedata.normalize("NFD", chr(c)) != chr(c):
        print("not decomposed by the library: %04X" % c, file=sys.stderr)

multiple = {c: to for c, to in lowers.items() if len(to) > 1}
assert multiple == {0x130: [0x69, 0x307]}, multiple


def ranges(values):
    """Runs of consecutive scalars with one value: (first, last, value)."""
    runs = []
    for c in sorted(values):
        if runs and runs[-1][1] == c - 1 and runs[-1][2] == values[c]:
            runs[-1][1] = c
        else:
            runs.append([c, c, values[c]])
    return runs


def strides(values):
    """Runs of scalars a stride apart that move by one distance: (first, last, stride, distance)."""
    runs = []
    for c in sorted(values):
        if runs:
            first, last, stride, distance = runs[-1]
            step = c - last
            if distance == values[c] - c and step in (1, 2) and stride in (0, step):
                runs[-1] = [first, c, step, distance]
                continue
        runs.append([c, c, 0, values[c] - c])
    return [[first, last, max(stride, 1), distance] for first, last, stride, distance in runs]


def table(name, comment, kind, numbers):
    print(f"\n  /// {comment}\n  static let {name}: [{kind}] = [")
    line = "   "
    for n in numbers:
        word = " %s," % (hex(n) if n > 9 else n)
        if len(line) + len(word) > 100:
            print(line)
            line = "   "
        line += word
    print(line + "\n  ]")


print(f"""// Written by Scripts/make-unicode-tables.py from tokenizers {tokenizers.__version__} \
and Unicode {unicodedata.unidata_version}; not by hand.

// swift-format-ignore-file

/// What the Rust `tokenizers` library knows about each Unicode scalar.
///
/// Its categories are those of Unicode 8.0 whatever the rest of the world says, so that neither the
/// standard library's properties nor a newer table would give the same ids.
enum UnicodeTables {{""", end="")
table("classes", "Runs of `ScalarClass` (its first six bits): first, last, flags.", "UInt32",
      [n for run in ranges(classes) for n in run])
table("lowercase", "Runs of lower-casing: first, last, stride, distance.", "Int32",
      [n for run in strides({c: to[0] for c, to in lowers.items() if c not in multiple})
       for n in run])
table("decompositions", "Canonical decompositions, one step: scalar, first, second or 0.",
      "UInt32", [n for c in sorted(pairs) for n in (c, *pairs[c])])
table("combiningClasses", "Runs of canonical combining classes: first, last, class.", "UInt32",
      [n for run in ranges(orders) for n in run])
print("}")
