/// What may help against a ``Failure``.
///
/// A program chooses what to offer its user by the case; ``description`` is a clause for programs that only print.
/// Later versions may add cases: a `switch` should have a `default`.
public enum Remedy: Hashable, Sendable {
    /// A limit that the system sets for a process or its files (getrlimit(2)).
    public enum Limit: Hashable, Sendable, CaseIterable {
        /// How many files may be open at once.
        case openFiles
        /// How much address space the process may take.
        case memory
        /// How many threads the user, or the container, may have.
        case threads
        /// How large a file may grow.
        case fileSize
    }

    // MARK: This machine

    /// Raise a limit of the system, and run again.
    case raiseLimit(Limit)
    /// Free some space on the disk, or choose another directory, and run again.
    case freeSpace
    /// Remove files, since the file system has room for bytes but not for another file, or choose another directory.
    case removeFiles
    /// Set the clock right: a certificate is expired, or not valid yet.
    case checkClock
    /// Install a newer libcurl.
    case updateLibcurl

    // MARK: The directory

    /// Give a directory: the path leads to something else.
    case chooseDirectory
    /// Move away whatever is in the place of a file or a directory of the model, and run again.
    case clearPath
    /// Let no other program change the directory during a run, and run again.
    case leaveUndisturbed
    /// Wait until the run that holds the directory is over: ``DownloadOptions/waitsForLock``.
    case waitForLock
    /// Move the different file away, or have it replaced: ``DownloadOptions/replacesForeignFiles``.
    case replaceFile
    /// Choose another directory, or have the model in it replaced: ``DownloadOptions/replacesForeignFiles``.
    case replaceModel

    // MARK: The model

    /// Say which model the directory holds, or give its manifest.
    case nameModel
    /// Use the name of a known model, or the path of a manifest.
    case chooseKnownModel
    /// Correct the manifest: it contradicts itself.
    case correctManifest

    // MARK: Sources

    /// Say where the model's files are: ``DownloadOptions/sources``.
    case nameSource
    /// Use another source: the present ones have a different file.
    case addSource
    /// Give a base URL such as `https://host/path/` as the source.
    case correctSource
    /// Give the credentials that a source asks for: ``DownloadOptions/usesNetrc``, ``DownloadOptions/headers``.
    case giveCredentials
    /// Check the address of the source, or use another source.
    case checkAddress
    /// Check the address and the network, where a login page may answer in place of the source, or use another source.
    case checkForLoginPage
    /// Trust the authority that issued the source's certificate: ``DownloadOptions/certificateFile``.
    case trustAuthority
    /// Offer HTTP/2, since the source may speak nothing else: ``DownloadOptions/offersHTTP2``.
    case offerHTTP2

    // MARK: The network

    /// Give the proxy's address as `http://host:port` or `socks5h://host:port`.
    case correctProxy
    /// Check the address of the proxy: ``DownloadOptions/proxy``, or the environment variable `http_proxy` and its like.
    case checkProxy
    /// Check the network and the address, or keep trying: ``DownloadOptions/waitsForNetwork``.
    case waitForNetwork
    /// Check the network and the address, and run again.
    case checkNetwork
    /// Run again: the next run resumes where this one ended.
    case runAgain
}

extension Remedy: CustomStringConvertible {
    /// A clause for people, such as “free some space or choose another directory, and run it again”.
    public var description: String {
        switch self {
        case .raiseLimit(.openFiles): "raise the limit on open files, and run it again"
        case .raiseLimit(.memory): "raise the limit on memory, and run it again"
        case .raiseLimit(.threads): "raise the limit on threads or end other programs, and run it again"
        case .raiseLimit(.fileSize):
            "raise the limit on the size of files or choose a directory on another file system, and run it again"
        case .freeSpace: "free some space or choose another directory, and run it again"
        case .removeFiles: "remove files that are not needed there or choose another directory, and run it again"
        case .checkClock: "check the clock of this machine"
        case .updateLibcurl: "install a newer libcurl"
        case .chooseDirectory: "give a directory"
        case .clearPath: "move away what is in its place, and run it again"
        case .leaveUndisturbed: "let no other program change the directory, and run it again"
        case .waitForLock: "wait until the other run is over"
        case .replaceFile: "move it away, or allow it to be replaced once the right one is verified"
        case .replaceModel: "choose another directory, or allow this model to be replaced"
        case .nameModel: "say which model it is, or give its manifest"
        case .chooseKnownModel: "use the name of a known model or the path of a manifest"
        case .correctManifest: "correct the manifest"
        case .nameSource: "say where the files are, as in http://host/path/"
        case .addSource: "another source may have the right file"
        case .correctSource: "give a base URL such as https://host/path/"
        case .giveCredentials: "if it needs credentials, give them"
        case .checkAddress: "check the address, or use another source"
        case .checkForLoginPage: "check the address and the network (a login page?), or use another source"
        case .trustAuthority: "if your own authority issued the certificate, add it to the trusted ones"
        case .offerHTTP2: "the server may speak only HTTP/2: offer it"
        case .correctProxy: "give the proxy as http://host:port or socks5h://host:port"
        case .checkProxy: "check the address of the proxy"
        case .waitForNetwork: "check the network and the address, or keep trying until the network is back"
        case .checkNetwork: "check the network and the address, and run it again"
        case .runAgain: "run it again to resume"
        }
    }
}

extension Remedy {
    /// Every remedy, for tests of what is said of each.
    package static let all: [Remedy] =
        Limit.allCases.map { .raiseLimit($0) } + [
            .freeSpace, .removeFiles, .checkClock, .updateLibcurl, .chooseDirectory, .clearPath, .leaveUndisturbed,
            .waitForLock, .replaceFile, .replaceModel, .nameModel, .chooseKnownModel, .correctManifest, .nameSource,
            .addSource, .correctSource, .giveCredentials, .checkAddress, .checkForLoginPage, .trustAuthority,
            .offerHTTP2,
            .correctProxy, .checkProxy, .waitForNetwork, .checkNetwork, .runAgain,
        ]
}
