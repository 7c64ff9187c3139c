public import Foundation
package import Storage

/// Why something did not work: which kind, on what, and what to do about it.
///
/// The message is one sentence for a person: it says what happened, with expected and actual, and what was kept. It holds
/// nothing secret and nothing that would act on a terminal.
public struct Failure: Error, Hashable, Sendable {
    /// The kinds, one a class of exit codes (sysexits(3)).
    public enum Kind: Int32, Hashable, Sendable, CaseIterable {
        /// Bad arguments or an unknown model.
        case usage = 64
        /// Wrong, damaged or missing files, or a bad manifest.
        case data = 65
        /// No such directory or manifest.
        case noInput = 66
        /// The sources did not deliver: worth another run later.
        case unavailable = 69
        /// Something could not be created, read or written here.
        case cannotWrite = 73
        /// Another run holds the directory.
        case locked = 75
        /// Every source answered something wrong or unsafe.
        case refused = 76

        /// Which kind speaks for a run in which several occurred: the first of them here.
        package static let byPrecedence: [Kind] = [
            .cannotWrite, .data, .refused, .unavailable, .locked, .noInput, .usage,
        ]
    }

    /// Which kind it is.
    public let kind: Kind
    /// The file, as the manifest names it; `nil` if no single file is meant.
    public let file: String?
    /// The source it happened at, without secrets; `nil` if none was involved.
    public let source: String?
    /// The byte of the file at which it happened.
    public let offset: Int64?
    /// What happened, in a sentence for a person. Safe to print.
    public let message: String
    /// What may help, as a clause or a command; `nil` if nothing is known to.
    public let hint: String?
    /// What happened in two or three words, for where there is no room for a sentence.
    package let brief: String

    package init(
        _ kind: Kind, file: String? = nil, source: String? = nil, offset: Int64? = nil, _ message: String,
        hint: String? = nil
    ) {
        self.init(kind, file: file, source: source, offset: offset, message, brief: message, hint: hint)
    }

    package init(
        _ kind: Kind, file: String? = nil, source: String? = nil, offset: Int64? = nil, _ message: String,
        brief: String, hint: String? = nil
    ) {
        self.kind = kind
        self.file = file
        self.source = source
        self.offset = offset
        self.message = message
        self.brief = brief
        self.hint = hint
    }
}

extension Failure: CustomStringConvertible, LocalizedError {
    /// The file, if one is meant, and the message. Safe to print.
    public var description: String {
        (file.map { printable($0) + ": " } ?? "") + message
    }

    /// The same as ``description``.
    public var errorDescription: String? { description }

    /// The same as ``hint``.
    public var recoverySuggestion: String? { hint }
}

extension Failure {
    /// A failed call on the disk, worded; `kept` says what became of the bytes.
    package init(_ error: StorageError, file: String? = nil, kept: String? = nil) {
        let kind: Kind =
            switch error.code {
            case .noSuchDirectory: .noInput
            case .locked: .locked
            default: .cannotWrite
            }
        let hint: String? =
            switch error.code {
            case .noSpace where error.underlying?.isFileSizeLimit == true:
                "raise the limit (ulimit -f), or give a directory on another file system, and run it again"
            case .noSpace: "free some space, or give another directory, and run it again"
            case .noInodes: "remove files that are not needed there, or give another directory, and run it again"
            case .inTheWay where error.isOfTheDirectoryItself: "give a directory"
            case .inTheWay: "move away what stands there, and run it again"
            case .disturbed: "let nothing else work on the directory, and run it again"
            default: nil
            }
        let rest = kept.map { "; " + $0 } ?? ""
        self.init(kind, file: file, "\(printable(error.path, limit: 1024)): \(error.reason)\(rest)", hint: hint)
    }
}
