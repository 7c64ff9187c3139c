import Foundation
import Glibc

/// Which system calls of the program suffer what (tamper.c).
struct Tampering {
    enum Harm {
        /// The process dies before the call is made.
        case kill
        /// The call fails with this errno(3).
        case error(Int32)
        /// Half is written or read, and the program is told so.
        case short
        /// Half is written, and the program is told that all was.
        case lie

        fileprivate var text: String {
            switch self {
            case .kill: "kill"
            case .error(let code): "\(code)"
            case .short: "short"
            case .lie: "lie"
            }
        }
    }

    /// The calls by which a download changes what is on the disk, and those that it needs for that.
    static let changing = [
        "open", "openat", "openat2", "mkdir", "mkdirat", "pwrite", "fsync", "ftruncate", "fallocate", "renameat",
        "unlinkat", "flock",
    ]

    var calls: [String]
    var harm: Harm
    /// Which of these calls, counted from 1 over all threads.
    var numbers: ClosedRange<Int>
    /// Only calls on paths that end so.
    var path: String?

    init(_ calls: [String], _ harm: Harm, _ numbers: ClosedRange<Int>, path: String? = nil) {
        (self.calls, self.harm, self.numbers, self.path) = (calls, harm, numbers, path)
    }

    /// A call that suffered.
    struct Hit: Equatable {
        let call: String
        let path: String
    }
}

extension Workspace {
    /// Where tampering is recorded.
    private var hitsPath: String { path + "/hits" }

    /// Starts the program with calls that suffer.
    func start(_ arguments: [String], _ tampering: Tampering?) async throws -> Child {
        try? FileManager.default.removeItem(atPath: hitsPath)
        guard let tampering else { return try start(arguments) }
        var environment = [
            "LD_PRELOAD": try await NativeHelper.tamper(),
            "TAMPER_CALLS": tampering.calls.map { $0 + "," }.joined(), "TAMPER_DO": tampering.harm.text,
            "TAMPER_FROM": "\(tampering.numbers.lowerBound)", "TAMPER_TO": "\(tampering.numbers.upperBound)",
            "TAMPER_LOG": hitsPath,
        ]
        environment["TAMPER_PATH"] = tampering.path
        return try start(arguments, environment: environment)
    }

    func run(_ arguments: [String], _ tampering: Tampering) async throws -> Child.Result {
        try await start(arguments, tampering).wait()
    }

    /// The calls of the last run that suffered.
    var hits: [Tampering.Hit] {
        let text = String(decoding: FileManager.default.contents(atPath: hitsPath) ?? Data(), as: UTF8.self)
        return text.split(separator: "\n").map { line in
            let space = line.firstIndex(of: " ") ?? line.endIndex
            return Tampering.Hit(call: String(line[..<space]), path: String(line[space...].dropFirst()))
        }
    }
}
