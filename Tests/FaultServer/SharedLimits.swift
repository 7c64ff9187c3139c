/// What responses share that have limits in common. Not thread-safe: the server uses it under its lock.
struct SharedLimits {
    private var pacers: [Fault: Pacer] = [:]
    private var allowances: [Fault: Allowance] = [:]
    private var silences: [Fault: Int] = [:]

    /// The pacer that limits all responses with this fault together.
    mutating func pacer(_ fault: Fault) -> Pacer {
        if let pacer = pacers[fault] { return pacer }
        let pacer = Pacer(fault, isShared: true)
        pacers[fault] = pacer
        return pacer
    }

    mutating func allowance(_ death: Fault) -> Allowance {
        if let allowance = allowances[death] { return allowance }
        let allowance = if case .die(let count) = death { Allowance(count) } else { Allowance(.max) }
        allowances[death] = allowance
        return allowance
    }

    /// Whether a response that has reached the point of a ``Fault/silence(percent:times:)`` falls silent.
    mutating func fallsSilent(_ silence: Fault) -> Bool {
        guard case .silence(_, let times) = silence, silences[silence, default: 0] < times ?? 1 else { return false }
        silences[silence, default: 0] += 1
        return true
    }
}

extension Pacer {
    /// The pacer of a fault that limits a rate.
    convenience init(_ fault: Fault, isShared: Bool) {
        switch fault {
        case .rate(let bytesPerSecond, _), .crawl(_, let bytesPerSecond), .collapse(_, let bytesPerSecond):
            self.init(bytesPerSecond: max(1, bytesPerSecond), isShared: isShared)
        default: preconditionFailure("\(fault) has no rate")
        }
    }
}
