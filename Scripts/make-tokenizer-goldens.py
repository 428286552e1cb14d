"""Writes Tests/TokenizationTests/Goldens/*.json: small tokenizers and what they must give.

    python3 -m pip install tokenizers==0.22.2
    python3 Scripts/make-tokenizer-goldens.py

Each file holds a whole tokenizer.json under "tokenizer", and cases: the call, and the library's
ids, type ids, offsets, word ids, sequence ids and special mask. Everything is seeded.
"""

import json
import pathlib
import random

import tokenizers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers import processors

assert tokenizers.__version__ == "0.22.2", tokenizers.__version__
out = pathlib.Path(__file__).parent.parent / "Tests/TokenizationTests/Goldens"

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = """the of and to in a is was he for it with as his on be at by had not are but from or have
an they which one you were all her she there would their we him been has when who will no more if
out so what time up go about than into could only new some them man other then do your can me my
hello world un able believ play run jump over lazy dog quick brown fox cafe naive uber strasse
tokyo paris 12 2024 don ' t s ll re ve . , ! ? - : ; ( ) " / & % $ # @ + = < > ~ ` ^ * _ [ ] { }
привет мир й и е नमस्ते สวัสดี مرحبا 안녕 ᄋ 你 好 世 界 日 本 の は ガ é e ß ss σ ς i ı 🎉 ❤ – — … “ ” ’""".split()
SUFFIXES = """able ing ed s er est ly ness un a b c d e f g h i j k l m n o p q r s t u v w x y z 0
1 2 3 4 5 6 7 8 9 é е и й т ि ् ा ี ั ᅡ ᆫ 안 녕 ス ー は の σ ς ß ı ع ر ب ́ ̣ ‍ 👩 💻 ' 12""".split()

TEXTS = [
    "", " ", "   ", "\t\n\r", "Hello, world!", "the quick brown fox jumps over the lazy dog.",
    "unbelievable playing RUNNING UnBelievAble", "Café naïve Über Straße ÅNGSTRÖM façade",
    "cafe\u0301 nai\u0308ve e\u0323\u0301 e\u0301\u0323 \u1ec7 \u1e69 s\u0307\u0323",
    "你好世界。日本のカフェ、ガラス", "日本go東京tokyo𠀀𪜀𫠠豈丽", "안녕 세상 한국어 가각힣", "ᄀ\u1161\u11a8",
    "مرحبا بالعالم العَرَبِيَّة", "สวัสดีครับ โลก", "नमस्ते दुनिया हिन्दी", "Привет мир, Ёлка и йод",
    "👩\u200d💻 🎉🎉 ❤\ufe0f 👨\u200d👩\u200d👧\u200d👦 🏳\ufe0f\u200d🌈", "a\u0000b\u0001c\ufffdd\u007fe\u0085f\u00adg",
    "zero\u200bwidth\u200cnon\u200djoin\ufeffbom", "nbsp\u00a0em\u2003ideo\u3000line\u2028para\u2029nel\u0085vt\x0bff\x0cfs\x1c",
    "\u1680\u2000\u200a\u202f\u205f", "ΣΑΣ Σ ΟΔΥΣΣΕΥΣ σς", "İstanbul ISPARTA ıi", "ǅ ǈ ǋ ﬁ ﬃ Ⅷ ⓐ K Å Ω",
    "x" * 99, "x" * 100, "x" * 101, "é" * 100, "é" * 101, "a" + "\u0301" * 150, "the " + "и" * 101 + " the",
    "don't they'll we've (yes) [no] {so} <unk> $5.00 50% a+b=c #tag @you _under_ ~x^2`",
    "[CLS] the [MASK] is [SEP] not[MASK]here [UNK][PAD]", "[mask] [ MASK ] [[MASK]] [MASK", " [MASK]  [MASK] ",
    "“quoted” — dash… ‘single’ – «guillemets» ¿qué? ¡ay! §5 ¶", "\U000e0001\U000e0041tag\U0010fffd\ue000private",
    "\U0001d15e\U0001d165\U0001d16d music \u0f73\u0f39\u0344\u0302", "\u302e\u302f marks \u3099\u309a か\u3099",
    "\u0301lead \u0301 ,\u0301 a\u0001\u0301", "ｆｕｌｌ ＷＩＤＴＨ ！", "૰ ៘ ‿ ⁀ ⸮ ꙳ ꣎ ᢀ ࠰ ॰ ࿐", "\u08e2\u110cd\u0890 \U00013430 \U0001e94b\U00011938",
    "\U00010400 \U0001e900 Ꭰ ꭰ Ა ა ẞ", "a\u0345\u0323\u0301b ᾳ ᾼ", "2024-12-12T12:12:12Z 3.14 1,000", "hello" * 19, "hello" * 21,
    "word\u2019s ’t", "中a文b", "中\u0301文", "go\u200dgo", "\u00b2\u00bd\u2460 \u0660\u0661", "\x7f", "\ufffd", "A\u030aB",
]
PAIRS = [("hello world", "the fox"), ("", "the"), ("the", ""), ("", ""), ("Café 你好", "don't\u0301 [SEP] it"),
         ("the quick brown fox jumps over", "a b"), ("a b", "the quick brown fox jumps over")]
