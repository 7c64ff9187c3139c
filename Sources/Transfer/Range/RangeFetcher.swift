/// A range of a file to fetch, or all of it.
package struct FetchRequest: Sendable {
    package var url: HTTPURL
    /// Sent only to ``credentialsOrigin``.
    package var credentials: Credentials
    /// The origin that the credentials are for.
    package var credentialsOrigin: HTTPURL.Origin
    /// Never empty; `nil` for the whole file.
    package var range: Range<Int64>?
    /// Whether to request the whole file and skip the bytes before ``range``, for servers that refuse ranges.
    package var asksForWhole = false
    /// The size of the file, if known.
    package var total: Int64?
    /// The version of the file to continue, as this source identified it.
    package var validator: Validator?
    /// Used to recognise a web page that was sent instead of the file.
    package var fileName: String
    /// Whether, if the whole file comes instead of ``range``, everything from the range's beginning to the end of the file is wanted.
    package var takesRest = false
    /// Where the redirects of the file lead, shared by all requests for its ranges.
    package var target: RedirectTarget?

    /// - Parameter credentialsOrigin: by default the origin of `url`.
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

/// Requests a range of a file and checks that the response is that range before its body is used.
///
/// It follows redirects but does not retry; that is up to the caller and its ``RetryPolicy``.
package struct RangeFetcher: Sendable {
    private let transport: any Transport
    private let limit: TimeLimit

    /// - Parameter limit: limits the waits for the end of a response after everything wanted was received.
    package init(_ transport: any Transport, limit: TimeLimit = TimeLimit()) {
        self.transport = transport
        self.limit = limit
    }

    /// Returns when an acceptable head has been received; the body is being received from then on.
    package func open(_ request: FetchRequest) async throws(TransferError) -> RangeBody {
        guard request.range?.isEmpty != true, request.range?.lowerBound ?? 0 >= 0 else {
            throw TransferError(.invalidRequest, "the range is empty or negative", url: request.url)
        }
        let (response, location) = try await answer(request)
        do throws(TransferError) {
            var reply = try RangeReply(
                judging: response.head, asked: request.range, isWholeAsked: request.asksForWhole, total: request.total,
                fileName: request.fileName)
            if request.takesRest, !reply.isPart, let limit = reply.limit { reply.end = limit }
            return RangeBody(response, reply: reply, location: location, limit: limit)
        } catch {
            response.cancel()
            throw location.explaining(error, response.head).at(location.url, offset: request.range?.lowerBound)
        }
    }

    /// The first response that is no redirect, from where the redirects lead.
    private func answer(
        _ request: FetchRequest
    ) async throws(TransferError) -> (any TransportResponse, ResolvedLocation) {
        guard let target = request.target else { return try await resolve(request) }
        var stale: Int?
        while true {
            switch await target.turn(after: stale) {
            case .ask(let location, let generation):
                let response: any TransportResponse
                do throws(TransferError) {
                    response = try await get(request, from: location.url)
                } catch {
                    if location.isRedirected, error.code != .cancelled { target.forget(generation) }
                    throw error
                }
                let status = response.head.status
                if location.hasFailed(status: status) { target.forget(generation) }
                guard stale == nil, location.isRefused(status: status) || Redirects.isRedirect(status) else {
                    return (response, location)
                }
                response.cancel()
                stale = generation
            case .resolve(let isAwaited):
                do throws(TransferError) {
                    let (response, location) = try await resolve(request)
                    if isAwaited {
                        if location.hasFailed(status: response.head.status) {
                            target.failed()
                        } else {
                            target.resolved(location)
                        }
                    }
                    return (response, location)
                } catch {
                    if isAwaited { target.failed() }
                    throw error
                }
            }
        }
    }

    /// Follows redirects, twice if they lead to an address that has expired.
    private func resolve(
        _ request: FetchRequest
    ) async throws(TransferError) -> (any TransportResponse, ResolvedLocation) {
        let (response, location) = try await follow(request)
        guard location.mayHaveExpired(status: response.head.status) else { return (response, location) }
        response.cancel()
        return try await follow(request)
    }

    /// Follows redirects; returns the first response that is not one, and where it came from.
    private func follow(
        _ request: FetchRequest
    ) async throws(TransferError) -> (any TransportResponse, ResolvedLocation) {
        var redirects = Redirects(from: request.url)
        while true {
            let response = try await get(request, from: redirects.current)
            guard Redirects.isRedirect(response.head.status) else { return (response, redirects.location) }
            await discard(response)
            try redirects.follow(response.head)
        }
    }

    private func get(_ request: FetchRequest, from url: HTTPURL) async throws(TransferError) -> any TransportResponse {
        let range = request.asksForWhole ? nil : request.range
        let message = TransportRequest(
            url: url, range: range, ifRange: range == nil ? nil : request.validator?.ifRange,
            credentials: Redirects.credentials(request.credentials, of: request.credentialsOrigin, to: url))
        do throws(TransferError) {
            return try await transport.get(message)
        } catch {
            throw error.at(url, offset: request.range?.lowerBound)
        }
    }

    /// Reads the body of a redirect if it is short, so that its connection can be reused; otherwise ends the transfer.
    private func discard(_ response: any TransportResponse) async {
        let length = response.head.first("content-length").flatMap { decimal($0) }
        if let length, length <= 16_384 {
            await limit.run {
                var received = 0
                // Failures are ignored here: if one matters, the next request fails as well.
                while received <= 16_384, let chunk = try? await response.next() { received += chunk.count }
            }
        }
        response.cancel()
    }
}
