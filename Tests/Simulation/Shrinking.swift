extension Schedule {
    /// A smaller schedule that still fails: removes events and halves sizes as long as it does.
    ///
    /// - Parameters:
    ///   - tries: the most schedules that are run.
    ///   - fails: whether a schedule fails.
    package func shrunk(tries: Int = 400, while fails: (Schedule) -> Bool) -> Schedule {
        var best = self
        var left = tries
        var isBetter = true
        while isBetter, left > 0 {
            isBetter = false
            for candidate in best.smaller() {
                guard left > 0 else { break }
                left -= 1
                guard fails(candidate) else { continue }
                best = candidate
                isBetter = true
                break
            }
        }
        return best
    }

    /// All schedules that are one step smaller, with the larger steps first.
    private func smaller() -> [Schedule] {
        var result: [Schedule] = []
        func add(_ change: (inout Schedule) -> Void) {
            var copy = self
            change(&copy)
            if copy != self { result.append(copy) }
        }
        for index in runs.indices { add { $0.runs.remove(at: index) } }
        for index in sources.indices {
            // Without its honest source, a schedule may fail for another reason.
            if sources.count > 1, !sources[index].isHonest { add { $0.sources.remove(at: index) } }
            add { $0.sources[index].faults = [] }
        }
        if files.count > 1 { add { $0.files.removeLast() } }
        for run in runs.indices {
            for index in runs[run].damages.indices { add { $0.runs[run].damages.remove(at: index) } }
            for index in runs[run].disk.indices { add { $0.runs[run].disk.remove(at: index) } }
            if let other = runs[run].other {
                add { $0.runs[run].other = nil }
                for index in other.indices { add { $0.runs[run].other?.remove(at: index) } }
            }
            add { $0.runs[run].interruptAfter = nil }
            add { $0.runs[run].rechecks = false }
            add { $0.runs[run].replaces = false }
        }
        for source in sources.indices {
            add {
                while let last = $0.sources[source].faults.last, last == nil { $0.sources[source].faults.removeLast() }
            }
            for index in sources[source].faults.indices where sources[source].faults[index] != nil {
                add { $0.sources[source].faults[index] = nil }
            }
        }
        for index in files.indices where files[index].size > 0 { add { $0.files[index].size /= 2 } }
        for source in sources.indices {
            add { $0.sources[source].traffic = Traffic() }
            for index in sources[source].traffic.habits.indices {
                add { $0.sources[source].traffic.habits.remove(at: index) }
            }
        }
        add { $0.connections = 1 }
        if leastQueued != nil { add { $0.leastQueued = nil } }
        if connections > 2 { add { $0.connections = 2 } }
        add { $0.leases = nil }
        add { $0.firstConnections = nil }
        add { $0.concurrentFiles = 1 }
        add { $0.hasMarker = false }
        return result
    }
}
