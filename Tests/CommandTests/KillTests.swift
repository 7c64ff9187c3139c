import FaultServer
import Foundation
import Testing

/// `kill -9` at any time: never wrong, at most 1 MiB lost.
@Suite(.timeLimit(.minutes(4)))
struct KillTests {
    @Test(arguments: [1, 2] as [UInt64])
    func `kills in a loop cost at most a mebibyte each, and never truth`(seed: UInt64) async throws {
        let model = TestModel(
            ["weights.bin": 5 << 20, "more/vocab.bpe": 300_000, "config.json": 90, "checkpoint": 77],
            marker: "checkpoint")
        var random = Generator(state: seed)
        try await withServer(model) { sandbox, server in
            var kills: Int64 = 0
            while true {
                // From a few bytes to more than two blocks of the journal.
                let bytes = Int64.random(in: 1...(random.next(upTo: 3) == 0 ? 100_000 : 2_500_000), using: &random)
                server.replace(script: [.on(path: "weights.bin", .stall(after: bytes))])
                let stalls = server.log.count { $0.stalled }
                let child = try sandbox.start(sandbox.download(from: server, "--no-sync"))
                try await poll("bytes or the end") { !child.isRunning || server.log.count { $0.stalled } > stalls }
                // Sometimes at once, while bytes are on their way; sometimes when all have come.
                if child.isRunning, random.next(upTo: 2) == 0 { try await server.waitForStall(of: "weights.bin") }
                child.kill(SIGKILL)
                let result = try await child.wait()
                sandbox.expectNothingWrong()
                if result.status == 0 { break }
                #expect(result.ending == .killed(SIGKILL), "\(result.err)")
                kills += 1
                try #require(kills < 60)
            }
            #expect(kills > 2)
            sandbox.expectWhole()
            #expect(try await sandbox.run("verify", sandbox.directory, "--manifest", sandbox.manifest).status == 0)
            #expect(server.bodyBytesSent - model.bytes <= kills << 20, "after \(kills) kills")
        }
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
