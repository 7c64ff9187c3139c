import ModelFetch

/// A run of the program.
final class SimulatedProcess: @unchecked Sendable {
    // Used only on the scheduler's thread.
    var disk: SimulatedDisk!
    var transport: SimulatedTransport!
    var task: Task<Void, Never>?
    var report: DownloadReport? {
        didSet { leftWhole = invariants.isWhole }
    }
    private let invariants: Invariants
    /// Whether the model was complete when the run ended.
    private(set) var leftWhole = false
    private(set) var isDead = false
    private(set) var isInterrupted = false

    init(_ invariants: Invariants) { self.invariants = invariants }

    func interrupt() {
        isInterrupted = true
        task?.cancel()
    }

    func die() {
        isDead = true
        transport.die()
        task?.cancel()
    }
}
