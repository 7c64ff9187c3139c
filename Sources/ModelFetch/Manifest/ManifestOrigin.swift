/// Where a manifest came from. Reports say so, because everything else in them depends on it.
public enum ManifestOrigin: Hashable, Sendable {
    /// Shipped with this program.
    case builtIn
    /// Read from the file at this path.
    case file(String)
    /// Read from the copy in this model directory. It is only as trustworthy as the directory itself.
    case receipt(String)

    /// The origin in words, for messages. Not escaped.
    public var source: String {
        switch self {
        case .builtIn: "built in"
        case .file(let path): path
        case .receipt(let directory): "the receipts in \(directory)"
        }
    }
}
