/// Something about a manifest that a user should know and that does not keep it from being used.
public struct ManifestWarning: Hashable, Sendable {
    /// Which manifest: a file's path or `built in`. Not yet escaped.
    public let source: String
    /// Where in it; `nil` where the manifest as a whole is meant.
    public let jsonPath: String?
    /// What is odd. Safe to print.
    public let reason: String
}

extension ManifestWarning: CustomStringConvertible {
    /// `my.json: $.files[3].crc is an unknown key and was ignored`. Safe to print.
    public var description: String {
        "\(printable(source, limit: 1024)): \(jsonPath.map { "\($0) " } ?? "")\(reason)"
    }
}
