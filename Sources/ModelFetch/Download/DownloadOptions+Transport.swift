internal import Foundation
internal import Transfer

extension DownloadOptions {
    /// How libcurl is set up for a run with these options.
    var transportConfiguration: TransportConfiguration {
        var configuration = TransportConfiguration(version: modelfetchVersion)
        configuration.connectTimeout = connectTimeout
        configuration.stallTimeout = stallTimeout
        configuration.rateLimit = rateLimit
        configuration.processors = ProcessInfo.processInfo.activeProcessorCount
        configuration.proxy = proxy
        configuration.offersHTTP2 = offersHTTP2
        configuration.certificateFile = certificateFile
        configuration.certificateDirectory = certificateDirectory
        return configuration
    }
}
