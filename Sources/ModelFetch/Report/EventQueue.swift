internal import DequeModule

/// Events that wait for a consumer that is slower than the download.
///
/// No event is dropped, but the queue does not grow with the number of bytes: progress of a file is added to waiting progress of the
/// same file, unless another event about that file came in between. This keeps the order of each file's events, and the sums. The
/// queue grows only by a handful of events for each file and each attempt.
struct EventQueue {
    /// Progress that can be added up: of one file, either received or found.
    private struct Kind: Hashable {
        var path: String
        var received: Bool
    }

    private var events = Deque<DownloadEvent>()
    /// How many events have been taken; also the number of the first one in ``events``.
    private var taken = 0
    /// Waiting progress that may still grow, as the number of its event.
    private var growing: [Kind: Int] = [:]

    /// How many events wait.
    var count: Int { events.count }

    mutating func append(_ event: DownloadEvent) {
        if case .progress(let path, let bytes, let received) = event {
            let kind = Kind(path: path, received: received)
            if let number = growing[kind], number >= taken, case .progress(_, let before, _) = events[number - taken] {
                events[number - taken] = .progress(path: path, bytes: before + bytes, received: received)
                return
            }
            growing[kind] = taken + events.count
        } else if let path = event.path {
            for received in [true, false] { growing[Kind(path: path, received: received)] = nil }
        }
        events.append(event)
    }

    mutating func popFirst() -> DownloadEvent? {
        guard let event = events.popFirst() else { return nil }
        taken += 1
        return event
    }
}

extension DownloadEvent {
    /// The file that the event is about; `nil` if it is about the run.
    fileprivate var path: String? {
        switch self {
        case .started, .warning, .debug, .waitingForLock, .ended: nil
        case .phase(let path, _), .progress(let path, _, _), .discarded(let path, _, _), .replaced(let path, _, _),
            .retrying(let path, _, _, _),
            .sourceDropped(let path, _, _):
            path
        case .finished(let report): report.path
        }
    }
}
