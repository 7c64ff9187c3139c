/// How a download is done. The defaults are those of the command without options.
public struct DownloadOptions: Sendable {
    /// The files of the manifest to download.
    public var selection = Selection.all
    /// Base URLs that replace the manifest's sources. If empty, the manifest's sources are used.
    public var sources: [String] = []
    /// How many attempts after the first may pass without progress before a source is given up; 0 means a single attempt.
    public var retries = 8
    /// The base of the exponential back-off between attempts. A pause is at most 30 s long, unless a server asks for more.
    public var retryDelay: Duration = .milliseconds(500)
    /// How long a transfer may stay below 1 KiB/s before it is aborted.
    public var stallTimeout: Duration = .seconds(30)
    /// How long connecting may take, including name resolution and TLS.
    public var connectTimeout: Duration = .seconds(15)
    /// Whether to keep trying while no source can be reached. Otherwise a run in which no source has ever answered fails within 10 s.
    public var waitsForNetwork = false
    /// The limit for all transfers together, in bytes per second; `nil` for none.
    public var rateLimit: Int64?
    /// Whether files with a valid receipt are hashed again.
    public var recheck = false
    /// Whether it is an error if the manifest has no SHA-256 for a selected file.
    public var requireSHA256 = false
    /// Whether to wait while another run holds the directory's lock. Otherwise that is a failure.
    public var waitsForLock = true
    /// Whether files and their names are made durable (fsync) before they are reported as verified.
    public var isDurable = true
    /// Whether a different file that has the name of a selected one, or the directory of another model, may be replaced.
    public var replacesForeignFiles = false
    /// The most connections to one server at the same time, for all files of the run together, from 1 to 16. As many are used as are worth it,
    /// and files are divided among them.
    public var connections = 16
    /// The most files that are processed at once.
    public var concurrentFiles = 16
    /// How many files are worked on at the same time when the next one has at most ``smallFileSize`` bytes, if that is more than
    /// ``concurrentFiles``. With more of them than connections, a connection has its next request while the last file is verified and published.
    public var concurrentSmallFiles = 32
    /// Up to how many bytes a file is small, see ``concurrentSmallFiles``.
    public static let smallFileSize: Int64 = 1 << 20
    /// Additional header fields, sent to the origins of ``sources`` only.
    public var headers: [(name: String, value: String)] = []
    /// Whether credentials from the user's `.netrc` may be used. They are sent to the sources' own origins only.
    public var usesNetrc = false
    /// The URL of a proxy; `nil` to use the usual environment variables.
    public var proxy: String?
    /// Whether to offer HTTP/2 to https servers. Only needed for servers that speak nothing else.
    public var offersHTTP2 = false
    /// A PEM file with the certificate authorities to trust.
    public var certificateFile: String?
    /// A directory with the certificate authorities to trust, as made by c_rehash(1).
    public var certificateDirectory: String?

    /// The defaults.
    public init() {}
}