WORD_LISTS = [["Hello", "unbelievable", ",", "", " ", "New York", "你好", "[MASK]", "x" * 101, "é"],
              [], ["", ""], ["the"], ["\u0301", "go\u0000", "a b c"]]


def vocabulary(seed, cased):
    random.seed(seed)
    words = list(dict.fromkeys(WORDS))
    suffixes = list(dict.fromkeys("##" + s for s in SUFFIXES))
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    if cased:
        letters += [l.upper() for l in letters]
        words += [w.capitalize() for w in words if w.isascii()] + ["Café", "Über"]
    random.shuffle(words)
    random.shuffle(suffixes)
    tokens = list(dict.fromkeys(SPECIAL + words + letters + suffixes))
    return {token: index for index, token in enumerate(tokens)}


def bert(seed=1, cased=False, processor="template", maximum=100, **options):
    vocab = vocabulary(seed, cased)
    t = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=maximum))
    t.normalizer = normalizers.BertNormalizer(**(dict(lowercase=not cased) | options))
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    cls, sep = ("[CLS]", vocab["[CLS]"]), ("[SEP]", vocab["[SEP]"])
    if processor == "template":
        t.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[cls, sep])
    elif processor == "bert":
        t.post_processor = processors.BertProcessing(sep, cls)
    elif processor == "odd":
        t.post_processor = processors.TemplateProcessing(
            single="$A:3 [SEP]:2", pair="$B:1 [SEP] [CLS] $A:0", special_tokens=[cls, sep])
    t.decoder = decoders.WordPiece()
    t.add_special_tokens(SPECIAL)
    return t


def added():
    t = bert(2)
    t.add_tokens([
        AddedToken("newtoken"), AddedToken("Mixed Case", normalized=True),
        AddedToken("<raw>", normalized=False), AddedToken("<left>", lstrip=True, normalized=False),
        AddedToken("<right>", rstrip=True, normalized=False), AddedToken("solo", single_word=True),
        AddedToken("<both>", lstrip=True, rstrip=True), AddedToken("<raw>longer", normalized=False),
        AddedToken("été", normalized=True), AddedToken("<one>", single_word=True, normalized=False),
    ])
    t.add_special_tokens([AddedToken("<sp>", special=True, lstrip=True), "hello"])
    return t


def other(normalizer, pre_tokenizer):
    t = bert(3, processor=None)
    t.normalizer, t.pre_tokenizer = normalizer, pre_tokenizer
    t.decoder = decoders.WordPiece(cleanup=False)
    return t


ADDED_TEXTS = [
    "a newtoken NEWTOKEN newtokens xnewtoken", "mixed case MIXED CASE Mixed  Case mixed\u0301 case", "the<raw>the <RAW> <raw>longer<raw>long",
    "the  <left>  the", "the  <right>  the", "the \u3000<both>\t the<both>", "solo solos Solo, ésolo solo\u0301 _solo solo-solo", "ÉTÉ été e\u0301te\u0301 ete",
    "<left><left> <left>  <right> <left>", "<one>a a<one> <one> ·<one>\u200d <one>\u0300", "the <sp>hello<sp> hello shello", " <sp> ", "<both>", "",
    "  <both>  <both>  ", "你<raw>好 <right>\u2028\u0085x", "[MASK] <sp>[MASK]\u00a0<sp>",
]


