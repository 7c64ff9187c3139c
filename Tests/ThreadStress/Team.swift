import Synchronization
import Threads

/// Threads that use the same object at the same time, and the violations that they find.
final class Team: Sendable {
    private let found = Mutex<[String]>([])
    private let working: Atomic<Int>
    private let checking: Atomic<Int>

    /// - Parameters:
    ///   - workers: how many members have work to finish; the others run until these are done.
    ///   - checkers: how many members check what existed at the start.
    init(workers: Int, checkers: Int) {
        working = Atomic(workers)
        checking = Atomic(checkers)
    }

    /// Whether everything that existed at the start was checked.
    var isChecked: Bool { checking.load(ordering: .acquiring) == 0 }

    var isWorking: Bool { working.load(ordering: .acquiring) > 0 }
    var violations: [String] { found.withLock { $0 } }

    func violated(_ what: String) { found.withLock { $0.append(what) } }

    /// Notes that a worker has finished.
    func isDone() { working.subtract(1, ordering: .acquiringAndReleasing) }

    /// Notes that a checker has finished.
    func hasChecked() { checking.subtract(1, ordering: .acquiringAndReleasing) }

    /// Runs every member on a thread of its own, and waits for all of them.
    func run(_ members: [@Sendable () throws -> Void]) {
        let threads = members.map { member in
            SystemThread { [self] in
                do { try member() } catch { violated("a thread ended with \(error)") }
            }
        }
        for thread in threads {
            guard let thread else { fatalError("could not start a thread") }
            thread.join()
        }
    }
}
