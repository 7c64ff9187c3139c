internal import ArgumentParser
internal import Foundation
internal import ModelFetch

/// Where files come from, and how hard to try.
struct TransferCommandOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A base URL that has the files, instead of the manifest's sources; may be repeated.", valueName: "url"))
    var source: [String] = []

    @Option(
        name: .customLong("limit-rate"),
        help: ArgumentHelp(
            "At most this many bytes a second in all, as in 800K, 5M or 5MiB (units of 1024).", valueName: "rate"))
    var limitRate: ByteRate?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Retries without progress before a source is given up.", valueName: "n"))
    var retries = 8

    @Option(
        name: .customLong("retry-delay"), parsing: .unconditional,
        help: ArgumentHelp("Base of the growing pause between attempts, in seconds; at most 30.", valueName: "s"))
    var retryDelay = 0.5

    @Option(
        name: .customLong("stall-timeout"), parsing: .unconditional,
        help: ArgumentHelp(
            "How long a transfer may crawl below 1 KiB/s, in seconds; it is noticed some 5 s later.", valueName: "s"))
    var stallTimeout = 30.0

    @Option(
        name: .customLong("connect-timeout"), parsing: .unconditional,
        help: ArgumentHelp("How long connecting may take, in seconds.", valueName: "s"))
    var connectTimeout = 15.0

    @Flag(
        name: .customLong("wait-for-network"),
        help: "Keep trying while no source can be reached, instead of giving up within 10 s.")
    var waitForNetwork = false

    @Option(
        help: ArgumentHelp("Certificate authorities to trust, as a PEM file; also $SSL_CERT_FILE.", valueName: "file"))
    var cacert: String?

    @Option(
        help: ArgumentHelp(
            "A header field for the sources given with --source, as 'Name: value'; may be repeated.", valueName: "field"
        ))
    // Not read by the parser, which would repeat a value that it cannot read: this one may be a secret.
    var header: [String] = []

    @Flag(help: "Take user and password for the sources' own hosts from ~/.netrc.")
    var netrc = false

    @Option(
        help: ArgumentHelp(
            "A proxy; otherwise http_proxy, https_proxy, all_proxy and no_proxy count.", valueName: "url"))
    var proxy: String?

    @Flag(
        name: .customLong("http2"),
        help: "Offer HTTP/2 to https servers, for those that speak nothing else.")
    var http2 = false

    mutating func validate() throws {
        if !header.isEmpty, source.isEmpty {
            throw ValidationError("--header is sent only to sources that you name: add --source URL.")
        }
        guard retries >= 0 else {
            throw ValidationError("--retries is 0 or more, not \(retries); 0 means one attempt.")
        }
        for field in header where HeaderField(field) == nil {
            throw ValidationError("--header is a field as in 'Name: value'; one that was given is none.")
        }
        for (name, value, least) in [
            ("retry-delay", retryDelay, 0), ("stall-timeout", stallTimeout, 0.001),
            ("connect-timeout", connectTimeout, 0.001),
        ] {
            guard value.isFinite, value >= least, value <= 86_400 else {
                let bound = least > 0 ? "above 0" : "0 or more"
                throw ValidationError("--\(name) is a number of seconds, \(bound) and at most a day, not \(value).")
            }
        }
    }

    /// What the options name must be there: found out now, and not when the first https source is asked.
    func checkFiles() throws(Failure) {
        guard let cacert, !FileManager.default.isReadableFile(atPath: cacert) else { return }
        let isThere = FileManager.default.fileExists(atPath: cacert)
        throw Failure(
            .noInput, "--cacert: \(printable(cacert)): \(isThere ? "it cannot be read" : "there is no such file")")
    }

    func apply(to options: inout DownloadOptions) {
        let environment = ProcessInfo.processInfo.environment
        options.sources = source
        options.rateLimit = limitRate?.bytesPerSecond
        options.retries = retries
        options.retryDelay = .seconds(min(retryDelay, 30))
        options.stallTimeout = .seconds(stallTimeout)
        options.waitsForNetwork = waitForNetwork
        options.connectTimeout = .seconds(connectTimeout)
        options.certificateFile = cacert ?? environment["SSL_CERT_FILE"]
        options.certificateDirectory = environment["SSL_CERT_DIR"]
        options.headers = header.compactMap { HeaderField($0) }.map { ($0.name, $0.value) }
        options.usesNetrc = netrc
        options.proxy = proxy
        options.offersHTTP2 = http2
    }
}
