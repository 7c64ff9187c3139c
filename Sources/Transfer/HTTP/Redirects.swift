/// The redirects of one request: which are followed, and which credentials are sent along.
///
/// They are not left to libcurl, which is known to leak credentials in 7.88.1 and would follow redirects to other
/// schemes.
package struct Redirects: Sendable {
    /// The most redirects that are followed for a request.
    package static let limit = 10

    /// Whether a response with this status is a redirect to another location.
    package static func isRedirect(_ status: Int) -> Bool { [301, 302, 303, 307, 308].contains(status) }

    /// All URLs so far; the current one is the last.
    package private(set) var chain: [HTTPURL]

    package var current: HTTPURL { chain[chain.count - 1] }
    package var count: Int { chain.count - 1 }
    package var location: ResolvedLocation { ResolvedLocation(current, isRedirected: count > 0) }

    package init(from url: HTTPURL) { chain = [url] }

    /// Follows the redirect that is in `head`; ``current`` is the next URL to request afterwards.
    package mutating func follow(_ head: ResponseHead) throws(TransferError) {
        func refused(_ why: String) -> TransferError {
            TransferError(.redirectRefused, why, url: current, status: head.status)
        }
        let locations = head.all("location")
        guard let location = locations.first else {
            throw TransferError(
                .unexpectedStatus, "a redirect without a Location field", url: current, status: head.status)
        }
        guard locations.allSatisfy({ $0.utf8.elementsEqual(location.utf8) }) else {
            throw refused("it has several targets")
        }
        guard !hasControlOrDamage(location) else { throw refused("the Location field contains control characters") }
        guard count < Self.limit else { throw refused("more than \(Self.limit) redirects in a row") }
        let target: HTTPURL
        do throws(TransferError) {
            target = try current.resolving(location: location)
        } catch {
            throw refused(error.detail)
        }
        guard current.scheme == "http" || target.scheme == "https" else {
            throw refused("it leads from https to http, to \(target.redacted)")
        }
        guard !chain.contains(target) else { throw refused("it leads in a loop, back to \(target.redacted)") }
        chain.append(target)
    }

    /// The credentials to send to `url`: those given for `origin` if the URL has that origin, otherwise none.
    package static func credentials(
        _ credentials: Credentials, of origin: HTTPURL.Origin, to url: HTTPURL
    ) -> Credentials {
        url.origin == origin ? credentials : Credentials()
    }
}
