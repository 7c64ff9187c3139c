import FaultServer
import Foundation
import ModelFetch
import Testing

// A process of its own tells whose threads there are (Swift Testing has such tests since Swift 6.2).
#if compiler(>=6.2)
    /// This process's threads.
    private enum Threads {
        static var count: Int {
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? 0
        }

        /// The fewest that are seen in a while: some that have ended take a moment to leave the list.
        static func fewest() async -> Int {
            var fewest = count
            for _ in 0..<100 {
                try? await Task.sleep(for: .milliseconds(2))
                fewest = min(fewest, count)
            }
            return fewest
        }

        /// Waits until there are no more than so many: a thread that has been waited for takes a moment to leave the list.
        static func expect(atMost most: Int) async {
            let deadline = ContinuousClock.now + .seconds(240)
            while count > most {
                precondition(ContinuousClock.now < deadline, "there are \(count) threads, not \(most)")
                try? await Task.sleep(for: .milliseconds(2))
            }
        }
    }

    @Suite(.timeLimit(.minutes(10))) struct `When a download is over` {
        @Test func `none of its threads is left, whichever way it ended`() async {
            await #expect(processExitsWith: .success) {
                let model = TestModel.single
                try await FaultServer.run(files: model.content) { server in
                    let folder = try Folder()
                    let download = try LibraryUse.download(model, from: server, into: folder)
                    // The runtime's own threads, which stay, are few. One left by each run would soon be more.
                    try await download.run().get()
                    let most = await Threads.fewest() + 4
                    for _ in 0..<10 {
                        for await event in download.events() {
                            if case .ended(let report) = event { try report.get() }
                        }
                    }
                    await Threads.expect(atMost: most)

                    server.replace(script: .always(.stall(after: 400_000)))
                    for _ in 0..<10 {
                        // The consumer is cancelled.
                        try folder.remove("")
                        let start = ContinuousClock.now
                        await Task {
                            for await event in download.events() {
                                guard case .phase(_, .receiving) = event else { continue }
                                precondition(Threads.count > most, "there is nothing to look for")
                                withUnsafeCurrentTask { $0?.cancel() }
                            }
                        }.value
                        precondition(ContinuousClock.now - start < .seconds(240), "it went on all the same")
                    }
                    await Threads.expect(atMost: most)

                    for _ in 0..<10 {
                        // The consumer goes.
                        try folder.remove("")
                        for await event in download.events() {
                            if case .phase(_, .receiving) = event { break }
                        }
                        await Threads.expect(atMost: most)
                    }
                }
            }
        }
    }
#endif
