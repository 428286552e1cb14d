/// Tables of questions.
import Datasets
import Files
import Foundation
import Testing

@Suite struct `A table of questions` {
  private func read(_ text: String) throws -> [QuestionRow] {
    let path = "/tmp/adapterhub-questions-\(UInt64.random(in: .min ... .max)).csv"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try writeAtomically(text, to: path)
    return try Dataset.questionAnswering(path).rows
  }

  @Test func `has answers, and questions without one`() throws {
    let rows = try read(
      """
      id,question,context,answer,answer_start
      7,what?,"a film, and a book",film,2
      8,who?,a film,,

      """)
    #expect(rows.map(\.id) == ["7", "8"])
    #expect(rows[0].answers == [.init(text: "film", start: 2)])
    #expect(rows[0].context == "a film, and a book")
    #expect(rows[1].answers.isEmpty && rows[1].place == "line 3")
  }

  @Test(arguments: ["film,3", "film,-1", "film,x", "film,99999999999999999999", "films,2"])
  func `names an answer that is not there`(_ answer: String) throws {
    let failure = try #require(throws: FileFailure.self) {
      try read("question,context,answer,answer_start\nwhat?,a film,\(answer)\n")
    }
    #expect(failure.place?.hasPrefix("line 2") == true, "\(failure)")
  }

  @Test func `names the column that is missing`() throws {
    let failure = try #require(throws: FileFailure.self) {
      try read("question,context,answer\nwhat?,a film,film\n")
    }
    #expect(failure.problem.contains("answer_start"), "\(failure)")
  }
}
