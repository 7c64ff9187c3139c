internal import Dispatch
internal import Foundation

/// Waits for a signal, which then does not end the process.
final class Signal: @unchecked Sendable {
    // @unchecked: the source is only kept, and cancelled in deinit. Dispatch sources are thread-safe, but not marked
    // Sendable.
    private let source: any DispatchSourceSignal
    private let stream: AsyncStream<Void>

    init(_ number: CInt) {
        signal(number, SIG_IGN)
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        source = DispatchSource.makeSignalSource(signal: number)
        self.stream = stream
        source.setEventHandler { continuation.yield() }
        source.resume()
    }

    deinit { source.cancel() }

    /// Returns when the signal has come, or the task is cancelled.
    func wait() async {
        for await _ in stream { return }
    }
}
