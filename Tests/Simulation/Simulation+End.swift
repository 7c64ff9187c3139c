import ModelFetch
import Storage

/// What must hold at the end of a schedule.
extension Simulation {
    /// Without further faults, a run repairs everything; then a power cut changes nothing, and another run downloads
    /// nothing.
    func healthyEnd() {
        log?("healthy end")
        network.isHonest = true
        current = manifest
        invariants.giveUpTreasures()
        machine.makeRoom(for: files.reduce(0) { $0 + Int64($1.bytes.count) } * 3 + (4 << 20))
        if machine.clearObstacles(in: Self.directory, files: files.map(\.path)) { invariants.disown() }
        var options = options
        options.recheck = schedule.runs.contains { !$0.damages.isEmpty }
        options.replacesForeignFiles = true
        // An fsync may report what the kernel could not write in an earlier run, once for each file.
        var process: SimulatedProcess
        var left = hasUntoldErrors ? files.count : 0
        repeat {
            start([], options)
            process = processes[0]
            finish(nil)
            left -= 1
        } while left >= 0 && process.report?.kind == .cannotWrite && invariants.violations.isEmpty
        guard invariants.violations.isEmpty else { return }
        if process.report?.isOK != true || !invariants.isWhole && !cutsMayErr {
            invariants.violated(
                "a run without faults did not repair everything: \(process.report?.failures.first.map { "\($0)" } ?? "?")"
            )
        }
        checkThrift()
        checkLeftovers()
        guard schedule.isDurable, invariants.violations.isEmpty else { return }
        machine.losePower(luck: 0)
        invariants.check("after the last power cut")
        if !invariants.isWhole { invariants.violated("what was published was not durable") }
        let before = network.requestCount
        start([], self.options)
        finish(nil)
        if network.requestCount != before { invariants.violated("a finished model was fetched again") }
    }

    /// Checks that not too many bytes were downloaded twice.
    private func checkThrift() {
        guard profile == .thrifty else { return }
        for (path, bytes) in files {
            let allowed = Int64(bytes.count) + lost[path, default: 0] + duplicates(of: bytes.count)
            let delivered = network.delivered[path, default: 0]
            if delivered > allowed {
                invariants.violated("\(path): \(delivered) bytes came, \(allowed) are allowed")
            }
        }
    }

    /// How many bytes several connections may receive twice: what was under way when a range was given to another
    /// connection, and the last ranges, which two may fetch at once.
    private func duplicates(of size: Int) -> Int64 {
        guard mostConnections > 1 else { return 0 }
        return Int64(size / 8 + verdict.runs * mostConnections * 65_536)
    }

    /// Checks that only the files and the state directory with its files are left.
    private func checkLeftovers() {
        guard schedule.hasLocks else { return }
        let allowed = Set(
            files.map(\.path) + [".modelfetch/lock", ".modelfetch/receipts.json", ".modelfetch/manifest.json"])
        // What another tool left beside a right file is not removed; and without its journal, a partial file may be
        // another tool's.
        let isForeign = schedule.runs.flatMap(\.damages).contains { damage in
            switch damage {
            case .foreignPartial, .stateRemoved, .removed(_, .journal), .obstacle(_, .journal, _), .cut(_, .journal, _),
                .rot(_, .journal, _, _):
                true
            default: false
            }
        }
        for path in machine.allFiles(in: Self.directory) where !allowed.contains(path) {
            // Files that were kept for their owner are removed by the owner.
            if path.hasPrefix(".modelfetch/replaced/") { continue }
            // The same holds for a partial file whose journal was lost in a power cut.
            if isForeign || verdict.cuts > 0, path.hasSuffix(".partial") { continue }
            invariants.violated("\(path) was left behind")
        }
    }
}
