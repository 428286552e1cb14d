import Files
import Foundation
import Testing

@testable import HubServer

@Suite struct `The difference of two texts` {
  /// Removed, added and kept lines as `-a`, `+b`, ` c`.
  private func signs(_ old: String, _ new: String) -> [String]? {
    lineDifference(old, new)?.map { change in
      (change.kind == .added ? "+" : change.kind == .removed ? "-" : " ") + change.text
    }
  }

  @Test(arguments: [
    ("a\nb\nc", "a\nb\nc", [" a", " b", " c"]), ("a\nb\nc", "a\nc", [" a", "-b", " c"]),
    ("a\nc", "a\nb\nc", [" a", "+b", " c"]), ("a", "b", ["-a", "+b"]),
    ("a\nb\nc\nd", "a\nx\nc\ny\nd", [" a", "-b", "+x", " c", "+y", " d"]), ("", "", [" "]),
  ])
  func `is what was removed and what was added`(_ old: String, _ new: String, _ expected: [String])
  {
    #expect(signs(old, new) == expected)
  }

  /// The shortest by the slow way: the longest common subsequence, filled in as a table.
  private func shortest(_ a: [String], _ b: [String]) -> Int {
    var row = [Int](repeating: 0, count: b.count + 1)
    for x in a {
      var diagonal = 0
      for (index, y) in b.enumerated() {
        let above = row[index + 1]
        row[index + 1] = x == y ? diagonal + 1 : max(above, row[index])
        diagonal = above
      }
    }
    return a.count + b.count - 2 * row[b.count]
  }

  @Test(arguments: 0..<200) func `makes one of the other, in the fewest steps`(_ seed: Int) throws {
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
    func draw(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % count
    }
    let old = (0..<draw(20)).map { _ in String(draw(4)) }
    let new = (0..<draw(20)).map { _ in String(draw(4)) }
    let changes = try #require(
      lineDifference(old.joined(separator: "\n"), new.joined(separator: "\n")))
    // A text without lines is one empty line.
    let (a, b) = (old.isEmpty ? [""] : old, new.isEmpty ? [""] : new)
    #expect(changes.filter { $0.kind != .added }.map(\.text) == a)
    #expect(changes.filter { $0.kind != .removed }.map(\.text) == b)
    #expect(changes.filter { $0.kind != .same }.count == shortest(a, b))
    #expect(changes.compactMap(\.old) == Array(1...a.count))
    #expect(changes.compactMap(\.new) == Array(1...b.count))
  }

  @Test func `gives up where it would take too long`() {
    let old = (0..<5000).map { "a\($0)" }.joined(separator: "\n")
    let new = (0..<5000).map { "b\($0)" }.joined(separator: "\n")
    #expect(lineDifference(old, new) == nil)
  }
}

@Suite struct `The difference of two configurations` {
  @Test func `is by setting, however deep`() {
    let old: JSON = ["a": 1, "b": ["c": "x", "d": [1, 2]], "e": nil]
    let new: JSON = ["a": 1, "b": ["c": "y", "d": [1, 2]], "f": true]
    let changed = settingDifferences(old, new).filter(\.isChanged)
    #expect(
      changed == [
        SettingDifference(name: "b.c", old: "x", new: "y"),
        SettingDifference(name: "e", old: "none", new: nil),
        SettingDifference(name: "f", old: nil, new: "yes"),
      ])
  }
}

@Suite struct `The difference of two weight files` {
  @Test func `tells the distance of each tensor`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "weights-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (old, new) = (folder.path + "/a.safetensors", folder.path + "/b.safetensors")
    try writeSafetensors(
      [
        NamedTensor(name: "same", shape: [2], floats: [1, 2]),
        NamedTensor(name: "turned", shape: [2], floats: [3, 0]),
        NamedTensor(name: "shaped", shape: [2, 1], floats: [1, 1]),
        NamedTensor(name: "gone", shape: [1], floats: [1]),
      ], to: old)
    try writeSafetensors(
      [
        NamedTensor(name: "same", shape: [2], floats: [1, 2]),
        NamedTensor(name: "turned", shape: [2], floats: [0, 4]),
        NamedTensor(name: "shaped", shape: [1, 2], floats: [1, 1]),
        NamedTensor(name: "new", shape: [1], floats: [1]),
      ], to: new)
    let found = try tensorDifferences(old, new)
    #expect(found.map(\.name) == ["gone", "new", "same", "shaped", "turned"])
    #expect(found[0].kind == .removed && found[1].kind == .added && found[2].kind == .same)
    #expect(found[3].kind == .reshaped(old: [2, 1], new: [1, 2]))
    #expect(found[4].kind == .changed(distance: 5, relative: 5.0 / 3, cosine: 0))
  }
}
