internal import ArgumentParser
internal import Foundation
internal import ModelFetch

/// Where files come from, and how persistently they are fetched.
struct TransferCommandOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A base URL of the files, instead of the manifest's sources; may be repeated.", valueName: "url"))
    var source: [String] = []

    @Option(
        name: .customLong("limit-rate"),
        help: ArgumentHelp(
            "Limit the total rate, in bytes per second, as in 800K, 5M or 5MiB (units of 1024).", valueName: "rate"))
    var limitRate: ByteRate?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Use at most n connections to a server, from 1 to 16; the best number is found automatically.",
            valueName: "n"))
    var connections = 16

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Give up on a source after this many retries without progress.", valueName: "n"))
    var retries = 8

    @Option(
        name: .customLong("retry-delay"), parsing: .unconditional,
        help: ArgumentHelp("The initial pause between attempts, in seconds; it grows to at most 30.", valueName: "s"))
    var retryDelay = 0.5

    @Option(
        name: .customLong("stall-timeout"), parsing: .unconditional,
        help: ArgumentHelp(
            "Restart a transfer that is below 1 KiB/s for this many seconds; noticed up to 5 s later.", valueName: "s"))
    var stallTimeout = 30.0

    @Option(
        name: .customLong("connect-timeout"), parsing: .unconditional,
        help: ArgumentHelp("Limit the time to connect, in seconds.", valueName: "s"))
    var connectTimeout = 15.0

    @Flag(
        name: .customLong("wait-for-network"),
        help: "Keep trying while no source can be reached, instead of giving up within 10 s.")
    var waitForNetwork = false

    @Option(
        help: ArgumentHelp(
            "Trust the certificate authorities in this PEM file; $SSL_CERT_FILE is honoured, too.", valueName: "file"))
    var cacert: String?

    @Option(
        help: ArgumentHelp(
            "Send a header field, as in 'Name: value', to the sources given with --source; may be repeated.",
            valueName: "field"
        ))
    // Not parsed by the parser, which quotes a value that it cannot parse: this one may be a secret.
    var header: [String] = []

    @Flag(help: "Use the passwords in ~/.netrc for the hosts of the sources.")
    var netrc = false

    @Option(
        help: ArgumentHelp(
            "Use a proxy; by default http_proxy, https_proxy, all_proxy and no_proxy decide.", valueName: "url"))
    var proxy: String?

    @Flag(
        name: .customLong("http2"),
        help: "Offer HTTP/2 to https servers, for those that speak only HTTP/2.")
    var http2 = false

    mutating func validate() throws {
        if !header.isEmpty, source.isEmpty {
            throw ValidationError("--header is sent only to sources given with --source: add --source URL.")
        }
        guard retries >= 0 else {
            throw ValidationError("--retries must be 0 or more, not \(retries); 0 means one attempt.")
        }
        guard (1...16).contains(connections) else {
            throw ValidationError("--connections must be from 1 to 16, not \(connections).")
        }
        for field in header where HeaderField(field) == nil {
            throw ValidationError("Every --header must have the form 'Name: value'; one does not.")
        }
        for (name, value, least) in [
            ("retry-delay", retryDelay, 0), ("stall-timeout", stallTimeout, 0.001),
            ("connect-timeout", connectTimeout, 0.001),
        ] {
            guard value.isFinite, value >= least, value <= 86_400 else {
                let bound = least > 0 ? "above 0" : "0 or more"
                throw ValidationError(
                    "--\(name) must be a number of seconds, \(bound) and at most a day, not \(value).")
            }
        }
    }

    /// Checks that the files named by the options exist, before the first https source is asked.
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
        options.connections = connections
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