def record(e):
    return {"ids": e.ids, "typeIds": e.type_ids, "offsets": [list(o) for o in e.offsets], "wordIds": e.word_ids,
            "sequenceIds": e.sequence_ids, "special": e.special_tokens_mask}


def cases(t, texts, pairs=PAIRS, lists=WORD_LISTS):
    result = []
    for special in (True, False):
        for text in texts:
            e = t.encode(text, add_special_tokens=special)
            result.append({"text": text, "addSpecial": special, "encoding": record(e)})
        for text, pair in pairs:
            e = t.encode(text, pair, add_special_tokens=special)
            result.append({"text": text, "pair": pair, "addSpecial": special, "encoding": record(e)})
    for words in lists:
        e = t.encode(words, is_pretokenized=True)
        result.append({"words": words, "encoding": record(e)})
    if lists:
        e = t.encode(lists[0], lists[4], is_pretokenized=True)
        result.append({"words": lists[0], "pairWords": lists[4], "encoding": record(e)})
    return result


def decodings(t, texts):
    result = []
    for text in texts:
        ids = t.encode(text).ids
        for skip in (True, False):
            result.append({"ids": ids, "skip": skip, "text": t.decode(ids, skip_special_tokens=skip)})
    return result


def truncations(t):
    result = []
    pairs = PAIRS + [(" ".join(["the fox"] * 5), None), ("the dog " * 3, "a quick fox and " * 3)]
    for text, pair in pairs:
        for strategy in ("longest_first", "only_first", "only_second"):
            for length in (3, 4, 5, 6, 7, 8, 11, 20):
                t.enable_truncation(length, stride=0, strategy=strategy)
                try:
                    encoding = record(t.encode(text, pair))
                except Exception:
                    encoding = None
                result.append({"text": text, "pair": pair, "length": length, "strategy": strategy,
                               "encoding": encoding})
    t.no_truncation()
    return result


def windows(t):
    result = []
    for text, pair, strategy in ((" ".join(WORDS[:40]), None, "longest_first"),
                                 ("who is it", " ".join(WORDS[:30]) + " unbelievable é", "only_second"),
                                 (" ".join(WORDS[:21]), "who is it", "only_first"),
                                 ("the", None, "only_first")):
        for length, stride in ((12, 0), (12, 3), (16, 5), (9, 2)):
            t.enable_truncation(length, stride=stride, strategy=strategy)
            e = t.encode(text, pair)
            result.append({"text": text, "pair": pair, "length": length, "stride": stride,
                           "strategy": strategy, "windows": [record(x) for x in [e, *e.overflowing]]})
    t.no_truncation()
    return result


def write(name, t, texts=TEXTS, extra=None, **options):
    document = {"library": f"tokenizers {tokenizers.__version__}", "tokenizer": json.loads(t.to_str()),
                "cases": cases(t, texts, **options), "decodings": decodings(t, texts[:12] + texts[-12:])}
    for key, value in (extra or {}).items():
        document[key] = value(t)
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
    (out / f"{name}.json").write_text(text + "\n")
    print(name, len(text))


few = TEXTS[4:24]
write("uncased", bert(), extra={"truncations": truncations, "windows": windows})
write("cased", bert(4, cased=True, processor="bert"))
write("accents-kept", bert(5, strip_accents=False), few + TEXTS[-30:], pairs=[], lists=[])
write("accents-stripped-cased", bert(6, cased=True, strip_accents=True), few, pairs=[], lists=[])
write("uncleaned", bert(7, clean_text=False, handle_chinese_chars=False, maximum=120, processor="odd"), TEXTS, lists=[])
write("added", added(), ADDED_TEXTS + few[:4])
write("sequence", other(
    normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()]),
    pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()])), TEXTS, pairs=PAIRS[:2], lists=[])
write("whitespace", other(None, pre_tokenizers.Whitespace()), TEXTS, pairs=[], lists=[])
write("unsplit", other(normalizers.NFD(), None), few, pairs=[], lists=[])
