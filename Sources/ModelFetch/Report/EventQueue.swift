internal import DequeModule

/// Events that wait for somebody who is slower than the download.
///
/// Nothing is dropped, and yet the queue does not grow with the bytes: progress of a file is added to progress of the same file
/// that still waits, unless something else about that file came in between. So each file's own order is kept, and sums come out
/// the same. What is left to grow by is a handful of events for each file and each attempt.
struct EventQueue {
    /// What can be added up: progress of one file, received and found apart.
    private struct Kind: Hashable {
        var path: String
        var received: Bool
    }

    private var events = Deque<DownloadEvent>()
    /// How many events have been taken: the number of the first of ``events`` among all.
    private var taken = 0
    /// Progress that may still grow, by its number among all events.
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
    /// The file that it is about; `nil` where it is about the run.
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
