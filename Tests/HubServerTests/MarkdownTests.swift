import Testing

@testable import HubServer

@Suite struct `A card's Markdown` {
  private let place = MarkdownPlace(repository: "alice/intent", revision: "main", folder: "docs")

  private func html(_ text: String) -> String { renderMarkdown(text, at: place).html }

  @Test(arguments: [
    ("# Title", "<h2 id=\"user-content-title\">Title</h2>\n"),
    ("# A\n\n### B", "<h2 id=\"user-content-a\">A</h2>\n<h3 id=\"user-content-b\">B</h3>\n"),
    ("# A\n\n# A", "<h2 id=\"user-content-a\">A</h2>\n<h2 id=\"user-content-a-1\">A</h2>\n"),
    ("*a* **b** `c` ~~d~~", "<p><em>a</em> <strong>b</strong> <code>c</code> <del>d</del></p>\n"),
    ("1 < 2 & \"3\"", "<p>1 &lt; 2 &amp; &quot;3&quot;</p>\n"),
    ("- [x] done", "<ul>\n<li>☑ done</li>\n</ul>\n"),
    ("3. c", "<ol start=\"3\">\n<li>c</li>\n</ol>\n"),
    (
      "```swift\nlet x = 1 < 2\n```",
      "<pre><code class=\"language-swift\">let x = 1 &lt; 2\n</code></pre>\n"
    ),
    ("a<br>b <b>c</b> <!-- d -->e", "<p>a<br>b c e</p>\n"),
    ("<!-- Add some text -->", ""),
    ("&copy; &lt;b&gt; &#60;", "<p>&copy; &lt;b&gt; &lt;</p>\n"),
  ])
  func `becomes HTML`(_ text: String, _ expected: String) {
    #expect(html(text) == expected)
  }

  @Test func `has tables`() {
    let text = html("| a | b |\n|---|--:|\n| 1 | 2 |")
    #expect(text.contains("<th scope=\"col\">a</th>"))
    #expect(text.contains("<td class=\"number\">2</td>"))
  }

  @Test(arguments: [
    ("[a](https://x.org/?q=1&r=2)", "href=\"https://x.org/?q=1&amp;r=2\" rel=\"nofollow"),
    ("[a](mailto:a@b.c)", "href=\"mailto:a@b.c\""),
    ("[a](#Some-Part)", "href=\"#user-content-some-part\""),
    ("[a](../config.json)", "href=\"/alice/intent/blob/main/config.json\""),
    ("[a](file.md#x)", "href=\"/alice/intent/blob/main/docs/file.md#x\""),
    ("[a](/bob/other)", "href=\"/bob/other\""),
    ("![loss](loss.png)", "<img src=\"/alice/intent/resolve/main/docs/loss.png\" alt=\"loss\""),
    ("![x](https://x.org/a.png)", "<a href=\"https://x.org/a.png\""),
    ("[](https://x.org)", ">https://x.org</a>"),
    ("see https://x.org/a", "<a href=\"https://x.org/a\""),
  ])
  func `leads where it may`(_ text: String, _ expected: String) {
    #expect(html(text).contains(expected))
  }

  @Test(arguments: [
    "[a](javascript:alert(1))", "[a](JaVa&#115;cript:alert(1))", "[a](java&Tab;script:alert(1))",
    "[a](javascript&colon;alert(1))", "[a](&#x6A;avascript:alert(1))", "[a](data:text/html,x)",
    "[a](vbscript:x)", "[a](file:///etc/passwd)", "[a](//evil.example)", "[a](\\\\evil.example)",
    "[a](../../../other)", "![a](x.svg)", "![a](javascript:alert(1))", "<javascript:alert(1)>",
    "[a](\u{200B}javascript:alert(1))", "[a]( \u{1}javascript:alert(1))",
    "[a][r]\n\n[r]: javascript:x",
    "<a href='javascript:alert(1)'>a</a>", "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<svg onload=alert(1)>", "<iframe src=//evil>", "\"\u{301} onmouseover=alert(1) x=\"",
    "[a](https://x.org \"\u{301}onload=x\")", "<!--><img src=x onerror=x>-->",
    "<scr<b>ipt>x</script>",
  ])
  func `has nothing that runs`(_ text: String) {
    let text = html(text)
    for tag in ["<script", "<img", "<svg", "<iframe", "href=", " onmouseover=a x", "<a "] {
      #expect(!text.contains(tag) || text.contains("href=\"https://x.org\""), "\(tag) in \(text)")
    }
    let quoted = "\"\u{301}"
    #expect(!Array(text.utf8).contains(quoted.utf8))
  }

  @Test func `survives what is made to be slow`() {
    let count = 20_000
    for text in [
      String(repeating: "[", count: count), String(repeating: "> ", count: count),
      String(repeating: "*a _b ", count: count), String(repeating: "# a\n", count: count),
      String(repeating: "<!--", count: count), String(repeating: "`", count: count),
      String(repeating: "|", count: 5000) + "\n" + String(repeating: "|-", count: 5000) + "\n"
        + String(repeating: "|\n", count: 5000),
      "[a]: <" + String(repeating: "x", count: 10_000) + ">\n"
        + String(repeating: "[a] ", count: 10_000),
      String(repeating: "![", count: count), String(repeating: "a\u{0}", count: count),
    ] {
      #expect(renderMarkdown(text).html.utf8.count < 6 << 20)
    }
  }
}

@Suite struct `Text in a page` {
  @Test func `is escaped byte by byte`() {
    #expect(escaped(html: "<a b='c' d=\"e\">&") == "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;")
    // To Swift this is one character, which is no quote.
    let quoted = ("\"\u{301}", "&quot;\u{301}")
    #expect(Array(escaped(html: quoted.0).utf8) == Array(quoted.1.utf8))
    let zero = ("a\u{0}b", "a\u{FFFD}b")
    #expect(escaped(html: zero.0) == zero.1)
  }

  @Test func `passes as HTML only from our own code`() {
    let text = PageText()
    #expect(text.escapeText(SafeHTML("<b>").renderText) == "<b>")
    let forged = ("\u{F8FF}0\u{F8FF}<b>", "\u{F8FF}0\u{F8FF}&lt;b&gt;")
    #expect(text.escapeText(forged.0) == forged.1)
  }

  @Test func `never asks templates for text without escaping`() throws {
    let templates = try PageTemplates()
    #expect(!templates.sources.isEmpty)
    for (name, source) in templates.sources {
      #expect(!source.contains("{{{") && !source.contains("{{&"), "\(name)")
      #expect(!source.contains(" style=") && !source.contains(" onclick="), "\(name)")
    }
  }
}
