/// Where the redirects of a request ended: the address that sent the answer.
package struct ResolvedLocation: Hashable, Sendable {
    package let url: HTTPURL
    /// Whether a redirect led here; otherwise it is the address that was asked for.
    package let isRedirected: Bool

    package init(_ url: HTTPURL, isRedirected: Bool) {
        self.url = url
        self.isRedirected = isRedirected
    }

    /// A text that is the same for every redirect to the same place: the URL without the fields that sign it.
    ///
    /// What is left may still be secret: hash it, and do not show it.
    package var identity: String {
        guard let query = url.query else { return url.absoluteString }
        let kept = query.split(separator: "&").filter { !Self.isSignature($0.prefix { $0 != "=" }.lowercased()) }
        return url.origin.description + url.path + "?" + kept.joined(separator: "&")
    }

    /// Whether an answer with this status may mean that the address is no longer valid, and a new redirect would lead
    /// to one that is: signed addresses live for minutes, and a redirect may have come from a cache.
    package func mayHaveExpired(status: Int) -> Bool { isRedirected && status == 403 }

    /// Whether an answer with this status means that a target which was used for earlier requests has to be resolved again.
    func isRefused(status: Int) -> Bool { isRedirected && (status == 401 || status == 403) }

    /// Whether an answer with this status means that the target of a redirect is not worth keeping: the source may lead elsewhere by now.
    /// A target that only has too many requests stays.
    func hasFailed(status: Int) -> Bool { isRedirected && status >= 400 && status != 429 && status != 503 }

    /// The query fields that sign a URL for S3 (two versions), CloudFront, Google Cloud Storage (two versions) and
    /// Azure.
    private static let signatureFields: Set<String> = [
        "signature", "expires", "policy", "key-pair-id", "awsaccesskeyid", "googleaccessid", "sig", "se", "st", "sp",
        "sv", "sr", "spr", "skoid", "sktid", "skt", "ske", "sks", "skv",
    ]

    /// - Parameter name: in lower case.
    private static func isSignature(_ name: String) -> Bool {
        signatureFields.contains(name) || name.hasPrefix("x-amz-") || name.hasPrefix("x-goog-")
    }
}
