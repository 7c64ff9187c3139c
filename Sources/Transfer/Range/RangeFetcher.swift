/// What to fetch.
package struct FetchRequest: Sendable {
    package var url: HTTPURL
    /// Sent only to ``credentialsOrigin``.
    package var credentials: Credentials
    /// The origin that the credentials were given for.
    package var credentialsOrigin: HTTPURL.Origin
    /// `nil` for the whole file. Never empty.
    package var range: Range<Int64>?
    /// Whether to ask for the whole and skip what lies before ``range``: for servers that refuse ranges.
    package var asksForWhole = false
    /// The size of the file, if it is known.
    package var total: Int64?
    /// What this very source said of the version that we have parts of.
    package var validator: Validator?
    /// Tells a page that is the file from a page instead of the file.
    package var fileName: String

    /// - Parameter credentialsOrigin: that of `url`, unless told.
    package init(
        url: HTTPURL, credentials: Credentials = .init(), credentialsOrigin: HTTPURL.Origin? = nil,
        range: Range<Int64>? = nil, total: Int64? = nil, validator: Validator? = nil, fileName: String = ""
    ) {
        self.url = url
        self.credentials = credentials
        self.credentialsOrigin = credentialsOrigin ?? url.origin
        self.range = range
        self.total = total
        self.validator = validator
        self.fileName = fileName
    }
}

/// Asks for a range of a file and hands out only bytes that were judged to be it.
///
/// Follows redirects, retries nothing: each failure is the caller's to weigh with ``RetryPolicy``.
package struct RangeFetcher: Sendable {
    private let transport: any Transport
    private let limit: TimeLimit

    /// - Parameter limit: for waits in which nothing can be gained.
    package init(_ transport: any Transport, limit: TimeLimit = TimeLimit()) {
        self.transport = transport
        self.limit = limit
    }

    /// Returns when an acceptable head has come; the body is flowing then.
    package func open(_ request: FetchRequest) async throws(TransferError) -> RangeBody {
        guard request.range?.isEmpty != true, request.range?.lowerBound ?? 0 >= 0 else {
            throw TransferError(.invalidRequest, "an empty or negative range", url: request.url)
        }
        var (response, location) = try await follow(request)
        if location.mayHaveExpired(status: response.head.status) {
            response.cancel()
            (response, location) = try await follow(request)
        }
        do throws(TransferError) {
            let reply = try RangeReply(
                judging: response.head, asked: request.range, isWholeAsked: request.asksForWhole, total: request.total,
                fileName: request.fileName)
            return RangeBody(response, reply: reply, location: location, limit: limit)
        } catch {
            response.cancel()
            throw error.at(location.url, offset: request.range?.lowerBound)
        }
    }

    /// The first answer that is no redirect, and where it came from.
    private func follow(
        _ request: FetchRequest
    ) async throws(TransferError) -> (any TransportResponse, ResolvedLocation) {
        var redirects = Redirects(from: request.url)
        let range = request.asksForWhole ? nil : request.range
        while true {
            let url = redirects.current
            let message = TransportRequest(
                url: url, range: range, ifRange: range == nil ? nil : request.validator?.ifRange,
                credentials: Redirects.credentials(request.credentials, of: request.credentialsOrigin, to: url))
            let response: any TransportResponse
            do throws(TransferError) {
                response = try await transport.get(message)
            } catch {
                throw error.at(url, offset: request.range?.lowerBound)
            }
            guard Redirects.isRedirect(response.head.status) else { return (response, redirects.location) }
            await discard(response)
            try redirects.follow(response.head)
        }
    }

    /// Reads the body of a redirect if it is short, so that its connection can be used again; breaks it off if not, or if it
    /// does not come.
    private func discard(_ response: any TransportResponse) async {
        let length = response.head.first("content-length").flatMap { decimal($0) }
        if let length, length <= 16_384 {
            await limit.run {
                var received = 0
                // A failure here is nobody's concern; the next request will meet it, if it matters.
                while received <= 16_384, let chunk = try? await response.next() { received += chunk.count }
            }
        }
        response.cancel()
    }
}
