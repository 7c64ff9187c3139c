internal import Logging
internal import ModelFetch
internal import Synchronization

/// Progress as lines on stderr: one when something happens, and every 10 s what has come so far.
final class PlainProgress: Sendable {
    private static let interval: Duration = .seconds(10)

    private let context: CommandContext
    private let isShown: Bool
    private let clock = ContinuousClock()
    private let state: Mutex<State>

    private struct State {
        var total: Int64 = 0
        var done: Int64 = 0
        var received: Int64 = 0
        var lastReceived: Int64 = 0
        var lastLine: ContinuousClock.Instant
        /// Which source each file was last said to come from.
        var sources: [String: String] = [:]
    }

    init(_ context: CommandContext, isShown: Bool) {
        self.context = context
        self.isShown = isShown
        state = Mutex(State(lastLine: clock.now))
    }

    func show(_ event: DownloadEvent) {
        switch event {
        case .warning(let text): context.logger.warning("\(text)")
        case .debug(let text): context.logger.debug("\(text)")
        case .progress(_, let bytes, let received): add(bytes, received: received)
        case .started(_, _, _, let bytes):
            state.withLock { $0.total = bytes }
            say(event)
        case .phase(let path, .connecting(let source, _, _)):
            // Before another attempt with the same source there was a line about why.
            let isNews = state.withLock { $0.sources.updateValue(source, forKey: path) != source }
            if isNews { say(event) }
        default: say(event)
        }
    }

    /// Shows of an audit how far it is; what it finds is said at its end.
    func showAudit(_ event: DownloadEvent) {
        switch event {
        case .started(_, _, _, let bytes): state.withLock { $0.total = bytes }
        case .progress(_, let bytes, _): add(bytes, received: true)
        default: break
        }
    }

    private func say(_ event: DownloadEvent) {
        if let line = Self.line(for: event) {
            if isShown { Console.shared.err(line) }
        } else if let detail = Self.detail(of: event) {
            context.logger.debug("\(detail)")
        }
    }

    private func add(_ bytes: Int64, received: Bool) {
        let now = clock.now
        let line: String? = state.withLock { state in
            state.done += bytes
            if received { state.received += bytes }
            let elapsed = now - state.lastLine
            guard elapsed >= Self.interval else { return nil }
            let rate = Double(state.received - state.lastReceived) / (elapsed / .seconds(1))
            state.lastLine = now
            state.lastReceived = state.received
            return "\(Words.bytes(state.done)) of \(Words.bytes(state.total)), \(Words.bytes(Int64(rate)))/s"
        }
        if isShown, let line { Console.shared.err(line) }
    }

    /// The line for an event; `nil` for those that deserve none.
    static func line(for event: DownloadEvent) -> String? {
        switch event {
        case .started(let model, let directory, let files, let bytes):
            "\(model) into \(printable(directory, limit: 1024)): \(Words.count(files, "file")), \(Words.bytes(bytes))"
        case .waitingForLock(let directory):
            "another modelfetch is working on \(printable(directory, limit: 1024)): waiting for it"
        case .phase(let path, .connecting(let source, let offset, let held)):
            held > 0
                ? "\(path): going on at byte \(offset), \(Words.bytes(held)) are here, from \(source)"
                : "\(path): from \(source)"
        case .phase(let path, .hashing): "\(path): is there, hashing it"
        case .phase(let path, .comparing): "\(path): another file stands there, comparing it with the source"
        case .discarded(let path, let bytes, let reason):
            bytes > 0 ? "\(path): \(Words.bytes(bytes)) will be fetched again: \(reason)" : "\(path): \(reason)"
        case .retrying(let path, let failure, let attempt, let pause):
            "\(path): \(failure.message); "
                + (pause > .zero ? "trying again in \(Words.seconds(pause))" : "trying again")
                + " (attempt \(attempt + 1))"
        case .sourceDropped(let path, let failure): "\(path): \(failure.message)"
        case .finished(let report): line(for: report)
        case .warning, .debug, .progress, .phase: nil
        }
    }

    /// What is worth a line only to a person who looks for a fault.
    static func detail(of event: DownloadEvent) -> String? {
        switch event {
        case .phase(let path, .receiving): "\(path): bytes come"
        case .phase(let path, .verifying): "\(path): all bytes are here, hashing the rest"
        case .phase(let path, .publishing): "\(path): verified, giving it its name"
        default: nil
        }
    }

    private static func line(for report: FileReport) -> String? {
        let size = report.size.map { Words.bytes($0) } ?? "size unknown"
        let proof =
            report.isPinned
            ? "verified"
            : "unpinned: checked by " + (report.evidence.isEmpty ? "nothing" : report.evidence.joined(separator: ", "))
        switch report.state {
        case .skipped: return "\(report.path): already here (\(size), \(proof))"
        case .failed: return nil
        case .held: return "\(report.path): \(proof); held back until the model is whole"
        default: return "\(report.path): \(report.state.rawValue) (\(size), \(proof))"
        }
    }
}
