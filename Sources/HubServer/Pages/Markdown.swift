/// Text of cards as HTML.

/// Shows a card's text; until there is more, as it was written.
func renderMarkdown(_ text: String) -> SafeHTML {
  SafeHTML("<pre class=\"plain-text\">\(escaped(html: text))</pre>")
}
