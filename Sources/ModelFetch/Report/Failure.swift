public import Foundation
package import Storage

/// Why something failed: the kind of failure, where it happened, and what may help.
///
/// The message is one sentence for a person: what happened, the expected and the actual value, and what was kept. It contains no
/// secrets and no control characters.
public struct Failure: Error, Hashable, Sendable {
    /// The kinds of failure that a program decides by.
    public enum Kind: Hashable, Sendable, CaseIterable {
        /// Bad arguments or an unknown model.
        case usage
        /// Wrong, damaged or missing files, or a bad manifest.
        case data
        /// No such directory, manifest or certificate file.
        case noInput
        /// The sources did not deliver: another run, later, may succeed.
        case unavailable
        /// Something could not be created, read or written on this machine.
        case cannotWrite
        /// Another run holds the directory.
        case locked
        /// Every source gave a wrong or unsafe answer.
        case refused

        /// The kinds in order of precedence: the first one that occurred in a run is the kind of the whole run.
        package static let byPrecedence: [Kind] = [
            .cannotWrite, .data, .refused, .unavailable, .locked, .noInput, .usage,
        ]
    }

    /// The kind of failure.
    public let kind: Kind
    /// The path of the file in the manifest; `nil` if the failure is not about a single file.
    public let file: String?
    /// The URL of the source at which it happened, without secrets; `nil` if no source was involved.
    public let source: String?
    /// The offset in the file at which it happened, in bytes.
    public let offset: Int64?
    /// What happened, in one sentence. Safe to print.
    public let message: String
    /// What may help; `nil` if nothing is known to help.
    public let remedy: Remedy?
    /// What happened, in two or three words.
    package let brief: String

    package init(
        _ kind: Kind, file: String? = nil, source: String? = nil, offset: Int64? = nil, _ message: String,
        remedy: Remedy? = nil
    ) {
        self.init(kind, file: file, source: source, offset: offset, message, brief: message, remedy: remedy)
    }

    package init(
        _ kind: Kind, file: String? = nil, source: String? = nil, offset: Int64? = nil, _ message: String,
        brief: String, remedy: Remedy? = nil
    ) {
        self.kind = kind
        self.file = file
        self.source = source
        self.offset = offset
        self.message = message
        self.brief = brief
        self.remedy = remedy
    }
}

extension Failure: CustomStringConvertible, LocalizedError {
    /// The file, if the failure is about one, and the message. Safe to print.
    public var description: String {
        (file.map { printable($0) + ": " } ?? "") + message
    }

    /// The same as ``description``.
    public var errorDescription: String? { description }

    /// The description of ``remedy``.
    public var recoverySuggestion: String? { remedy?.description }
}

extension Failure {
    /// The failure of a call on the disk.
    ///
    /// - Parameter kept: what was kept, as a clause.
    package init(_ error: StorageError, file: String? = nil, kept: String? = nil) {
        let kind: Kind =
            switch error.code {
            case .noSuchDirectory: .noInput
            case .locked: .locked
            default: .cannotWrite
            }
        let remedy: Remedy? =
            switch error.code {
            case .noSpace: error.underlying?.isFileSizeLimit == true ? .raiseLimit(.fileSize) : .freeSpace
            case .noInodes: .removeFiles
            case .notRegularFile: error.isOfTheDirectoryItself ? .chooseDirectory : .clearPath
            case .modifiedExternally: .leaveUndisturbed
            default: nil
            }
        let rest = kept.map { "; " + $0 } ?? ""
        self.init(kind, file: file, "\(printable(error.path, limit: 1024)): \(error.reason)\(rest)", remedy: remedy)
    }
}
