// swift-tools-version: 6.1
import PackageDescription

/// Settings of all targets: explicit existentials, and imports that are internal by default.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "modelfetch",
    products: [
        .library(name: "ModelFetch", targets: ["ModelFetch"]),
        .executable(name: "modelfetch", targets: ["ModelFetchCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        // C libraries. Each is imported by one target only, and its tests.
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CLinux"),

        // The library, bottom up. Dependencies point down only.
        .target(name: "Hashing", dependencies: ["CCrypto"], swiftSettings: strict),
        .target(name: "Threads", swiftSettings: strict),
        .target(
            name: "Transfer",
            dependencies: ["Threads", "CCurl", .product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: strict),
        .target(name: "Storage", dependencies: ["Hashing", "Threads", "CLinux"], swiftSettings: strict),
        .target(
            name: "BuiltInManifests", path: "manifests",
            resources: [
                .embedInCode("gpt2-124M.json"), .embedInCode("gpt2-355M.json"), .embedInCode("gpt2-774M.json"),
                .embedInCode("gpt2-1558M.json"), .embedInCode("tiny.json"),
            ], swiftSettings: strict),
        .target(
            name: "ModelFetch",
            dependencies: [
                "Hashing", "Threads", "Transfer", "Storage", "BuiltInManifests",
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "ModelFetchCommand",
            dependencies: [
                "ModelFetch", "Hashing", "Threads", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),

        // An example of a program that uses the library. Like other packages, it sees only what is public.
        .executableTarget(
            name: "fetch-example", dependencies: ["ModelFetch"], path: "Examples/Fetch", packageAccess: false,
            swiftSettings: strict),

        // Tests: one target for each module, and the servers and simulators that they use.
        .target(
            name: "FaultServer",
            dependencies: [
                "SeededRandom", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ], path: "Tests/FaultServer", exclude: ["README.md"], swiftSettings: strict),
        .executableTarget(
            name: "fault-server",
            dependencies: ["FaultServer", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/FaultServerCommand", swiftSettings: strict),
        .executableTarget(
            name: "SurvivalDemo", dependencies: ["FaultServer"], path: "Tests/SurvivalDemo", swiftSettings: strict),
        .target(name: "SeededRandom", path: "Tests/SeededRandom", swiftSettings: strict),
        .target(name: "TemporaryDirectory", path: "Tests/TemporaryDirectory", swiftSettings: strict),
        .target(
            name: "Simulation", dependencies: ["ModelFetch", "Storage", "Transfer", "Hashing", "SeededRandom"],
            path: "Tests/Simulation", swiftSettings: strict),
        .executableTarget(
            name: "simulate",
            dependencies: ["Simulation", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/SimulateCommand", swiftSettings: strict),
        .testTarget(
            name: "SimulationTests", dependencies: ["ModelFetch", "Simulation", "Storage", "Transfer"],
            swiftSettings: strict),
        .testTarget(
            name: "FaultServerTests", dependencies: ["FaultServer", "TemporaryDirectory"], swiftSettings: strict),
        .testTarget(name: "HashingTests", dependencies: ["Hashing"], swiftSettings: strict),
        .testTarget(name: "ThreadsTests", dependencies: ["Threads"], swiftSettings: strict),
        .target(
            name: "LoopbackServer", dependencies: ["Threads", "Transfer"], path: "Tests/LoopbackServer",
            swiftSettings: strict),
        .testTarget(
            name: "TransferTests", dependencies: ["Transfer", "CCurl", "FaultServer", "LoopbackServer", "Threads"],
            swiftSettings: strict),
        // Tests of objects that threads share. A program of its own, so that a build with ThreadSanitizer takes a minute.
        .executableTarget(
            name: "ThreadStress",
            dependencies: [
                "ModelFetch", "Storage", "Threads", "Transfer", "Hashing", "LoopbackServer", "SeededRandom",
                "TemporaryDirectory",
            ],
            path: "Tests/ThreadStress", swiftSettings: strict),
        .testTarget(name: "ThreadStressTests", dependencies: ["ThreadStress"], swiftSettings: strict),
        .testTarget(
            name: "StorageTests", dependencies: ["Storage", "Hashing", "SeededRandom", "TemporaryDirectory"],
            swiftSettings: strict),
        .testTarget(
            name: "ModelFetchTests",
            dependencies: [
                "ModelFetch", "Storage", "Threads", "Transfer", "Hashing", "FaultServer", "BuiltInManifests",
                "SeededRandom",
                "TemporaryDirectory",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "ModelFetchCommand", "fetch-example", "ModelFetch", "Hashing", "FaultServer", "TemporaryDirectory",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "FuzzTests", dependencies: ["ModelFetch", "Storage", "Transfer", "Hashing", "SeededRandom"],
            exclude: ["LibFuzzer"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

// The fuzz targets for libFuzzer, which has its own main: Tests/FuzzTests/LibFuzzer/run links them with it.
if Context.environment["MODELFETCH_LIBFUZZER"] != nil {
    package.targets.removeAll { $0.name == "FuzzTests" }
    package.targets.append(
        .target(
            name: "LibFuzzer", dependencies: ["ModelFetch", "Storage", "Transfer", "Hashing"], path: "Tests/FuzzTests",
            exclude: ["Corpus.swift", "CrashNote.swift", "FuzzTests.swift", "Mutator.swift", "RangeBodyTests.swift"]
                + ["LibFuzzer/run"], sources: ["Targets", "LibFuzzer/LibFuzzer.swift"], swiftSettings: strict))
    package.products.append(.library(name: "LibFuzzer", type: .static, targets: ["LibFuzzer"]))
}
