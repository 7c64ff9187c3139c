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
    /// The base as messages show it.
    var shown: String { base.redacted }

    /// The sources of a run, best rank first.
    ///
    /// - Throws: a ``Failure`` of kind ``Failure/Kind/usage`` for a URL that is none, or if there is no source at all.
    static func list(for manifest: Manifest, _ options: DownloadOptions) throws(Failure) -> [Source] {
        var sources: [Source] = []
        if !options.sources.isEmpty {
            for url in options.sources {
                sources.append(try make(url, rank: 0, headers: options.headers, netrc: options.usesNetrc))
            }
        } else {
            guard options.headers.isEmpty else {
                throw Failure(.usage, "header fields go only to a source that you name: add --source URL")
            }
            for source in manifest.sources.sorted(by: { $0.rank < $1.rank }) {
                sources.append(try make(source.url, rank: source.rank, headers: [], netrc: options.usesNetrc))
            }
        }
        guard !sources.isEmpty else {
            throw Failure(
                .usage, "the manifest of \(manifest.name) names no source",
                hint: "say where its files are: --source http://host/path/")
        }
        return sources
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
                base: base, rank: rank, credentials: credentials, id: SourceID(url: base.absoluteString))
        } catch {
            // A URL that does not parse cannot be redacted either: with an @ in it, it may hold a password.
            let shown = url.utf8.contains(UInt8(ascii: "@")) ? "a source" : "the source “\(printable(url))”"
            throw Failure(.usage, "\(shown) is \(error)", hint: "a source is a base URL such as https://host/path/")
        }
    }
}
