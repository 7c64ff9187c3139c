public import Foundation

/// Why a manifest cannot be used: which one, where in it the fault is, and what is wrong.
///
/// The message is safe to print: text from outside is escaped.
public struct ManifestError: Error, Hashable, Sendable {
    /// The kind of failure.
    public let code: Code
    /// Which manifest: the path of a file or directory, `built in`, or the requested model. Not escaped.
    public let source: String
    /// Where in the manifest, as in `$.files[3].size`; `nil` if the fault is not inside a manifest.
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

    /// The kinds of failure. Later versions may add some.
    public struct Code: Hashable, Sendable {
        private enum Kind { case unknownModel, missing, invalid, unreadable }
        private let kind: Kind

        /// No manifest has this name or alias. The message lists the known names.
        public static let unknownModel = Code(kind: .unknownModel)
        /// There is no such file or directory.
        public static let missing = Code(kind: .missing)
        /// The manifest breaks a rule.
        public static let invalid = Code(kind: .invalid)
        /// The file or directory exists but cannot be read, or is not a regular file.
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
