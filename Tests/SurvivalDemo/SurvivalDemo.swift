internal import FaultServer
internal import Foundation

/// The main job, offline, on a bad day: what `./run` shows without arguments.
///
/// usage: SurvivalDemo MODELFETCH TINY_DIRECTORY
///
/// A mirror on loopback serves the tiny model behind a link that drops, stalls, resets and once answers 503. The real program downloads
/// it, is killed by SIGKILL half way, goes on, verifies, and runs once more with nothing left to do. Ends with 0 only if all of
/// that went as it should.
@main
struct SurvivalDemo {
    private static let script: FaultScript = [
        // A slow link, so that half way is a moment one can meet.
        .on(path: "*.data-*", .rate(400_000)),
        .on(path: "*.meta", .rate(100_000)),
        .on(path: "*.data-*", request: 0, .stall(after: 150_000)),
        .on(path: "*.data-*", request: 1, .drop(after: 100_000)),
        .on(path: "*.meta", request: 0, .status(503, retryAfter: .seconds(1))),
        .on(path: "*.meta", request: 1, .reset(after: 100_000)),
    ]

    static func main() async {
        guard CommandLine.arguments.count == 3 else {
            write("usage: SurvivalDemo MODELFETCH TINY_DIRECTORY")
            exit(64)
        }
        do {
            let demo = try SurvivalDemo(binary: CommandLine.arguments[1], tiny: CommandLine.arguments[2])
            try await FaultServer.run(files: .directory(demo.tiny), script: script) { server in
                try await demo.survive(server)
            }
        } catch {
            write("The demonstration failed: \(error)")
            exit(1)
        }
    }

    private struct Failed: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    private let binary: String
    private let tiny: String
    private let directory: URL
    private let size: Int64

    private init(binary: String, tiny: String) throws {
        self.binary = binary
        self.tiny = tiny
        directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "modelfetch-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        size = try FileManager.default.contentsOfDirectory(atPath: tiny).reduce(0) { sum, name in
            let attributes = try FileManager.default.attributesOfItem(atPath: tiny + "/" + name)
            return sum + ((attributes[.size] as? NSNumber)?.int64Value ?? 0)
        }
    }

    private func survive(_ server: FaultServer) async throws {
        let model = directory.appendingPathComponent("tiny").path
        let download = [
            "tiny", model, "--source", server.baseURL, "--stall-timeout", "1", "--retry-delay", "0.2",
            // So that all that happens stays to be read.
            "--progress", "plain",
        ]

        say("A mirror on \(server.baseURL) with a bad link. First run, to be killed half way:")
        let killed = try start(download)
        _ = try await server.wait(within: .seconds(60)) { log in
            // The stall and the drop are behind it, and two files are on their way.
            let data = log.filter { $0.path.contains(".data-") }
            return data.count == 3 && data[2].bodyBytesSent > 150_000
        }
        kill(killed.processIdentifier, SIGKILL)
        killed.waitUntilExit()
        guard killed.terminationReason == .uncaughtSignal else {
            throw Failed("the first run ended before it was killed")
        }
        guard try !FileManager.default.contentsOfDirectory(atPath: model).contains("checkpoint") else {
            throw Failed("the marker was there before the model was whole")
        }

        say("Killed (SIGKILL). The same command again:")
        try finish(download)
        let log = server.log
        let sent = Self.bodyBytes(log)

        say("Is it what it should be?")
        try finish(["verify", model])

        say("Once more:")
        try finish(download)
        guard server.log.count == log.count else { throw Failed("a finished model was asked for again") }

        let faults = log.flatMap(\.faults)
        func times(_ isMeant: (Fault) -> Bool) -> Int { faults.count(where: isMeant) }
        let drops = times { if case .drop = $0 { true } else { false } }
        let stalls = times { if case .stall = $0 { true } else { false } }
        let resets = times { if case .reset = $0 { true } else { false } }
        let refusals = log.count { $0.status == 503 }
        Self.write("")
        say("Survived: \(drops) drop, \(stalls) stall, \(resets) reset, \(refusals) answer 503, 1 SIGKILL.")
        say("\(size) bytes are there and verified; \(sent) were sent: \(sent - size) of them twice, by the SIGKILL.")
        say("The third run asked for nothing. Delete \(directory.path) when you have looked at it.")
    }

    /// The bytes of files that left the server; those of error answers do not count.
    private static func bodyBytes(_ log: [RequestRecord]) -> Int64 {
        log.reduce(0) { $0 + ($1.status == 200 || $1.status == 206 ? $1.bodyBytesSent : 0) }
    }

    private func say(_ text: String) { Self.write("▸ \(text)") }

    /// Unbuffered, so that it stands where it belongs among the lines of the child processes.
    private static func write(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

    private func start(_ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: binary)
        process.arguments = arguments
        process.standardError = FileHandle.standardOutput
        try process.run()
        return process
    }

    private func finish(_ arguments: [String]) throws {
        let process = try start(arguments)
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw Failed("modelfetch \(arguments.joined(separator: " ")) ended with \(process.terminationStatus)")
        }
    }
}
