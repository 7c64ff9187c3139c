/// The faults of a server. All rules that match a request apply, in order. Of two faults that set the same thing, the
/// later one wins.
package struct FaultScript: Sendable, Hashable, Codable, ExpressibleByArrayLiteral {
    package var rules: [FaultRule]

    package init(_ rules: [FaultRule] = []) {
        self.rules = rules
    }

    package init(arrayLiteral rules: FaultRule...) {
        self.rules = rules
    }

    /// No faults.
    package static let honest = FaultScript()

    /// The same faults for every request.
    package static func always(_ faults: Fault...) -> FaultScript {
        FaultScript([FaultRule(faults: faults)])
    }
}

/// A script and its counters. Not thread-safe: the server uses it under its lock.
struct ScriptCounters {
    let script: FaultScript
    /// Whether the script has a ``Fault/limit(transfers:status:retryAfter:reset:)``.
    let limitsTransfers: Bool
    private var requests = 0
    private var requestsByPath: [String: Int] = [:]
    private var matches: [Int]
    private var applications: [Int]

    init(_ script: FaultScript) {
        self.script = script
        matches = Array(repeating: 0, count: script.rules.count)
        applications = matches
        limitsTransfers = script.rules.contains { rule in
            rule.faults.contains { if case .limit = $0 { true } else { false } }
        }
    }

    /// Counts a request.
    ///
    /// - Returns: the request's faults, in order, and its number among the requests for its path.
    mutating func faults(path: String, method: String, offset: Int64, connection: Int) -> (
        faults: [Fault], ordinal: Int
    ) {
        let ordinal = requestsByPath[path, default: 0]
        defer {
            requests += 1
            requestsByPath[path] = ordinal + 1
        }
        var faults: [Fault] = []
        for (index, rule) in script.rules.enumerated() {
            guard Glob.matches(path, pattern: rule.path), rule.method.map({ $0 == method }) ?? true,
                rule.offsets.map({ $0.contains(offset) }) ?? true
            else { continue }
            let count =
                switch rule.counting {
                case .path: ordinal
                case .server: requests
                case .rule: matches[index]
                case .connection: connection
                }
            matches[index] += 1
            guard rule.requests.map({ $0.contains(count) }) ?? true,
                rule.every.map({ count % $0 == $0 - 1 }) ?? true, rule.times.map({ applications[index] < $0 }) ?? true
            else { continue }
            applications[index] += 1
            faults += rule.faults
        }
        return (faults, ordinal)
    }
}
