import Foundation
import Hashing
import ModelFetch
import SeededRandom
import Storage
import TemporaryDirectory

/// Whole runs of the engine over ``StressNetwork``, on real threads: up to sixteen connections to each of two sources, whose leases are
/// stolen from, hedged, cut, broken and refused. One run in three is cancelled somewhere, and repeated.
///
/// Whatever happens: every file is right in the end, no more connections are used than were allowed, and none is left open.
package struct EngineStress: Sendable {
    /// What was seen in a round.
    package struct Outcome: Sendable {
        package var violations: [String] = []
        package var hedges = 0
        package var cancelled = 0
        package var resolutions = 0
        /// The most transfers from one source at the same time.
        package var peak = 0

        package init() {}
    }

    private static let largest = 3 << 20
    private static let bytes = [UInt8](unsafeUninitializedCapacity: largest) { buffer, made in
        var random = SplitMix64(seed: 2)
        for offset in stride(from: 0, to: largest, by: 8) {
            UnsafeMutableRawBufferPointer(buffer).storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
        }
        made = largest
    }

    private let seed: UInt64

    package init(seed: UInt64) { self.seed = seed }

    package func play() async throws -> Outcome {
        var random = SplitMix64(seed: seed)
        let folder = try TemporaryDirectory()
        defer { withExtendedLifetime(folder) {} }
        var files: [String: [UInt8]] = ["large": Array(Self.bytes[..<(1_000_000 + random.below(2_000_000))])]
        for number in 0..<random.below(4) {
            let start = random.below(Self.largest - 200_000)
            files["small\(number)"] = Array(Self.bytes[start..<start + 1 + random.below(200_000)])
        }
        var options = DownloadOptions()
        let connections = random.chance(20) ? 1 + random.below(4) : 16
        options.connections = connections
        options.concurrentFiles = 1 + random.below(4)
        // However often a source fails, it is not given up.
        options.retries = 1000
        options.retryDelay = .milliseconds(20)
        options.isDurable = false
        let manifest = try Manifest(
            name: "stress",
            sources: StressNetwork.sources.map { ManifestSource(url: $0, rank: random.chance(70) ? 0 : 1) },
            files: files.map { path, bytes in
                ManifestFile(
                    path: try ManifestPath(path), size: Int64(bytes.count),
                    sha256: bytes.withUnsafeBytes { SHA256Hasher.digest(of: $0) })
            })
        let clock = FastClock()
        let network = StressNetwork(files, connections: connections, clock: clock, seed: random.next())
        var leases = LeaseSizes()
        leases.least = 16 << 10
        leases.most = 16 << (10 + Int64(random.below(6)))
        leases.leastStolen = 2 << 10
        leases.window = Int64(256 << 10) << Int64(random.below(4))
        let first = 1 + random.below(16)
        let executor = try BlockingExecutor(threads: 2 + random.below(14))
        defer { executor.stop() }
        var runtime = Runtime(
            transport: network, disk: SystemDisk(), time: Time(clock),
            random: Randomness(SplitMix64(seed: random.next())), executor: executor, bootID: "boot")
        runtime.leases = leases
        runtime.firstConnections = first
        runtime.leastQueued = random.pick([1, 5_000, .max])
        let download = ModelDownload(manifest, into: folder.path + "/model", options: options)
        var outcome = Outcome()
        if random.chance(33) {
            let run = Task { [runtime] in await download.run(in: runtime) }
            try await Task.sleep(for: .milliseconds(random.below(100)))
            run.cancel()
            _ = await run.value
            outcome.violations += network.violations
        }
        let (report, unended) = await Self.run(download, in: runtime, network)
        if let unended { outcome.violations.append(unended) }
        if let failure = report.failures.first { outcome.violations.append("the run failed: \(failure)") }
        if report.isCancelled { outcome.violations.append("the run says that it was cancelled") }
        outcome.violations += network.violations
        for (path, bytes) in files
        where FileManager.default.contents(atPath: folder.path + "/model/" + path) != Data(bytes) {
            outcome.violations.append("\(path) is not right")
        }
        let counts = network.counts
        (outcome.hedges, outcome.cancelled) = (counts.hedges, counts.cancelled)
        (outcome.resolutions, outcome.peak) = (counts.resolutions, counts.peak)
        return outcome
    }

    /// A run that never ends is cancelled after a minute, which is many times what it takes.
    private static func run(
        _ download: ModelDownload, in runtime: Runtime, _ network: StressNetwork
    ) async -> (report: DownloadReport, unended: String?) {
        let run = Task { await download.run(in: runtime) }
        let watchdog = Task { () -> String? in
            guard (try? await Task.sleep(for: .seconds(60))) != nil else { return nil }
            run.cancel()
            return "the run did not end; open: \(network.transfers)"
        }
        let report = await run.value
        watchdog.cancel()
        return (report, await watchdog.value)
    }
}
