/// A commit as git writes it.

struct GitCommit: Sendable, Equatable {
  /// Git's name for it: 40 hexadecimal digits.
  let name: String
  let tree: String
  let parent: String?
  let author: String
  /// Seconds since 1970.
  let time: Int
  /// The first line of the message.
  let title: String
  /// What follows it.
  let message: String

  init(tree: String, parent: String?, author: String, time: Int, title: String, message: String) {
    self.tree = tree
    self.parent = parent
    self.author = author
    self.time = time
    self.title = title
    self.message = message
    let signature = "\(author) <\(author)@users.noreply> \(time) +0000"
    var text = "tree \(tree)\n"
    if let parent { text += "parent \(parent)\n" }
    text += "author \(signature)\ncommitter \(signature)\n\n\(title)\n"
    if !message.isEmpty { text += "\n\(message)\n" }
    name = GitObject.name("commit", Array(text.utf8))
  }
}
