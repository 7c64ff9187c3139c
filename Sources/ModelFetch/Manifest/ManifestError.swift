public import Foundation

/// Why there is no manifest: which one was meant, where in it something is wrong, and what.
///
/// The message names all of them and is safe to print: whatever came from outside is escaped.
public struct ManifestError: Error, Hashable, Sendable {
    /// What kind of failure this is; it decides the exit status of the command.
    public let code: Code
    /// Which manifest: a file's path, `built in`, a directory, or the model that was asked for. Not yet escaped.
    public let source: String
    /// Where in the manifest, as in `$.files[3].size`; `nil` where the trouble is not inside a manifest.
    public let jsonPath: String?
    /// What is wrong there. Safe to print.
    public let reason: String

    init(_ code: Code, source: String, jsonPath: String? = nil, reason: String) {
        self.code = code
        self.source = source
        self.jsonPath = jsonPath
        self.reason = reason
    }

    init(_ fault: JSONFault, source: String) {
        self.init(.invalid, source: source, jsonPath: fault.path.description, reason: fault.reason)
    }

    /// The kinds of failure. There may be more of them one day.
    public struct Code: Hashable, Sendable {
        private enum Kind { case unknownModel, missing, invalid, unreadable }
        private let kind: Kind

        /// No manifest has this name or alias; the message lists those that there are. Exit status 64.
        public static let unknownModel = Code(kind: .unknownModel)
        /// There is no such file or directory. Exit status 66.
        public static let missing = Code(kind: .missing)
        /// The manifest breaks a rule. Exit status 65.
        public static let invalid = Code(kind: .invalid)
        /// The file or directory is there and cannot be read, or is not a regular file. Exit status 73.
        public static let unreadable = Code(kind: .unreadable)
    }
}

extension ManifestError: CustomStringConvertible, LocalizedError {
    /// `my.json: $.files[3].size must be an integer, not a string`.
    public var description: String {
        let place = jsonPath.map { "\($0) " } ?? ""
        return "\(printable(withoutSecrets(source), limit: 1024)): \(place)\(reason)"
    }

    /// The same as ``description``.
    public var errorDescription: String? { description }
}
