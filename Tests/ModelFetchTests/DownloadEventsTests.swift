import FaultServer
import ModelFetch
import Synchronization
import Testing

/// Downloads as a program that uses the library makes them: with nothing of theirs replaced.
enum LibraryUse {
    static func options(_ change: (inout DownloadOptions) -> Void = { _ in }) -> DownloadOptions {
        var options = DownloadOptions()
        options.proxy = ""
        options.isDurable = false
        options.retries = 0
        // More than any test may take, and not so much that one that is wrong would go on for long.
        options.stallTimeout = .seconds(300)
        change(&options)
        return options
    }

    static func download(
        _ model: TestModel, from server: FaultServer, into folder: Folder,
        _ change: (inout DownloadOptions) -> Void = { _ in }
    ) throws -> ModelDownload {
        ModelDownload(
            try model.manifest(sources: [ManifestSource(url: server.baseURL)]), into: folder.path,
            options: options(change))
    }
}

extension [DownloadEvent] {
    /// The last one's report, if it is the only one that has one.
    fileprivate var report: DownloadReport? {
        guard case .ended(let report) = last else { return nil }
        let ends = filter { if case .ended = $0 { true } else { false } }
        return ends.count == 1 ? report : nil
    }

    fileprivate var received: Int64 {
        reduce(0) { sum, event in if case .progress(_, let bytes, true) = event { sum + bytes } else { sum } }
    }

