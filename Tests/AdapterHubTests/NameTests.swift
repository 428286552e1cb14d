/// The import leaves an application its names.
import AdapterHub
import OtherNames
import Testing

@Suite struct `The import of an application` {
  /// Each of these would be ambiguous, and would not compile, if the import had it too.
  @Test func `leaves it the names that it has from elsewhere`() async {
    let values: [any Sendable] = [
      Account(),
      Activation(),
      Architecture(),
      AttentionShape(),
      BERT(),
      Batch(),
      Checkpoint(),
      Embedding(),
      Encoding(),
      Ending(),
      Field(),
      FileKind(),
      Fingerprint(),
      Head(),
      Hidden(),
      Hooks(),
      Initializer(),
      KeyValues(),
      Label(),
      LabelRequirement(),
      Layout(),
      Linear(),
      LineReader(),
      Meter(),
      Method(),
      Modules(),
      Norm(),
      Parameter(),
      Pass(),
      Prefix(),
      Projection(),
      Random(),
      Reading(),
      Rotary(),
      Row(),
      Site(),
      Target(),
      TensorFile(),
      TensorSummary(),
      TextLine(),
      TokenRows(),
      Traits(),
      Weights(),
    ]
    let texts = [
      append(),
      attention(),
      checkReplaceable(),
      configurationHash(),
      describe(),
      escaped(),
      fileExists(),
      generateCard(),
      lastPathComponent(),
      makeFolder(),
      parallel(),
      parallelMap(),
      parseMethods(),
      readFile(),
      removeFolder(),
      verify(),
      writeAtomically(),
      architectures,
      heads,
      memoryLimit,
      methods,
      threadCount,
    ]
    #expect(values.count > 40)
    #expect(texts.allSatisfy { !$0.isEmpty })
    #expect(await Task { 1 }.value == 1)
  }
}
