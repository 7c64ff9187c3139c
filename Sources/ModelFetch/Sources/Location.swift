internal import Storage
internal import Transfer

/// Where a source has its files: a base URL to which the paths of files are appended.
struct Location: Sendable {
    /// The base URL, without user name and password.
    let base: HTTPURL
    /// The base URL as messages show it: as it was typed, without user name, password and query.
    let shown: String

    /// - Parameter typed: the base URL as the user or the manifest gives it.
    init(base: HTTPURL, typed: String) {
        self.base = base
        shown = Self.shown(typed) ?? base.redacted
    }

    /// The URL of a file.
    ///
    /// - Throws: if no URL can be made of the path.
    func url(for path: ManifestPath) throws(TransferError) -> HTTPURL { try base.appending(path: path.string) }

    // MARK: For messages

    /// The URL of a file as messages show it; `nil` if no URL can be made of the path.
    func shownURL(for path: ManifestPath) -> String? {
        guard let url = try? url(for: path) else { return nil }
        let (whole, start) = (url.redacted, base.redacted)
        guard !start.hasSuffix("?…"), whole.hasPrefix(start) else { return whole }
        return shown + (shown.utf8.last == UInt8(ascii: "/") ? "" : "/")
            + whole.dropFirst(start.count).drop { $0 == "/" }
    }

    /// An error that shows the base URL as it was typed, if its address is below this location.
    func asTyped(_ error: TransferError) -> TransferError {
        var error = error
        let start = base.redacted
        if let url = error.url, !start.hasSuffix("?…"), url.hasPrefix(start) {
            error.url = shown + url.dropFirst(start.count)
        }
        return error
    }

    /// A URL as it was typed, without the parts that may be secret.
    ///
    /// - Returns: `nil` for a URL in which these parts cannot be told for certain.
    static func shown(_ url: String) -> String? {
        let bytes = Array(url.utf8)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8),
            !bytes.contains(UInt8(ascii: "\\")), bytes.count <= 300
        else { return nil }
        let start = colon + 3
        let delimiters = Array("/?#".utf8)
        let end = bytes[start...].firstIndex(where: delimiters.contains) ?? bytes.endIndex
        let host = (bytes[start..<end].lastIndex(of: UInt8(ascii: "@")).map { $0 + 1 } ?? start)..<end
        let path = bytes[end...].prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        // With an @ further on, another parser may take more of the URL for user name and password than this one.
        guard !path.contains(UInt8(ascii: "@")) else { return nil }
        let hasQuery = bytes[end...].contains(UInt8(ascii: "?"))
        return printable(bytes[..<start] + bytes[host] + path, limit: 300) + (hasQuery ? "?…" : "")
    }
}
