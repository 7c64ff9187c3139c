/// Measures how fast bytes come, over the last two seconds.
struct Throughput: Hashable, Sendable {
    /// The length of a slot, in milliseconds.
    private static let slotLength: Int64 = 250
    private static let slotCount = 8

    private let begun: Duration
    private var slots = [Int64](repeating: 0, count: slotCount)
    /// The number of the newest slot since the epoch of the clock.
    private var newest: Int64
    /// All bytes so far.
    private(set) var total: Int64 = 0

    init(begun: Duration) {
        self.begun = begun
        newest = Self.slot(at: begun)
    }

    private static func slot(at time: Duration) -> Int64 { Int64(time / .milliseconds(1)) / slotLength }

    mutating func add(_ bytes: Int64, at now: Duration) {
        advance(to: now)
        total += bytes
        slots[Int(newest % Int64(Self.slotCount))] += bytes
    }

    /// Bytes per second.
    func rate(at now: Duration) -> Double {
        let last = max(Self.slot(at: now), newest)
        let slot = Double(Self.slotLength) / 1000
        // The newest slot has only begun.
        let inSlot = (now / .seconds(1)) - Double(last) * slot
        let measured = min((now - begun) / .seconds(1), Double(Self.slotCount - 1) * slot + max(inSlot, 0))
        let first = max(last - Int64(Self.slotCount) + 1, 0)
        guard measured > 0, first <= newest else { return 0 }
        return Double((first...newest).reduce(0) { $0 + slots[Int($1 % Int64(Self.slotCount))] }) / measured
    }

    private mutating func advance(to now: Duration) {
        let slot = Self.slot(at: now)
        guard slot > newest else { return }
        for number in (newest + 1)...min(slot, newest + Int64(Self.slotCount)) {
            slots[Int(number % Int64(Self.slotCount))] = 0
        }
        // Slots are named by their number, so those in between must be cleared, too.
        if slot > newest + Int64(Self.slotCount) { slots = [Int64](repeating: 0, count: Self.slotCount) }
        newest = slot
    }
}
