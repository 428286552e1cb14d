/// What differs between the files of two commits, each in the way that suits its kind.
internal import Files
internal import HubClient

/// How much of a comparison a page shows.
private enum Shown {
  static let files = 50
  /// Of a text.
  static let bytes = 256 << 10
  static let lines = 1000
  /// Of tensors, on each side.
  static let tensorBytes = 128 << 20
  /// Lines around a change.
  static let context = 3
}

/// The files that differ, as the template `difference` shows them.
func fileDifferences(_ before: Snapshot?, _ after: Snapshot, _ call: Call) async throws -> (
  shown: [[String: Any]], count: Int
) {
  var pairs: [(path: String, old: StoredFile?, new: StoredFile?)] = []
  for file in after.files {
    let old = before?.file(file.path)
    if old?.name != file.name { pairs.append((file.path, old, file)) }
  }
  for file in before?.files ?? [] where after.file(file.path) == nil {
    pairs.append((file.path, file, nil))
  }
  pairs.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  let base = "/\(try call.repository().repository.fullName)/blob"
  var shown: [[String: Any]] = []
  for (index, pair) in pairs.prefix(Shown.files).enumerated() {
    try Task.checkCancellation()
    var values: [String: Any] = [
      "id": "file-\(index)", "path": pair.path,
      "kind": pair.old == nil ? "added" : pair.new == nil ? "removed" : "changed",
      "isAdded": pair.old == nil, "isRemoved": pair.new == nil,
      "sizes": [pair.old, pair.new].compactMap { $0.map { byteText($0.byteCount) } }
        .joined(separator: " → "),
    ]
    let path = percentEncoded(pair.path, keepingSlashes: true)
    let commit = pair.new == nil ? before?.commit : after.commit
    values["link"] = commit.map { "\(base)/\($0)/\(path)" }
    values.merge(try await difference(pair.path, pair.old, pair.new, call.hub)) { $1 }
    shown.append(values)
  }
  return (shown, pairs.count)
}

private func difference(
  _ path: String, _ old: StoredFile?, _ new: StoredFile?, _ hub: HubCore
) async throws -> [String: Any] {
  if path.hasSuffix(".safetensors") {
    guard let old, let new else { return ["plain": true] }
    guard max(old.byteCount, new.byteCount) <= Shown.tensorBytes else { return ["tooLarge": true] }
    return try await tensorValues(hub.blobs.path(old.digest), hub.blobs.path(new.digest), hub)
  }
  guard max(old?.byteCount ?? 0, new?.byteCount ?? 0) <= Shown.bytes else {
    return ["tooLarge": true]
  }
  let before = try await old.textOrEmpty(hub)
  let after = try await new.textOrEmpty(hub)
  guard let before, let after else { return ["plain": true] }
  if path.hasSuffix(".json"), old != nil, new != nil,
    let a = try? JSON(parsing: Array(before.utf8), path: path),
    let b = try? JSON(parsing: Array(after.utf8), path: path), case .object = a, case .object = b
  {
    return settingValues(settingDifferences(a, b))
  }
  return try await onDisk { lineValues(lineDifference(before, after)) }.values
}

extension Optional where Wrapped == StoredFile {
  /// The text of a file; empty where there is no file, nil where it is no text.
  fileprivate func textOrEmpty(_ hub: HubCore) async throws -> String? {
    guard let file = self else { return "" }
    return try await text(hub, file, limit: Shown.bytes)
  }
}

// MARK: - Kinds

/// What did not change; nil where that is nothing.
private func sameText(_ count: Int, _ noun: String) -> String? {
  count == 0 ? nil : "\(counted(count, noun)) \(count == 1 ? "is" : "are") the same."
}

private func settingValues(_ settings: [SettingDifference]) -> [String: Any] {
  let changed = settings.filter(\.isChanged)
  var values: [String: Any] = [
    "rows": changed.prefix(500).map { setting in
      var values: [String: Any] = ["name": setting.name]
      values["old"] = setting.old
      values["new"] = setting.new
      return values
    },
    "isNone": changed.isEmpty,
  ]
  values["same"] = sameText(settings.count - changed.count, "setting")
  return ["settings": values]
}

private func tensorValues(_ old: String, _ new: String, _ hub: HubCore) async throws
  -> [String: Any]
{
  let found = try await hub.tensorSummaries.gate.run {
    () -> Result<[TensorDifference], any Error> in
    Result { try tensorDifferences(old, new) }
  }
  guard case .success(let tensors) = found else { return ["plain": true] }
  let changed = tensors.filter { $0.kind != .same }
  var values: [String: Any] = [
    "isNone": changed.isEmpty, "hasMore": changed.count > 1000,
    "left": max(0, changed.count - 1000),
    "rows": changed.prefix(1000).map { tensor -> [String: Any] in
      var values: [String: Any] = [
        "name": tensor.name, "shape": tensor.shape.map(String.init).joined(separator: " × "),
      ]
      switch tensor.kind {
      case .changed(let distance, let relative, let cosine):
        values["distance"] = measureText(distance)
        values["relative"] =
          relative.isFinite ? "\(fixed(relative * 100, digits: 2)) %" : "from zero"
        values["cosine"] = fixed(cosine, digits: 4)
      case .reshaped(let old, _):
        values["note"] = "was \(old.map(String.init).joined(separator: " × "))"
      case .removed: values["note"] = "removed"
      case .added: values["note"] = "added"
      case .same: break
      }
      return values
    },
  ]
  values["same"] = sameText(tensors.count - changed.count, "tensor")
  return ["tensors": values]
}

/// Values that were made on another thread: made of texts and numbers alone.
private struct LineValues: Sendable {
  var isTooMuch = false
  var rows: [LineChange?] = []
  var isCut = false
  var added = 0
  var removed = 0

  var values: [String: Any] {
    guard !isTooMuch else { return ["tooLarge": true] }
    return [
      "lines": [
        "isCut": isCut, "added": added, "removed": removed, "isNone": rows.isEmpty,
        "rows": rows.map { change -> [String: Any] in
          guard let change else { return ["isGap": true] }
          var values: [String: Any] = [
            "text": String(change.text.prefix(2000)), "isAdded": change.kind == .added,
            "isRemoved": change.kind == .removed,
            "sign": change.kind == .added ? "+" : change.kind == .removed ? "−" : " ",
          ]
          values["old"] = change.old
          values["new"] = change.new
          return values
        },
      ] as [String: Any]
    ]
  }
}

/// The changed lines with some around them; nil in their place where lines are left out.
private func lineValues(_ changes: [LineChange]?) -> LineValues {
  guard let changes else { return LineValues(isTooMuch: true) }
  var isNear = [Bool](repeating: false, count: changes.count)
  var values = LineValues()
  for (index, change) in changes.enumerated() where change.kind != .same {
    if change.kind == .added { values.added += 1 } else { values.removed += 1 }
    let range = max(0, index - Shown.context)...min(changes.count - 1, index + Shown.context)
    for near in range { isNear[near] = true }
  }
  for (index, change) in changes.enumerated() {
    guard values.rows.count < Shown.lines else {
      values.isCut = true
      break
    }
    if isNear[index] {
      values.rows.append(change)
    } else if values.rows.last.map({ $0 != nil }) ?? (index == 0) {
      values.rows.append(nil)
    }
  }
  // A gap at the end, or a text without changes, needs no mark.
  while values.rows.last.map({ $0 == nil }) ?? false { values.rows.removeLast() }
  return values
}
