/// Something about a manifest that a user should know, although the manifest can be used.
public struct ManifestWarning: Hashable, Sendable {
    /// Which manifest: the path of a file, or `built in`. Not escaped.
    public let source: String
    /// Where in the manifest; `nil` for the manifest as a whole.
    public let jsonPath: String?
    /// What is unusual. Safe to print.
    public let reason: String
}

extension ManifestWarning: CustomStringConvertible {
    /// `my.json: $.files[3].crc is an unknown key and was ignored`. Safe to print.
    public var description: String {
        "\(printable(source, limit: 1024)): \(jsonPath.map { "\($0) " } ?? "")\(reason)"
    }
}
