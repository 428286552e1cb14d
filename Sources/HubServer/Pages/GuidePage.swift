/// The guide, as it is in the repository of this program.
internal import Hummingbird

let guidePages = [
  Endpoint(page: "/docs", .anyone, "The guide") { call in
    var page = Page("Guide · AdapterHub", "guide")
    page.description = "How a hub is run, filled and used."
    let text = call.hub.templates.files["guide.md"] ?? ""
    page.values["guide"] = renderMarkdown(text)
    return page.response(call)
  }
]
