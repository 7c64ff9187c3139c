internal import Storage
internal import Transfer

/// A place that has the files, ready to be asked.
struct Source: Sendable {
    /// The base URL, without secrets; file paths are appended.
    let base: HTTPURL
    let rank: Int
    /// Goes to the origin of `base` alone.
    let credentials: Credentials

    /// Tells it from every other source, and is the same in the next run.
    let id: SourceID
    /// The base as messages show it: as it was typed, but for user, password and query.
    let shown: String

    /// The URL of a file below it, likewise; `nil` where the path can be none below a source.
    func shown(appending path: String) -> String? {
        guard let url = try? base.appending(path: path) else { return nil }
        let (whole, start) = (url.redacted, base.redacted)
        guard !start.hasSuffix("?…"), whole.hasPrefix(start) else { return whole }
        return shown + (shown.utf8.last == UInt8(ascii: "/") ? "" : "/")
            + whole.dropFirst(start.count).drop { $0 == "/" }
    }

    /// An error whose address is shown as the user typed it, as far as it is this source's.
    func asTyped(_ error: TransferError) -> TransferError {
        var error = error
        let start = base.redacted
        if let url = error.url, !start.hasSuffix("?…"), url.hasPrefix(start) {
            error.url = shown + url.dropFirst(start.count)
        }
        return error
    }

    /// The sources of a run, best rank first.
    ///
    /// - Parameters:
    ///   - urls: base URLs that take the place of the manifest's.
    ///   - headers: header fields for those.
    ///   - usesNetrc: whether the user's `.netrc` may be used.
    /// - Returns: none if neither `urls` nor the manifest names one, which is enough for a complete model.
    /// - Throws: a ``Failure`` of kind ``Failure/Kind/usage`` for a URL that is none.
    static func list(
        for manifest: Manifest, named urls: [String], headers: [(name: String, value: String)], usesNetrc: Bool
    ) throws(Failure) -> [Source] {
        var sources: [Source] = []
        if !urls.isEmpty {
            for url in urls {
                sources.append(try make(url, rank: 0, headers: headers, netrc: usesNetrc))
            }
        } else {
            guard headers.isEmpty else {
                throw Failure(.usage, "header fields go only to a source that you name: add --source URL")
            }
            for source in manifest.sources.sorted(by: { $0.rank < $1.rank }) {
                sources.append(try make(source.url, rank: source.rank, headers: [], netrc: usesNetrc))
            }
        }
        return sources
    }

    /// What a run fails with that has something to fetch, and nowhere to get it.
    static func none(for manifest: Manifest) -> Failure {
        Failure(
            .usage, "the manifest of \(printable(manifest.name)) names no source",
            hint: "say where its files are: --source http://host/path/")
    }

    private static func make(
        _ url: String, rank: Int, headers: [(name: String, value: String)], netrc: Bool
    ) throws(Failure) -> Source {
        do throws(TransferError) {
            let (base, userinfo) = try HTTPURL.parse(url)
            var credentials = Credentials()
            credentials.headers = headers
            credentials.userinfo = userinfo
            credentials.netrc = netrc
            return Source(
                base: base, rank: rank, credentials: credentials, id: SourceID(url: base.absoluteString),
                shown: shown(url) ?? base.redacted)
        } catch {
            // A URL that does not parse cannot be redacted either: only what is certainly no secret is shown.
            let shown = shownAddress(url).map { "the source \($0)" } ?? "a source"
            throw Failure(.usage, "\(shown) is \(error)", hint: "a source is a base URL such as https://host/path/")
        }
    }

    /// A URL as it was typed, without what may be secret.
    ///
    /// - Returns: `nil` for one in which that cannot be told for certain.
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
        // An @ further on: some parser may take more for the user and the password than this one.
        guard !path.contains(UInt8(ascii: "@")) else { return nil }
        let hasQuery = bytes[end...].contains(UInt8(ascii: "?"))
        return printable(bytes[..<start] + bytes[host] + path, limit: 300) + (hasQuery ? "?…" : "")
    }
}
