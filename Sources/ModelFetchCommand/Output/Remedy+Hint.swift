internal import ModelFetch

extension Remedy {
    /// What may help, in the words of the command line. Only here do the failures of the library meet the command's options.
    var hint: String {
        switch self {
        case .raiseLimit(.openFiles): "raise the limit (ulimit -n), and run it again"
        case .raiseLimit(.memory): "raise the limit (ulimit -v), and run it again"
        case .raiseLimit(.threads):
            "raise the limit (ulimit -u, or pids.max of the container), or end other programs, and run it again"
        case .raiseLimit(.fileSize):
            "raise the limit (ulimit -f), or give a directory on another file system, and run it again"
        case .freeSpace: "free some space, or give another directory, and run it again"
        case .removeFiles: "remove files that are not needed there, or give another directory, and run it again"
        case .waitForLock: "leave out --no-wait to wait for it"
        case .replaceFile: "move it away, or add --replace to replace it once the right one is verified"
        case .replaceModel: "give another directory, or add --replace to replace that model"
        case .nameModel: "say which one: --model NAME or --manifest FILE"
        case .chooseKnownModel: "modelfetch list shows the known models; a path to a manifest works, too"
        case .nameSource: "say where its files are: --source http://host/path/"
        case .addSource: "another source may have the right file: --source URL"
        case .giveCredentials:
            "if it needs credentials, give them with --netrc, or with --source URL --header 'Authorization: …'"
        case .checkAddress: "check the address, or use another source: --source URL"
        case .checkForLoginPage:
            "check the address and the network (a login page?), or use another source: --source URL"
        case .trustAuthority: "if the authority is one of your own, trust it: --cacert FILE"
        case .offerHTTP2: "the server may speak only HTTP/2: add --http2"
        case .checkProxy: "check the address of the proxy: --proxy URL, or $http_proxy and its like"
        case .waitForNetwork: "check the network and the address, or add --wait-for-network to keep trying"
        case .checkNetwork: "check the network and the address, and run the same command again"
        case .runAgain: "run the same command again to resume"
        case .checkClock, .updateLibcurl, .chooseDirectory, .clearPath, .leaveUndisturbed, .correctManifest,
            .correctSource, .correctProxy:
            description
        }
    }
}
