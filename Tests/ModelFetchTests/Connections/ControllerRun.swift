import SeededRandom

@testable import ModelFetch

/// A download from a ``SimulatedOrigin`` with as many connections as the controller says.
struct ControllerRun {
    private(set) var controller: ConnectionController
    let origin: SimulatedOrigin
    private(set) var now: Duration = .zero
    private(set) var refusals = 0
    private(set) var resets = 0
    /// Every change of the limit.
    private(set) var changes: [(at: Duration, limit: Int)] = []
    private(set) var seconds = 0.0
    /// What the controller must never do, and did.
    private(set) var violations: [String] = []
    private var random: SplitMix64
    private var connections: [SimulatedOrigin.Connection] = []
    private var wobble = (left: 0, factor: 1.0)
    private var opened = 0
    private var received = 0.0
    /// When an attempt may be made after a refusal.
    private var notBefore: Duration = .zero
    private let cap: Int
    /// Whether a request was refused while the origin served as many as it accepts.
    private var isToldLimit = false

    init(_ origin: SimulatedOrigin, cap: Int = ConnectionController.maximum, begin: Int = 4, seed: UInt64 = 1) {
        self.origin = origin
        self.cap = cap
        controller = ConnectionController(cap: cap)
        controller.begin(with: begin, at: .zero)
        changes = [(.zero, controller.limit)]
        random = SplitMix64(seed: seed)
    }

    /// Downloads so many bytes, or runs for so long.
    mutating func run(_ bytes: Double, until end: Duration = .seconds(600)) {
        while received < bytes, now < end {
            tick(bytes)
            now += SimulatedOrigin.tick
        }
        seconds = now / .seconds(1)
    }

    var limit: Int { controller.limit }
    /// How many connections there are.
    var inUse: Int { connections.count }

    /// When the limit was this high for the first time.
    func reached(_ limit: Int) -> Duration? { changes.first { $0.limit >= limit }?.at }

    private mutating func note(_ change: ConnectionController.Change?) {
        guard let change else {
            if controller.limit != changes.last?.limit { violations.append("an untold change at \(now)") }
            return
        }
        let before = changes.last!.limit
        if controller.limit == before || (change == .raised) != (controller.limit > before) {
            violations.append("\(change) from \(before) to \(controller.limit) at \(now)")
        }
        changes.append((now, controller.limit))
        if change == .lowered(cutsNow: true) { connections = Array(connections.prefix(controller.limit)) }
    }

    private mutating func tick(_ bytes: Double) {
        while connections.count < controller.limit, bytes - received > 0, now >= notBefore {
            connections.append(.init(number: opened, opened: now))
            opened += 1
        }
        answerRequests()
        breakConnections()
        let rates = origin.rates(connections, at: now, &random, &wobble)
        for index in connections.indices {
            let part = rates[index] * 0.005
            if (connections[index].bytes / 2e6).rounded(.down)
                != ((connections[index].bytes + part) / 2e6).rounded(.down)
            {
                connections[index].isSurplus = connections.count > controller.limit
            }
            connections[index].bytes += part
            received += part
        }
        while connections.count > controller.limit, let index = connections.lastIndex(where: \.isSurplus) {
            connections.remove(at: index)
        }
        cutSlow(rates)
        note(
            controller.observe(
                now: now, bytes: Int64(received), active: connections.count, wanted: bytes - received > 1e6))
        if !(1...cap).contains(controller.limit) { violations.append("limit \(controller.limit) at \(now)") }
        if isToldLimit, controller.limit > origin.accepted { violations.append("more than tolerated at \(now)") }
    }

    private mutating func answerRequests() {
        for connection in connections where !connection.hasAnswered && now >= connection.opened + origin.roundTrip * 2 {
            let index = connections.firstIndex { $0.number == connection.number }!
            if origin.outage?.contains(now) == true {
                connections.remove(at: index)
                refuse(.limited, begun: connection.opened)
            } else if working >= origin.accepted {
                connections.remove(at: index)
                refusals += 1
                refuse(.limited, begun: connection.opened)
            } else {
                connections[index].hasAnswered = true
                controller.answered(after: now - connection.opened)
            }
        }
    }

    private var working: Int { connections.count { $0.hasAnswered } }

    private mutating func refuse(_ kind: ConnectionController.Refusal, begun: Duration) {
        if kind == .limited, working == origin.accepted { isToldLimit = true }
        note(controller.refused(kind, begun: begun, working: working, at: now))
        notBefore = max(notBefore, now + .milliseconds(kind == .limited ? 500 : 100))
    }

    private mutating func breakConnections() {
        let outage = origin.outage.map { $0.contains(now) } ?? false
        for connection in connections where connection.hasAnswered {
            let isReset = origin.resetEvery.map { connection.number % $0 == 2 && connection.bytes > 1e6 } ?? false
            guard outage || isReset else { continue }
            connections.removeAll { $0.number == connection.number }
            resets += 1
            refuse(.broken, begun: connection.opened)
        }
    }

    /// As the download does: a connection below a tenth of the median after 3 s is cut.
    private mutating func cutSlow(_ rates: [Double]) {
        guard rates.count == connections.count, rates.count > 2 else { return }
        let median = rates.sorted()[rates.count / 2]
        guard
            let slow = connections.indices.first(where: {
                now > connections[$0].opened + .seconds(3) && rates[$0] < median / 10 && rates[$0] > 0
            })
        else { return }
        connections.remove(at: slow)
        note(controller.wasSlow(at: now))
    }
}
