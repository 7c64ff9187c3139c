import FaultServer
import Foundation
import Testing

/// What somebody puts in the way of the program, before it runs and while it does: it is reported or replaced, never followed. The
/// kernel's confinement is switched off in half of the runs, so that it cannot hide a mistake.
@Suite(.timeLimit(.minutes(10)), .enabled(if: Program.has("strace"), "strace is not installed"))
struct ObstacleTests {
    private static let model = TestModel(
        ["weights.bin": 400_000, "sub/vocab.bpe": 60_000, "checkpoint": 77], marker: "checkpoint")

    private static let places = [
        "weights.bin", "weights.bin.partial", "sub", "sub/vocab.bpe", "sub/vocab.bpe.partial", "checkpoint.partial",
        ".modelfetch", ".modelfetch/lock", ".modelfetch/weights.bin.journal", ".modelfetch/receipts.json",
        ".modelfetch/receipts.json.new", ".modelfetch/manifest.json", ".modelfetch/manifest.json.new",
    ]

    private func start(_ workspace: Workspace, _ server: FaultServer, isConfined: Bool) throws -> Child {
        let arguments = workspace.download(from: server, "--retry-delay", "0.01", "--retries", "2")
        guard !isConfined else { return try workspace.start(arguments) }
        let strace = try #require(Program.find("strace"))
        let options = [
            "-f", "--seccomp-bpf", "-qqq", "-o", "/dev/null", "-e", "trace=landlock_create_ruleset", "-e",
            "inject=landlock_create_ruleset:error=ENOSYS", Program.path,
        ]
        return try Child(strace, options + arguments, environment: workspace.environment, directory: workspace.path)
    }

    @Test(arguments: Outside.Obstacle.allCases, places)
    func `an obstacle in the directory is not followed`(obstacle: Outside.Obstacle, place: String) async throws {
        // Making a device takes root.
        if obstacle == .device, !Program.isRoot { return }
        try await withServer(Self.model) { workspace, server in
            let outside = try Outside(workspace)
            try workspace.write([1], to: "model/.modelfetch/x")
            try workspace.write([1], to: "model/sub/x")
            #expect(outside.put(obstacle, at: workspace.directory + "/" + place))
            let result = try await start(workspace, server, isConfined: place.utf8.count % 2 == 0).wait()
            outside.expectUntouched()
            workspace.expectNothingWrong()
            switch result.status {
            case 0: workspace.expectWhole()
            default:
                #expect(result.status == 73, "\(result.ending) \(result.err)")
                #expect(result.err.contains("error: ") && result.err.contains(place), "\(result.err)")
            }
            // An audit follows it no more, and does not wait for a FIFO.
            let audit = try await workspace.run("verify", "model", "--manifest", "test.json")
            #expect([0, 65, 73].contains(audit.status), "\(audit.ending) \(audit.err)")
            outside.expectUntouched()
        }
    }

    @Test(arguments: Outside.Obstacle.allCases, [true, false])
    func `an obstacle that appears during the run is not followed`(obstacle: Outside.Obstacle, isConfined: Bool)
        async throws
    {
        if obstacle == .device, !Program.isRoot { return }
        // Slow enough that every file is opened, written, resumed and published while names change.
        let script: FaultScript = [
            .on(.rate(400_000)), .on(path: "weights.bin", requests: 0...2, .drop(after: 90_000)),
        ]
        // All of them, and some, because what happens to the lock ends a run early.
        for places in [Self.places, Self.places.filter { !$0.hasPrefix(".") }, ["weights.bin.partial", "weights.bin"]] {
            try await withServer(Self.model, script: script) { workspace, server in
                let outside = try Outside(workspace)
                let child = try start(workspace, server, isConfined: isConfined)
                let swapper = Swapper(workspace, outside, obstacle, places)
                defer { swapper.stop() }
                let result: Child.Result
                do { result = try await child.wait() } catch {
                    swapper.stop()
                    throw error
                }
                swapper.stop()
                #expect([0, 65, 69, 73].contains(result.status), "\(result.ending) \(result.err)")
                #expect(swapper.count > 0)
                outside.expectUntouched()
                // A file that was published over what stood in its way goes when that is taken away.
                workspace.expectNothingWrong(markerTells: false)
            }
        }
    }
}

/// A thread that puts something in the place of one name after the other, and what stood there back, as fast as it can.
private final class Swapper: Sendable {
    private let state = Gatekeeper()

    init(_ workspace: Workspace, _ outside: Outside, _ obstacle: Outside.Obstacle, _ places: [String]) {
        let state = state
        Thread.detachNewThread {
            var index = 0
            while state.goesOn() {
                index += 1
                let place = workspace.directory + "/" + places[index % places.count]
                let aside = place + ".aside"
                // Only what is there can be exchanged, but for the names that are about to be made.
                guard FileManager.default.fileExists(atPath: (place as NSString).deletingLastPathComponent) else {
                    continue
                }
                if outside.put(obstacle, at: place, aside: aside) { state.count() }
                if index % 3 == 0 { sched_yield() }
                unlink(place)
                rmdir(place)
                _ = rename(aside, place)
            }
            state.end()
        }
    }

    var count: Int { state.total }
    func stop() { state.stop() }
}

/// What the thread and the test say to each other.
private final class Gatekeeper: Sendable {
    // Guards all of the others.
    private let condition = NSCondition()
    private nonisolated(unsafe) var isStopped = false
    private nonisolated(unsafe) var hasEnded = false
    private nonisolated(unsafe) var swaps = 0

    func goesOn() -> Bool { condition.withLock { !isStopped } }
    func count() { condition.withLock { swaps += 1 } }
    var total: Int { condition.withLock { swaps } }
    func end() {
        condition.withLock { hasEnded = true }
        condition.broadcast()
    }

    /// Returns when the thread has ended.
    func stop() {
        condition.withLock {
            isStopped = true
            while !hasEnded { condition.wait() }
        }
    }
}
