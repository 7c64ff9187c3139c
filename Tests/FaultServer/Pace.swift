internal import NIOCore

/// The limits on the rate of a response, some of which depend on the other transfers of the moment.
struct Pace {
    private enum Condition {
        case always
        /// At least this many older connections have a transfer in progress.
        case olderTransfers(Int)
        /// More than this many transfers are in progress.
        case transfersAbove(Int)
    }

    private let limits: [(condition: Condition, pacer: Pacer)]
    private let transfers: Transfers
    private let connection: Int

    /// - Parameter pacer: the pacer of a fault, which limits one connection or, if it is shared, all of them together.
    init(_ faults: [Fault], transfers: Transfers, connection: Int, pacer: (_ fault: Fault, _ shared: Bool) -> Pacer) {
        self.transfers = transfers
        self.connection = connection
        limits = faults.compactMap { fault in
            switch fault {
            case .rate(_, let shared): (.always, pacer(fault, shared ?? false))
            case .crawl(let count, _): (.olderTransfers(count), pacer(fault, false))
            case .collapse(let count, _): (.transfersAbove(count), pacer(fault, true))
            default: nil
            }
        }
    }

    /// The pacers whose conditions are met now.
    var pacers: [Pacer] {
        limits.filter { limit in
            switch limit.condition {
            case .always: true
            case .olderTransfers(let count): transfers.count(olderThan: connection) >= count
            case .transfersAbove(let count): transfers.count > count
            }
        }.map(\.pacer)
    }
}

extension [Pacer] {
    /// How much is sent at once.
    var quantum: Int? { map(\.quantum).min() }

    /// Schedules `count` bytes and returns how long they have to wait.
    func book(_ count: Int) -> TimeAmount {
        let now = NIODeadline.now()
        guard let due = map({ $0.book(count, now: now) }).max() else { return .nanoseconds(0) }
        for pacer in self { pacer.waits(until: due) }
        return Swift.max(.nanoseconds(0), due - now)
    }
}
