internal import Storage
internal import Transfer

/// A server that has the files, with what is needed to ask it.
struct Source: Sendable {
    let location: Location
    /// Sources of a lower rank are asked first.
    let rank: Int
    /// Sent to the location's origin only.
    let credentials: Credentials
    /// Distinguishes it from every other source; the same in every run.
    let id: SourceID

    /// Its base URL as messages show it.
    var shown: String { location.shown }

    /// A request for a file.
    ///
    /// - Parameters:
    ///   - range: the bytes that are wanted; `nil` for the whole file.
    ///   - total: the file's size, if it is known.
    /// - Throws: if no URL can be made of the path.
    func request(
        for path: ManifestPath, range: Range<Int64>?, total: Int64? = nil
    ) throws(TransferError) -> FetchRequest {
        FetchRequest(
            url: try location.url(for: path), credentials: credentials, range: range, total: total, validator: nil,
            fileName: path.string)
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
                throw Failure(
                    .usage, "header fields are sent only to sources that are given by URL", remedy: .nameSource)
            }
            for source in manifest.sources.sorted(by: { $0.rank < $1.rank }) {
                sources.append(try make(source.url, rank: source.rank, headers: [], netrc: usesNetrc))
            }
        }
        return sources
    }

    /// The failure of a run that has something to fetch, but no source.
    static func none(for manifest: Manifest) -> Failure {
        Failure(
            .usage, "the manifest of \(printable(manifest.name)) names no source",
            remedy: .nameSource)
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
                location: Location(base: base, typed: url), rank: rank, credentials: credentials,
                id: SourceID(url: base.absoluteString))
        } catch {
            // A URL that does not parse cannot be redacted either, so only parts that are certainly no secrets are shown.
            let shown = shownAddress(url).map { "the source \($0)" } ?? "a source"
            throw Failure(.usage, "\(shown) cannot be used: \(error)", remedy: .correctSource)
        }
    }
}
