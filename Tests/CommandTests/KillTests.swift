import FaultServer
import Foundation
import Testing

/// `kill -9` at any time: never wrong, at most 1 MiB lost for each connection.
@Suite(.timeLimit(.minutes(10)))
struct KillTests {
    @Test(arguments: [1, 2] as [UInt64])
    func `kills in a loop cost at most a mebibyte each, and the files are right`(seed: UInt64) async throws {
        let model = TestModel(
            ["weights.bin": 5 << 20, "more/vocab.bpe": 300_000, "config.json": 90, "checkpoint": 77],
            marker: "checkpoint")
        var random = Generator(state: seed)
        try await withServer(model) { workspace, server in
            var kills: Int64 = 0
            while true {
                // From a few bytes to more than two blocks of the journal.
                let bytes = Int64.random(in: 1...(random.next(upTo: 3) == 0 ? 100_000 : 2_500_000), using: &random)
                server.replace(script: [.on(path: "weights.bin", .stall(after: bytes))])
                let stalls = server.log.count { $0.stalled }
                let child = try workspace.start(workspace.download(from: server, "--no-sync", "--connections", "1"))
                try await poll("bytes or the end") { !child.isRunning || server.log.count { $0.stalled } > stalls }
                // Sometimes at once, while bytes are on their way; sometimes when all have come.
                if child.isRunning, random.next(upTo: 2) == 0 { try await server.waitForStall(of: "weights.bin") }
                child.kill(SIGKILL)
                let result = try await child.wait()
                workspace.expectNothingWrong()
                if result.status == 0 { break }
                #expect(result.ending == .killed(SIGKILL), "\(result.err)")
                kills += 1
                try #require(kills < 60)
            }
            #expect(kills > 2)
            workspace.expectWhole()
            #expect(
                try await workspace.run("verify", workspace.directory, "--manifest", workspace.manifest).status == 0)
            #expect(server.bodyBytesSent - model.bytes <= kills << 20, "after \(kills) kills")
        }
    }

    @Test func `kills while several connections are at work cost at most a mebibyte for each of them`() async throws {
        let model = TestModel(["weights.bin": 48 << 20, "checkpoint": 77], marker: "checkpoint")
        try await withServer(model) { workspace, server in
            // So slow that little is on the way when the kill comes.
            server.replace(script: [.on(path: "weights.bin", .rate(1_500_000))])
            var kills = 0
            while true {
                let before = server.bodyBytesSent
                let child = try workspace.start(workspace.download(from: server, "--no-sync", "--connections", "4"))
                try await poll("bytes or the end") { !child.isRunning || server.bodyBytesSent - before >= 8 << 20 }
                child.kill(SIGKILL)
                let result = try await child.wait()
                workspace.expectNothingWrong()
                if result.status == 0 { break }
                kills += 1
                try #require(kills < 20)
            }
            #expect(kills >= 2)
            workspace.expectWhole()
            #expect(server.statistics.peakTransfers == 4)
            #expect(server.bodyBytesSent - model.bytes <= Int64(4 * kills) << 20, "after \(kills) kills")
        }
    }

    /// When the next kill comes: never by the clock, always by what has happened.
    private enum Moment: CaseIterable {
        /// The lock is there: before anything was asked for.
        case lock
        /// It has said that it begins.
        case words
        /// The server has sent what it will send; the client may not have it all.
        case sent
        /// The program has written all of it.
        case written
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/io"), "no /proc/PID/io here"))
    func `a hundred kills and more cost at most a mebibyte each`() async throws {
        let model = TestModel(["weights.bin": 24 << 20, "config.json": 90, "checkpoint": 77], marker: "checkpoint")
        let path = "weights.bin"
        var random = Generator(state: 7)
        try await withServer(model) { workspace, server in
            var kills = 0
            // How far into the file the server has come, and how many of its replies have been looked at.
            var (reached, seen) = (Int64(0), 0)
            while true {
                let isLarge = kills >= 100 || random.next(upTo: 12) == 0
                let bytes = Int64.random(in: 1...(isLarge ? 3_500_000 : 500_000), using: &random)
                let moment = isLarge ? .written : Moment.allCases[Int(random.next(upTo: 4))]
                server.replace(script: [.on(path: path, .stall(after: bytes))])
                let lock = workspace.directory + "/.modelfetch/lock"
                try? FileManager.default.removeItem(atPath: lock)
                let stalls = server.log.count { $0.stalled }
                let child = try workspace.start(
                    workspace.download(from: server, "--no-sync", "--json", "--connections", "1"))
                try await poll("the moment") {
                    guard child.isRunning else { return true }
                    return switch moment {
                    case .lock: FileManager.default.fileExists(atPath: lock)
                    case .words: !child.outputSoFar.isEmpty
                    case .sent, .written: server.log.count { $0.stalled } > stalls
                    }
                }
                if moment == .written, child.isRunning {
                    let sent = server.log.last { $0.stalled }?.bodyBytesSent ?? 0
                    try await poll("the writes") { child.bytesWritten >= sent }
                }
                child.kill(SIGKILL)
                let result = try await child.wait()
                workspace.expectNothingWrong()
                for request in server.requests(path: path).dropFirst(seen) {
                    let start = request.rangeStart
                    // All that a kill has cost lies between what had been sent and where the next run goes on.
                    #expect(reached - start <= 1 << 20, "kill \(kills): had \(reached), goes on at \(start)")
                    reached = start + request.bodyBytesSent
                    seen += 1
                }
                if result.status == 0 { break }
                #expect(result.ending == .killed(SIGKILL), "\(result.err)")
                kills += 1
                try #require(kills < 300)
            }
            #expect(kills >= 100)
            workspace.expectWhole()
            #expect(server.bodyBytesSent - model.bytes <= Int64(kills) << 20)
        }
    }
}

extension Child {
    /// What it has handed to write(2) and its kin, journal and words included (proc(5), /proc/PID/io).
    fileprivate var bytesWritten: Int64 {
        let text = String(decoding: FileManager.default.contents(atPath: "/proc/\(pid)/io") ?? Data(), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("wchar: ") }
        return line.flatMap { Int64($0.dropFirst(7)) } ?? 0
    }
}

extension RequestRecord {
    /// The first byte that was asked for.
    var rangeStart: Int64 {
        guard let range = header("Range"), range.hasPrefix("bytes=") else { return 0 }
        return Int64(range.dropFirst(6).prefix { $0 != "-" }) ?? 0
    }
}

/// SplitMix64: the same numbers for the same seed.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    mutating func next(upTo bound: UInt64) -> UInt64 { next() % bound }
}
