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
        for field in header where HeaderField(argument: field) == nil {
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
        options.headers = header.compactMap { HeaderField(argument: $0) }.map { ($0.name, $0.value) }
        options.usesNetrc = netrc
        options.proxy = proxy
        options.offersHTTP2 = http2
    }
}

/// A number of bytes a second: digits, and K, M or G for powers of 1024, which may be written KB or KiB.
struct ByteRate: ExpressibleByArgument, Equatable {
    private static let units: [String: Int64] = [
        "": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "kib": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "mib": 1 << 20,
        "g": 1 << 30, "gb": 1 << 30, "gib": 1 << 30,
    ]

    let bytesPerSecond: Int64

    init?(argument: String) {
        // By bytes: what is no ASCII is in no unit.
        let bytes = Array(argument.utf8)
        let end = bytes.firstIndex { !(48...57).contains($0) && $0 != 46 } ?? bytes.endIndex
        let suffix = bytes[end...].map { (65...90).contains($0) ? $0 | 0x20 : $0 }
        guard let unit = Self.units[String(decoding: suffix, as: UTF8.self)] else { return nil }
        let digits = String(decoding: bytes[..<end], as: UTF8.self)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }),
            let number = Double(digits), number.isFinite
        else { return nil }
        let value = number * Double(unit)
        guard value >= 1, value < 9e15 else { return nil }
        bytesPerSecond = Int64(value)
    }
}

/// A header field as the user wrote it: checked here, so that nothing that follows can smuggle a second one in.
struct HeaderField {
    let name: String
    let value: String

    init?(argument: String) {
        let bytes = Array(argument.utf8)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return nil }
        let name = bytes[..<colon]
        let value = bytes[(colon + 1)...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        // RFC 9110 §5.6.2: a token.
        let token = Set("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        guard name.allSatisfy(token.contains), value.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == 9 }) else {
            return nil
        }
        self.name = String(decoding: name, as: UTF8.self)
        self.value = String(decoding: value, as: UTF8.self)
    }
}
