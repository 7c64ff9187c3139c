internal import ModelFetch
internal import Threads

/// Prints events as JSON lines on stdout, as specified in docs/events.md.
final class EventPrinter: Sendable {
    /// The shortest time between two progress events of one file.
    private static let interval: Duration = .milliseconds(500)

    private struct Sum {
        var received: Int64 = 0
        var reused: Int64 = 0
        var last: ContinuousClock.Instant?
    }

    private let context: CommandContext
    private let sums = Lock<[String: Sum]>([:])
    private let clock = ContinuousClock()

    init(_ context: CommandContext) { self.context = context }

    func show(_ event: DownloadEvent) {
        if let object = json(event) { context.print(object) }
    }

    private func json(_ event: DownloadEvent) -> JSONObject? {
        switch event {
        case .started(let model, let directory, let files, let bytes):
            [
                "event": "started", "model": .string(model), "directory": .string(directory),
                "files": .integer(Int64(files)), "bytes": .integer(bytes),
            ]
        case .warning(let text): ["event": "warning", "message": .string(text)]
        // The end of a run is printed as its report.
        case .debug, .ended: nil
        case .waitingForLock(let directory, let process):
            [
                "event": "waiting_for_lock", "directory": .string(directory),
                "process": JSONValue(process.map { Int64($0) }),
            ]
        case .phase(let path, let phase): self.phase(path, phase)
        case .progress(let path, let bytes, let received): progress(path, bytes, received)
        case .discarded(let path, let bytes, let reason):
            [
                "event": "discarded", "path": .string(path), "bytes": .integer(bytes), "reason": .string(reason),
            ]
        case .replaced(let path, let kept, let bytes):
            [
                "event": "replaced", "path": .string(path), "kept_as": .string(kept), "bytes": .integer(bytes),
            ]
        case .retrying(let path, let failure, let attempt, let pause):
            [
                "event": "retry", "path": .string(path), "attempt": .integer(Int64(attempt)),
                "pause": .number((pause / .milliseconds(1)).rounded() / 1000),
                "error": JSONValue(CommandFailure(failure).json),
            ]
        case .sourceDropped(let path, let failure, let isLast):
            [
                "event": "source_dropped", "path": .string(path), "last": .bool(isLast),
                "error": JSONValue(CommandFailure(failure).json),
            ]
        case .finished(let report): ["event": "file"].merging(report.json) { event, _ in event }
        }
    }

    private func phase(_ path: String, _ phase: FilePhase) -> JSONObject {
        var object: JSONObject = ["event": "phase", "path": .string(path)]
        switch phase {
        case .hashing: object["phase"] = "hashing"
        case .comparing: object["phase"] = "comparing"
        case .connecting(let source, let offset, let held):
            object["phase"] = "connecting"
            object["source"] = .string(source)
            object["offset"] = .integer(offset)
            object["bytes_held"] = .integer(held)
        case .repeating(let bytes):
            object["phase"] = "repeating"
            object["bytes_repeated"] = .integer(bytes)
        case .receiving: object["phase"] = "receiving"
        case .verifying: object["phase"] = "verifying"
        case .holding: object["phase"] = "holding"
        case .publishing: object["phase"] = "publishing"
        }
        return object
    }

    private func progress(_ path: String, _ bytes: Int64, _ received: Bool) -> JSONObject? {
        let now = clock.now
        return sums.withLock { sums in
            var sum = sums[path] ?? Sum()
            if received { sum.received += bytes } else { sum.reused += bytes }
            let isDue = sum.last.map { now - $0 >= Self.interval } ?? true
            if isDue { sum.last = now }
            sums[path] = sum
            guard isDue else { return nil }
            return [
                "event": "progress", "path": .string(path), "bytes_received": .integer(sum.received),
                "bytes_reused": .integer(sum.reused),
            ]
        }
    }
}