    /// What happened to a file, in words; progress once, however often it came.
    fileprivate func story(of file: String) -> [String] {
        reduce(into: []) { story, event in
            let word: String? =
                switch event {
                case .phase(file, .connecting): "connecting"
                case .phase(file, let phase): "\(phase)"
                case .progress(file, _, _): "progress"
                case .finished(let report) where report.path == file: "finished"
                default: nil
                }
            if let word, story.last != word || word != "progress" { story.append(word) }
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `The events of a download` {
    @Test func `begin with what is to be done, tell of each file in order, and end with the report`() async throws {
        let (model, folder) = (TestModel.checkpoint, try Folder())
        try await FaultServer.run(files: model.content) { server in
            var events: [DownloadEvent] = []
            var iterator = try LibraryUse.download(model, from: server, into: folder).events().makeAsyncIterator()
            while let event = await iterator.next() { events.append(event) }

            guard case .started(model.name, folder.path, 4, let bytes) = events.first else {
                Issue.record("it begins with \(String(describing: events.first))")
                return
            }
            #expect(bytes == events.received && bytes == model.files.reduce(0) { $0 + Int64($1.bytes.count) })
            for file in model.files where file.path != model.marker {
                #expect(
                    events.story(of: file.path)
                        == ["connecting", "receiving", "progress", "verifying", "publishing", "finished"])
            }
            let finished = events.compactMap { if case .finished(let report) = $0 { report.path } else { nil } }
            #expect(Set(finished).count == 4 && finished.last == model.marker)
            let report = try #require(events.report)
            #expect(try report.get().map(\.path) == model.files.map(\.path))
            // And that was all, however often it is asked.
            for _ in 0..<2 {
                let another = await iterator.next()
                #expect(another == nil)
            }
        }
    }

    @Test func `are those of a new run each time`() async throws {
        let (model, folder) = (TestModel.single, try Folder())
        try await FaultServer.run(files: model.content) { server in
            let events = try LibraryUse.download(model, from: server, into: folder).events()
            #expect(server.log.isEmpty && !folder.has(""), "something happened before it was asked for")
            for state in [FileReport.State.downloaded, .skipped] {
                var all: [DownloadEvent] = []
                for await event in events { all.append(event) }
                #expect(all.report?.files.map(\.state) == [state])
            }
        }
    }

    @Test func `hold up nothing when nobody takes them, and are few then`() async throws {
        let (model, folder) = (TestModel.single, try Folder())
        // Some thirty pieces, a few hundredths of a second apart.
        try await FaultServer.run(files: model.content, script: .always(.rate(2_000_000))) { server in
            var iterator = try LibraryUse.download(model, from: server, into: folder).events().makeAsyncIterator()
            var events = [try #require(await iterator.next())]
            // Not a glance at the events until the run has come to its end.
            try await server.waitForEnd(ofRequests: 1)
            let deadline = ContinuousClock.now + .seconds(240)
            while !folder.has("model.data") || folder.has("model.data.partial") {
                try #require(ContinuousClock.now < deadline, "the download waits for its consumer")
                try await Task.sleep(for: .milliseconds(2))
            }
            while let event = await iterator.next() { events.append(event) }
            #expect(events.report?.isOK == true)
            #expect(
                events.story(of: "model.data")
                    == ["connecting", "receiving", "progress", "verifying", "publishing", "finished"])
            let progress = events.count { if case .progress = $0 { true } else { false } }
            #expect(progress == 1 && events.received == Int64(TestModel.bigSize))
        }
    }

    /// 400,000 bytes, and then nothing, however often it is asked for.
    private static let standstill: FaultScript = [
        .on(offsets: 0..<1, .stall(after: 400_000)), .on(offsets: 1..<Int64.max, .stallBeforeHead),
    ]

    @Test func `end with a report that says so when the task is cancelled, and what came is kept`() async throws {
        let (model, folder) = (TestModel.single, try Folder())
        try await FaultServer.run(files: model.content, script: Self.standstill) { server in
            let download = try LibraryUse.download(model, from: server, into: folder)
            let isReceiving = AsyncStream<Void>.makeStream()
            let task = Task {
                var events: [DownloadEvent] = []
                for await event in download.events() {
                    events.append(event)
                    if events.received == 400_000 { isReceiving.continuation.finish() }
                }
                return events
            }
            for await _ in isReceiving.stream {}
            task.cancel()
            let report = try #require(await task.value.report)
            #expect(report.isCancelled && report.seconds < 20)
            #expect(throws: ModelFetchError.cancelled) { try report.get() }

            // The run is over: nothing keeps the next one waiting, and it has all that came.
            server.replace(script: .honest)
            var next = download
            next.options.waitsForLock = false
            let second = await next.run()
            #expect(second.isOK && second.bytesReused == 400_000)
            #expect(folder.digest("model.data") == model.files[0].digest)
        }
    }

    @Test func `end at once for a task that was cancelled before`() async throws {
        let (model, folder) = (TestModel.single, try Folder())
        try await FaultServer.run(files: model.content, script: .always(.stallBeforeHead)) { server in
            let download = try LibraryUse.download(model, from: server, into: folder)
            let events = await Task {
                withUnsafeCurrentTask { $0?.cancel() }
                var events: [DownloadEvent] = []
                for await event in download.events() { events.append(event) }
                return events
            }.value
            #expect(events.report?.isCancelled == true && events.report.map { $0.seconds < 250 } == true)
        }
    }

    @Test func `stop the run when nobody is interested any more`() async throws {
        let (model, folder) = (TestModel.single, try Folder())
        try await FaultServer.run(files: model.content, script: Self.standstill) { server in
            let download = try LibraryUse.download(model, from: server, into: folder)
            for await event in download.events() {
                if case .progress = event { break }
            }
            server.replace(script: .honest)
            // It waits until the first one has let go of the directory; by itself that would not be before it is a stall.
            let second = await download.run()
            #expect(second.isOK && second.bytesReused > 0 && second.seconds < 250)
        }
    }

    @Test func `of two downloads at once have nothing to do with each other`() async throws {
        let folders = [try Folder(), try Folder()]
        let models = [TestModel.single, TestModel.checkpoint]
        let content = Content(models[0].content.files.merging(models[1].content.files) { $1 })
        // The large file has one name in both; the servers have different ones of it.
        try await FaultServer.run(files: models[0].content, script: .always(.rate(4_000_000))) { first in
            try await FaultServer.run(files: content, script: .always(.rate(4_000_000))) { second in
                let downloads = [
                    try LibraryUse.download(models[0], from: first, into: folders[0]),
                    try LibraryUse.download(models[1], from: second, into: folders[1]),
                ]
                let received = try await withThrowingTaskGroup(of: (Int, Int64).self) { group in
                    for (index, download) in downloads.enumerated() {
                        group.addTask {
                            var events: [DownloadEvent] = []
                            for await event in download.events() { events.append(event) }
                            try events.report?.get()
                            return (index, events.received)
                        }
                    }
                    return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
                }
                for (index, model) in models.enumerated() {
                    #expect(received[index] == model.files.reduce(0) { $0 + Int64($1.bytes.count) })
                    for file in model.files { #expect(folders[index].digest(file.path) == file.digest) }
                }
            }
        }
    }
}
