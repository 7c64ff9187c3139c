internal import Transfer

/// The transport of a run: notes when the first source answers, and limits how long an attempt may connect until then.
struct FirstContact: Transport {
    let transport: any Transport
    let monitor: ReachabilityMonitor
    let time: Time

    func get(_ request: TransportRequest) async throws(TransferError) -> any TransportResponse {
        var request = request
        request.connectTimeout = monitor.ask(request.url.origin, at: time.now())
        do throws(TransferError) {
            let response = try await transport.get(request)
            monitor.answered()
            return response
        } catch {
            // A server that breaks HTTP's rules, or the connection, has been reached.
            if !error.isUnreachable, !error.isOurs { monitor.answered() }
            throw error
        }
    }
}
