internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Runs work that a signal cancels: the first SIGINT, SIGTERM or SIGHUP lets it put its things in order, a second one ends the
/// process at once. Nothing is lost by that either.
enum Interruption {
    private static let signals: [Int32] = [SIGINT, SIGTERM, SIGHUP]

    /// - Returns: what `work` returned, and the exit status to end with if a signal came: 128 and its number.
    static func run<R: Sendable>(_ work: @escaping @Sendable () async -> R) async -> (R, status: Int32?) {
        let received = Mutex<Int32?>(nil)
        let task = Task { await work() }
        let queue = DispatchQueue(label: "modelfetch.signals")
        var sources: [any DispatchSourceSignal] = []
        for number in signals {
            // A signal that was ignored when we were started stays ignored: that is what nohup(1) means.
            let previous = signal(number, SIG_IGN)
            if number == SIGHUP, isIgnored(previous) { continue }
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                let isFirst = received.withLock { received in
                    defer { received = received ?? number }
                    return received == nil
                }
                guard isFirst else { _exit(128 + number) }
                task.cancel()
            }
            source.resume()
            sources.append(source)
        }
        let result = await task.value
        for source in sources { source.cancel() }
        return (result, received.withLock { $0 }.map { 128 + $0 })
    }

    private static func isIgnored(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
        unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
