/// The redirects of one request: which may be followed, and what goes along.
///
/// We follow them and not libcurl: 7.88.1 is known to carry secrets along, and would follow to schemes that we do not speak.
package struct Redirects: Sendable {
    /// As many as are followed for one request.
    package static let limit = 10

    /// Whether an answer with this status sends us on.
    package static func isRedirect(_ status: Int) -> Bool { [301, 302, 303, 307, 308].contains(status) }

    /// Every address so far, the present one last.
    package private(set) var chain: [HTTPURL]

    package var current: HTTPURL { chain[chain.count - 1] }
    package var count: Int { chain.count - 1 }
    package var location: ResolvedLocation { ResolvedLocation(current, isRedirected: count > 0) }

    package init(from url: HTTPURL) { chain = [url] }

    /// Takes the redirect that `head` is; ``current`` is the next address then.
    package mutating func follow(_ head: ResponseHead) throws(TransferError) {
        func refused(_ why: String) -> TransferError {
            TransferError(.redirectRefused, why, url: current, status: head.status)
        }
        let locations = head.all("location")
        guard let location = locations.first else {
            throw TransferError(.unexpectedStatus, "a redirect without Location", url: current, status: head.status)
        }
        guard locations.allSatisfy({ $0.utf8.elementsEqual(location.utf8) }) else {
            throw refused("it names several targets")
        }
        guard !hasControlOrDamage(location) else { throw refused("control characters in Location") }
        guard count < Self.limit else { throw refused("more than \(Self.limit) in a row") }
        let target: HTTPURL
        do throws(TransferError) {
            target = try current.resolving(location: location)
        } catch {
            throw refused(error.detail)
        }
        guard current.scheme == "http" || target.scheme == "https" else {
            throw refused("from https to http, to \(target.redacted)")
        }
        guard !chain.contains(target) else { throw refused("a loop, back to \(target.redacted)") }
        chain.append(target)
    }

    /// What may be sent to `url` of credentials that were given for `origin`: all to the same origin, else nothing.
    package static func credentials(
        _ credentials: Credentials, of origin: HTTPURL.Origin, to url: HTTPURL
    ) -> Credentials {
        url.origin == origin ? credentials : Credentials()
    }
}
