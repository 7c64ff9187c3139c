import Foundation

/// The program under test, and others that tests need.
enum Program {
    /// The built `modelfetch`: beside the test bundle, unless `$MODELFETCH_BINARY` names another.
    static let path = ProcessInfo.processInfo.environment["MODELFETCH_BINARY"] ?? built + "/modelfetch"

    /// The directory of what was built with the tests.
    static let built: String = {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundlePath
        let tests = bundle ?? (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        return URL(fileURLWithPath: tests ?? CommandLine.arguments[0]).deletingLastPathComponent().path
    }()

    /// Where a program is installed.
    static func find(_ name: String) -> String? {
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "") + ":/usr/sbin:/sbin"
        let candidates: [String] = path.split(separator: ":").map { "\($0)/\(name)" }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Whether tests that need another program may run. In CI they must: what is missing there fails rather than hides.
    static func has(_ name: String) -> Bool { isCI || find(name) != nil }

    static let isCI = ProcessInfo.processInfo.environment["CI"] == "true"
    /// Whether it was built with a sanitizer (`./test --sanitize`), which takes time and memory of its own.
    static let isSanitized = path.contains("/sanitize-")
    static let isRoot = geteuid() == 0
}
