// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is held to the same rules: Swift 6 concurrency, explicit existentials, and
/// imports that say what leaks into the public interface.
///
/// Warnings are errors.
let rules: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

/// The kernels are the inner loops: without optimisation a debug build runs 88 times slower, so
/// tests would be too slow to be run.
let kernelFlags: [CSetting] = [
  .unsafeFlags(["-O2"], .when(configuration: .debug)),
  .unsafeFlags(["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast"]),
]

let package = Package(
  name: "AdapterHub",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "AdapterHub", targets: ["AdapterHub"]),
    .library(name: "AdapterHubEngine", targets: ["AdapterHubEngine"]),
    .executable(name: "adapterhub", targets: ["AdapterHubCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0", traits: []),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
  ],
  targets: [
    .target(
      name: "CAdapterKernels", cSettings: kernelFlags,
      linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("m")]),
    .target(name: "Files", swiftSettings: rules),
    .target(name: "Tokenization", dependencies: ["Files"], swiftSettings: rules),
    .target(name: "Datasets", dependencies: ["Files"], swiftSettings: rules),
    .target(name: "Tensors", dependencies: ["CAdapterKernels"], swiftSettings: rules),
    .target(name: "BaseModels", dependencies: ["Tensors", "Files"], swiftSettings: rules),
    .target(
      name: "Adapters",
      dependencies: ["BaseModels", "Tensors", "Tokenization", "Datasets", "Files"],
      swiftSettings: rules),
    .target(
      name: "HubClient",
      dependencies: [
        "Files",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: rules),
    // The hub's templates, style and script, inside the program: one file is all there is to install.
    .target(name: "CHubAssets", exclude: ["Templates", "Static"]),
    .systemLibrary(name: "CMarkdown", pkgConfig: "md4c", providers: [.apt(["libmd4c-dev"])]),
    .target(
      name: "HubServer",
      dependencies: [
        "HubClient", "Files", "CHubAssets", "CMarkdown",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "CryptoExtras", package: "swift-crypto"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Mustache", package: "swift-mustache"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOFoundationCompat", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: rules),
    .target(
      name: "AdapterHubEngine",
      dependencies: ["Adapters", "BaseModels", "Tensors", "Tokenization", "Datasets", "Files"],
      swiftSettings: rules),
    .target(
      name: "AdapterHub", dependencies: ["AdapterHubEngine", "HubClient"], swiftSettings: rules),
    .executableTarget(
      name: "AdapterHubCommand",
      dependencies: [
        "Adapters", "BaseModels", "Tensors", "Tokenization", "Datasets", "Files", "HubClient",
        "HubServer",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: rules),
    .executableTarget(name: "DemoData", dependencies: ["Datasets", "Files"], swiftSettings: rules),
    .testTarget(name: "FilesTests", dependencies: ["Files"], swiftSettings: rules),
    .testTarget(
      name: "TokenizationTests", dependencies: ["Tokenization", "Files"], exclude: ["Goldens"],
      swiftSettings: rules),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "Files"], swiftSettings: rules),
    .testTarget(
      name: "TensorsTests", dependencies: ["Tensors", "CAdapterKernels"], swiftSettings: rules),
    .testTarget(
      name: "AdaptersTests",
      dependencies: ["Adapters", "BaseModels", "Tensors", "Tokenization", "Datasets", "Files"],
      exclude: ["Goldens"], swiftSettings: rules),
    .testTarget(
      name: "CommandTests",
      dependencies: ["Adapters", "BaseModels", "Tensors", "Tokenization", "Datasets", "Files"],
      swiftSettings: rules),
    .testTarget(
      name: "HubServerTests",
      dependencies: [
        "HubServer", "HubClient", "Files",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTesting", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: rules),
    .testTarget(
      name: "HubClientTests",
      dependencies: [
        "HubClient", "Files",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: rules),
    // Names that applications have from elsewhere, so that none of ours is in their way.
    .target(name: "OtherNames", path: "Tests/OtherNames", swiftSettings: rules),
    .testTarget(
      name: "AdapterHubTests", dependencies: ["AdapterHub", "Files", "OtherNames"],
      swiftSettings: rules),
  ],
  cLanguageStandard: .c17
)
