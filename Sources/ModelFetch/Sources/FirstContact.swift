internal import Transfer

/// A run's way to its sources: notes whether any of them ever answered, and keeps attempts short until one has.
struct FirstContact: Transport {
    let transport: any Transport
    let reach: SourceReach
    let time: Time

    func get(_ request: TransportRequest) async throws(TransferError) -> any TransportResponse {
        var request = request
        request.connectTimeout = reach.ask(request.url.origin, at: time.now())
        do throws(TransferError) {
            let response = try await transport.get(request)
            reach.answered()
            return response
        } catch {
            // What breaks the rules, or off, is there.
            if !error.isUnreachable, !error.isOurs { reach.answered() }
            throw error
        }
    }
}
