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

    private var events: [DownloadEvent] = []
    /// Where in ``events`` the front is; what lies before it has been taken.
    private var front = 0
    /// How many events were taken away before the first of ``events``.
    private var forgotten = 0
    /// Progress that may still grow, by its number among all events.
    private var growing: [Kind: Int] = [:]

    /// How many events wait.
    var count: Int { events.count - front }

    mutating func append(_ event: DownloadEvent) {
        if case .progress(let path, let bytes, let received) = event {
            let kind = Kind(path: path, received: received)
            if let number = growing[kind], number >= forgotten + front,
                case .progress(_, let before, _) = events[number - forgotten]
            {
                events[number - forgotten] = .progress(path: path, bytes: before + bytes, received: received)
                return
            }
            growing[kind] = forgotten + events.count
        } else if let path = event.path {
            for received in [true, false] { growing[Kind(path: path, received: received)] = nil }
        }
        events.append(event)
    }

    mutating func popFirst() -> DownloadEvent? {
        guard front < events.count else { return nil }
        let event = events[front]
        front += 1
        // The spent front goes when it is most of the array, so that an event costs the same whatever came before.
        if front > 64, front * 2 > events.count {
            events.removeFirst(front)
            forgotten += front
            front = 0
        }
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
