import Hashing
package import ModelFetch
import SeededRandom
import Storage
import Transfer

/// Runs a schedule: the real download core on a simulated network, disk and clock.
package final class Simulation {
    /// The result.
    package struct Verdict: Sendable {
        package var violations: [String]
        package var runs = 0
        package var kills = 0
        package var cuts = 0
        package var requests = 0
        /// The most connections to one source at the same time.
        package var connections = 0
        package var events = EventCounts()
        /// What the runs that were not killed reported.
        package var reports: [DownloadReport] = []
        /// Identifies the course of events: it is the same whenever the schedule is run.
        package var trace: UInt64 = 0

        package var isFine: Bool { violations.isEmpty }
    }

    static let directory = "/models/m"
    /// The most that a killed process may lose for each connection that it had for a file.
    static let killAllowance: Int64 = 512 << 10
    private static let stallTimeout: Duration = .seconds(30)

    let schedule: Schedule
    let profile: Profile?
    let scheduler: Scheduler
    let machine: Machine
    let network: SimulatedNetwork
    let invariants: Invariants
    let manifest: Manifest
    /// The manifest of the current run, which may have only some of the files.
    var current: Manifest
    let files: [(path: String, bytes: [UInt8])]
    let log: ((String) -> Void)?
    var verdict = Verdict(violations: [])
    var processes: [SimulatedProcess] = []
    private var hasLied = false
    private var isForeign = false
    var hasUntoldErrors = false
    /// What the kills so far may have cost, by file.
    var lost: [String: Int64] = [:]

    /// - Parameters:
    ///   - profile: adds the conditions of this kind of schedule.
    ///   - log: called with a description of every call and request.
    package init(_ schedule: Schedule, profile: Profile? = nil, log: ((String) -> Void)? = nil) throws {
        self.schedule = schedule
        self.profile = profile
        self.log = log
        files = schedule.files.enumerated().map { ($1.path, Pool.bytes($1.size, number: $0)) }
        let needed = files.reduce(0) { $0 + Int64($1.bytes.count) + 4096 }
        scheduler = Scheduler(seed: schedule.seed)
        machine = Machine(
            scheduler, seed: schedule.seed ^ 1, fileSystem: schedule.fileSystem,
            capacity: max(0, needed + schedule.spareBytes))
        network = SimulatedNetwork(
            scheduler, seed: schedule.seed ^ 2,
            files: Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.bytes) }),
            sources: schedule.sources, stallTimeout: Self.stallTimeout)
        let marker = schedule.hasMarker ? files[0].path : nil
        manifest = try Manifest(
            name: "m",
            sources: schedule.sources.enumerated().map { .init(url: SimulatedNetwork.url(of: $0), rank: $1.rank) },
            marker: marker.map { try ManifestPath($0) },
            files: zip(schedule.files, files).map { try Self.entry($0, $1.bytes) })
        current = manifest
        let unpinned = Set(schedule.files.filter { $0.pin != .sha256 }.map(\.path))
        invariants = Invariants(machine, directory: Self.directory, files: files, unpinned: unpinned, marker: marker)
        invariants.versions = { [network] in network.latestVersion }
        machine.log = log
        network.log = log
    }

    private static func entry(_ file: Schedule.File, _ bytes: [UInt8]) throws -> ManifestFile {
        let digest = bytes.withUnsafeBytes { SHA256Hasher.digest(of: $0) }
        let path = try ManifestPath(file.path)
        let size = Int64(bytes.count)
        let reason = "as the schedule says"
        return switch file.pin {
        case .sha256: ManifestFile(path: path, size: size, sha256: digest)
        case .expected:
            ManifestFile(
                path: path, size: size, sha256: nil, expected: .init(size: nil, sha256: digest), unpinned: reason)
        case .size: ManifestFile(path: path, size: size, sha256: nil, unpinned: reason)
        case .nothing: ManifestFile(path: path, size: nil, sha256: nil, unpinned: reason)
        }
    }

    /// A different manifest with some of the files.
    private func manifest(sharing indices: [Int]) -> Manifest {
        let shared = manifest.files.indices.filter { $0 > 0 && indices.contains($0) }.map { manifest.files[$0] }
        // It throws only if there are no files; then the original manifest serves as well.
        return (try? Manifest(name: "n", sources: manifest.sources, files: shared)) ?? manifest
    }

    /// Runs the schedule to its end.
    package func play() -> Verdict {
        for (number, run) in schedule.runs.enumerated() {
            log?("run \(number)")
            play(run)
            if !invariants.violations.isEmpty { break }
        }
        if invariants.violations.isEmpty { healthyEnd() }
        scheduler.forgetTimers()
        verdict.violations = invariants.violations
        verdict.requests = network.requestCount
        verdict.trace = machine.trace
        return verdict
    }

    // MARK: Runs

    private func play(_ run: Schedule.Run) {
        let right = files.map(\.path).filter { invariants.isRight($0) }
        for damage in run.damages {
            giveUpTreasures(for: damage)
            // Not within the same tick of the clock: a new file of the same size may have the inode of an old one.
            machine.clockStep += 1_000_000_000
            if let theirs = machine.apply(damage, to: files, in: Self.directory) {
                invariants.treasure(theirs.path, theirs.bytes)
            }
            // After each of them: a power cut may restore what the next one has removed.
            invariants.disown()
            switch damage {
            case .foreignFinal, .relatedFinal: isForeign = true
            default: break
            }
        }
        if run.replaces { invariants.giveUpTreasures() }
        current = run.sharing.map(manifest(sharing:)) ?? manifest
        var rotten = run.damages.compactMap { damage in
            if case .rot(let file, .final, _, _) = damage { files[file % files.count].path } else { nil }
        }
        // Without fsync a failed writeback is not reported, and only the cache has the bytes.
        if !schedule.isDurable, run.damages.contains(.cacheDropped) {
            rotten += right.filter { !invariants.isRight($0) }
        }
        if !run.damages.isEmpty { invariants.disown(silent: Set(rotten)) }
        var options = options
        options.recheck = run.rechecks
        options.replacesForeignFiles = run.replaces
        start(run.disk, options)
        if let other = run.other { start(other, options) }
        if let delay = run.interruptAfter {
            let first = processes[0]
            scheduler.after(.milliseconds(delay)) { first.interrupt() }
        }
        finish(run)
    }

    /// Others may do what they like with their own files.
    private func giveUpTreasures(for damage: Damage) {
        switch damage {
        case .rot(let file, .final, _, _), .cut(let file, .final, _), .removed(let file, .final),
            .obstacle(let file, .final, _), .foreignFinal(let file, _), .relatedFinal(let file, _, _):
            // What was kept of an earlier file stays.
            invariants.giveUpTreasures(at: files[file % files.count].path)
        case .stateRemoved: invariants.giveUpKeptTreasures()
        default: break
        }
    }

    var options: DownloadOptions {
        var options = DownloadOptions()
        options.retries = schedule.retries
        options.concurrentFiles = schedule.concurrentFiles
        options.concurrentSmallFiles = schedule.concurrentFiles
        options.connections = schedule.connections
        options.isDurable = schedule.isDurable
        options.stallTimeout = Self.stallTimeout
        return options
    }

    func start(_ events: [DiskEvent], _ options: DownloadOptions) {
        let process = SimulatedProcess(invariants)
        let disk = SimulatedDisk(
            machine, events: events, hasLocks: schedule.hasLocks, hasLinks: schedule.hasLinks, lies: schedule.lies,
            onIncident: { [unowned self, unowned process] in self.incident($0, process) },
            onChange: { [unowned self] in self.invariants.check("at \(self.scheduler.now)") })
        let transport = SimulatedTransport(network)
        process.disk = disk
        process.transport = transport
        var runtime = Runtime(
            transport: transport, disk: disk, time: Time(VirtualClock(scheduler)),
            random: Randomness(SplitMix64(seed: scheduler.random.next())), executor: scheduler,
            bootID: "boot \(machine.boots)", processors: 3)
        runtime.firstConnections = schedule.firstConnections
        if let least = schedule.leastQueued { runtime.leastQueued = least }
        if let sizes = schedule.leases {
            (runtime.leases.least, runtime.leases.most) = (sizes.least, sizes.most)
            (runtime.leases.leastStolen, runtime.leases.window) = (sizes.leastStolen, sizes.window)
        }
        let made = runtime
        let download = ModelDownload(current, into: Self.directory, options: options, known: [current])
        processes.append(process)
        let events = SendableLog { [unowned self] event in
            verdict.events.note(event)
            log?("  \(event)")
        }
        process.task = Task(executorPreference: scheduler) {
            process.report = await download.run(in: made) { event in events.call(event) }
        }
    }

    private func incident(_ incident: SimulatedDisk.Incident, _ process: SimulatedProcess) {
        switch incident {
        case .interrupted: process.interrupt()
        case .killed:
            verdict.kills += 1
            for (path, _) in files {
                lost[path, default: 0] += Int64(max(network.open[path, default: 0], 1)) * Self.killAllowance
            }
            process.die()
        case .powerCut:
            verdict.cuts += 1
            for other in processes {
                other.disk.vanish()
                other.die()
            }
            // Without fsync nothing is guaranteed after a power cut.
            if !schedule.isDurable {
                // The remains of a file without a digest are accepted as they are.
                invariants.disown(silent: Set(schedule.files.filter { $0.pin != .sha256 }.map(\.path)))
                invariants.giveUpTreasures()
                // The remains may look like a different file of the user.
                isForeign = true
            }
            invariants.check("after a power cut")
        }
    }

    func finish(_ run: Schedule.Run?) {
        let stop = scheduler.drive(steps: 2_000_000, until: scheduler.now + .seconds(200_000)) {
            processes.allSatisfy { $0.report != nil }
        }
        if stop != .done { invariants.violated("the run does not end: \(stop)") }
        let faults = network.takeFired()
        if faults.contains(where: \.isLie) { hasLied = true }
        for process in processes {
            verdict.runs += 1
            if stop == .done { judge(process, run, faults) }
            process.disk.die()
        }
        invariants.check("after the run")
        var limit = processes.count * schedule.concurrentFiles * mostConnections * 4 * 65_536
        if schedule.leastQueued != nil { limit += processes.count * schedule.concurrentFiles * HashQueue.most }
        if network.peakChunkBytes > limit {
            invariants.violated("\(network.peakChunkBytes) bytes of chunks were held at once")
        }
        // A redirect may lead to a host that others are using already.
        let isRedirected = schedule.sources.contains { $0.faults.contains(.redirectToNext) }
        let most = processes.count * max(schedule.connections, schedule.concurrentFiles)
        if network.mostOpen > most, !isRedirected {
            invariants.violated("\(network.mostOpen) connections to one source at once, \(most) are allowed")
        }
        verdict.connections = max(verdict.connections, network.takeMostOpen())
        processes = []
    }

    /// How many connections a file may have, to all sources.
    var mostConnections: Int { schedule.connections * schedule.sources.count }

    // MARK: Checking a run

    private func judge(_ process: SimulatedProcess, _ run: Schedule.Run?, _ faults: [NetworkFault]) {
        // A writeback may fail in one run and be reported by an fsync of the next one.
        if process.disk.fired.contains(where: { $0.fault == .writebackFails }) { hasUntoldErrors = true }
        guard let report = process.report, !process.isDead else { return }
        verdict.reports.append(report)
        let words = "\(report.failures.first.map { "\($0)" } ?? "no failure")"
        log?(
            "ended: \(report.isOK ? "ok" : report.isCancelled ? "cancelled" : report.kind.map { "\($0)" } ?? "failed") \(words)"
        )
        if process.disk.openDescriptors != 0 {
            invariants.violated("\(process.disk.openDescriptors) descriptors were left open")
        }
        if report.isOK {
            // Another run may withhold the marker after this one has ended, and be killed.
            let isWhole =
                current.files.allSatisfy { invariants.isRight($0.path.string) }
                || (processes.count > 1 && process.leftWhole)
            if !isWhole, !receiptsMayErr { invariants.violated("it reports success, but the model is not complete") }
            return
        }
        if report.isCancelled {
            if !process.isInterrupted { invariants.violated("it reports a cancellation that did not happen") }
            return
        }
        let sickness =
            process.disk.fired.contains(where: \.isSickness) || isTight || hasUntoldErrors
        let isHealthy =
            faults.isEmpty && !sickness && !process.isInterrupted && !isForeign && network.isRight
            && !machine.hasObstacles(in: Self.directory, files: files.map(\.path)) && processes.count == 1
        if isHealthy { invariants.violated("it failed without a fault: \(words)") }
        let isExplained =
            switch report.kind {
            case .cannotWrite?:
                sickness || machine.hasObstacles(in: Self.directory, files: files.map(\.path)) || processes.count > 1
            case .data?: hasLied || isForeign || !(run?.damages.isEmpty ?? true)
            case .refused?: hasLied
            case .unavailable?: !faults.isEmpty
            default: false
            }
        if !isExplained {
            invariants.violated("a failure (\(report.kind.map { "\($0)" } ?? "no kind")) without a reason: \(words)")
        }
        if profile == .oneHonest || profile == .parallel {
            invariants.violated("one source was correct, but the run failed: \(words)")
        }
    }

    /// Whether the disk may be full, including files of others.
    private var isTight: Bool {
        let foreign = schedule.runs.flatMap(\.damages).reduce(Int64(0)) { sum, damage in
            switch damage {
            case .foreignPartial(_, let count, _), .foreignFinal(_, let count), .relatedFinal(_, _, let count):
                sum + Int64(count)
            default: sum
            }
        }
        return schedule.spareBytes - foreign < 1 << 20
    }

    /// Silent corruption is not detected until a recheck, since receipts avoid reading the files.
    private var receiptsMayErr: Bool {
        schedule.runs.contains { !$0.damages.isEmpty } || schedule.lies.isEmpty == false || cutsMayErr
    }

    /// After a power cut, the remains of a file that was not durable and has no digest are accepted as the file.
    var cutsMayErr: Bool {
        !schedule.isDurable && verdict.cuts > 0 && schedule.files.contains { $0.pin != .sha256 }
    }
}

/// Everything runs on one thread.
private struct SendableLog: @unchecked Sendable {
    let call: (DownloadEvent) -> Void
    init(_ call: @escaping (DownloadEvent) -> Void) { self.call = call }
}

extension DiskEvent {
    /// Whether it is a failure of the disk, and not a call that is simply repeated.
    fileprivate var isSickness: Bool {
        switch fault {
        case .fails(let code): !(code == 4 && (call == .read || call == .write || call == .lock))
        case .failsFromHere, .writebackFails: true
        case .short, .kill, .powerCut, .interrupt, .clockStep: false
        }
    }
}
