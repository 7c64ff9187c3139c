/// How a download is done.
public struct DownloadOptions: Sendable {
    /// Which files of the manifest are wanted.
    public var selection = Selection.all
    /// Base URLs that stand in for the manifest's sources; empty: the manifest's.
    public var sources: [String] = []
    /// Attempts after the first that may pass without progress, a source; 0 is one attempt.
    public var retries = 8
    /// Base of the exponential back-off; at most 30 s are waited, unless a server asks for more.
    public var retryDelay: Duration = .milliseconds(500)
    /// How long a transfer may stay below 1 KiB/s.
    public var stallTimeout: Duration = .seconds(30)
    /// How long it may take to connect, name look-up and TLS included.
    public var connectTimeout: Duration = .seconds(15)
    /// Whether to go on trying while no source can be reached. Otherwise a run in which none has ever answered ends after some
    /// seconds.
    public var waitsForNetwork = false
    /// Bytes per second for all transfers together; `nil`: no limit.
    public var rateLimit: Int64?
    /// Whether files that have a receipt are hashed again.
    public var recheck = false
    /// Whether a file without a SHA-256 in the manifest is an error.
    public var requireSHA256 = false
    /// Whether to wait while another run holds the directory.
    public var waitsForLock = true
    /// Whether files and names are made durable before they are reported.
    public var isDurable = true
    /// Whether another file, or another model's directory, may be replaced.
    public var replacesForeignFiles = false
    /// Files that are worked on at once.
    public var concurrentFiles = 4
    /// Further header fields, sent to the origins of ``sources`` alone.
    public var headers: [(name: String, value: String)] = []
    /// Whether the user's `.netrc` may be used, for the origins of ``sources`` alone.
    public var usesNetrc = false
    /// A proxy's URL; `nil`: the usual environment variables.
    public var proxy: String?
    /// Whether https servers are offered HTTP/2, for those that speak nothing else.
    public var offersHTTP2 = false
    /// PEM file of the certificate authorities to trust.
    public var certificateFile: String?
    /// Directory of the certificate authorities to trust, as c_rehash(1) makes it.
    public var certificateDirectory: String?

    /// What the command does when it is given no option.
    public init() {}
}
