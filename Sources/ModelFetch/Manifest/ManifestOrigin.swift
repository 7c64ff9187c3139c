/// Where a manifest came from. Reports say it, because it is what the rest of them rests on.
public enum ManifestOrigin: Hashable, Sendable {
    /// Shipped with this program.
    case builtIn
    /// Read from the file at this path.
    case file(String)
    /// The copy that the receipts in this model directory keep: as trustworthy as the directory itself.
    case receipt(String)

    /// In words, for messages. Not escaped.
    public var source: String {
        switch self {
        case .builtIn: "built in"
        case .file(let path): path
        case .receipt(let directory): "the receipts in \(directory)"
        }
    }
}
