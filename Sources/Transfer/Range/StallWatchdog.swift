/// Notices that nothing, or next to nothing, comes while somebody waits for it.
///
/// libcurl has its own watch (`CURLOPT_LOW_SPEED_LIMIT`) on the system's clock; this one stands above any ``Transport`` and
/// tells time by any clock. Time between two waits does not count: a slow disk is no stall.
package struct StallWatchdog: Sendable {
    package var clock: any Clock<Duration>
    package var timeout: Duration
    /// Bytes a second.
    package var floor: Int64

    package init(clock: any Clock<Duration>, timeout: Duration = .seconds(30), floor: Int64 = 1024) {
        self.clock = clock
        self.timeout = timeout
        self.floor = floor
    }

    /// The time waited since the last look, and the bytes it brought.
    struct Window: Sendable {
        var waited: Duration = .zero
        var bytes: Int64 = 0
    }

    /// Waits for `operation`; cancels it and throws ``TransferError/Code/stalled`` if the window closes with too few bytes.
    func watch<Value: Sendable>(
        _ window: inout Window, _ operation: @escaping @Sendable () async throws(TransferError) -> Value
    ) async throws(TransferError) -> Value {
        try await watch(&window, by: clock, operation).get()
    }

    private func watch<Value: Sendable>(
        _ window: inout Window, by clock: some Clock<Duration>,
        _ operation: @escaping @Sendable () async throws(TransferError) -> Value
    ) async -> Result<Value, TransferError> {
        await withTaskGroup(of: Result<Value, TransferError>?.self) { group in
            group.addTask {
                do throws(TransferError) { return .success(try await operation()) } catch { return .failure(error) }
            }
            var began = clock.now
            var rest = timeout - window.waited
            while true {
                let due = began.advanced(by: max(rest, .zero))
                group.addTask {
                    try? await clock.sleep(until: due, tolerance: nil)
                    return nil
                }
                // A cancelled sleep ends early; the operation, cancelled as well, has the answer then.
                var event = await group.next() ?? nil
                if event == nil, Task.isCancelled { event = await group.next() ?? nil }
                if let result = event {
                    window.waited += began.duration(to: clock.now)
                    group.cancelAll()
                    return result
                }
                guard Double(window.bytes) >= Double(floor) * (timeout / .seconds(1)) else {
                    group.cancelAll()
                    return .failure(
                        TransferError(.stalled, "\(window.bytes) bytes in \(timeout / .seconds(1)) s of waiting"))
                }
                window = Window()
                began = clock.now
                rest = timeout
            }
        }
    }
}
