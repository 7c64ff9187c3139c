import Synchronization
import Threads

/// Threads that work on one thing at once, and what they found wrong.
final class Team: Sendable {
    private let found = Mutex<[String]>([])
    private let working: Atomic<Int>
    /// Whether one of them has checked all that was there at the start.
    let isChecked = Atomic(false)

    /// - Parameter workers: how many of the members have something to get done; the others look on until these are done.
    init(workers: Int) { working = Atomic(workers) }

    var isWorking: Bool { working.load(ordering: .acquiring) > 0 }
    var violations: [String] { found.withLock { $0 } }

    func violated(_ what: String) { found.withLock { $0.append(what) } }

    /// A worker is done.
    func isDone() { working.subtract(1, ordering: .acquiringAndReleasing) }

    /// Runs every member on a thread of its own, and waits for all of them.
    func run(_ members: [@Sendable () throws -> Void]) {
        let threads = members.map { member in
            SystemThread { [self] in
                do { try member() } catch { violated("a thread ended with \(error)") }
            }
        }
        for thread in threads {
            guard let thread else { fatalError("no thread to be had") }
            thread.join()
        }
    }
}
