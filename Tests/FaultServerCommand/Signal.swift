internal import Dispatch
internal import Foundation

/// A signal that is waited for instead of ending the process.
///
/// `@unchecked`: the source is only held, and cancelled when nobody holds this any more; Dispatch's sources are
/// thread-safe, which their Swift type does not say.
final class Signal: @unchecked Sendable {
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
