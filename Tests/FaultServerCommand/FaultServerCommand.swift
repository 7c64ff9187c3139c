internal import ArgumentParser
internal import Dispatch
internal import FaultServer
internal import Foundation

/// Runs the fault server for scripts and other downloaders.
@main
struct FaultServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fault-server",
        abstract: "Serves files over HTTP/1.1 on a loopback port, with faults from a script.",
        discussion: """
            The first line on standard output is "listening on http://127.0.0.1:PORT/". SIGINT and SIGTERM stop it.
            The script is JSON: {"rules": [{"path": "*.bin", "requests": 0, "faults": [{"drop": {"after": 1000}}]}]}
            Tests/FaultServer/README.md lists all faults.
            """)

    @Option(help: "The directory to serve.")
    var directory: String?

    @Option(help: "A generated file, as NAME:BYTES:SEED; may be repeated.")
    var synthetic: [SyntheticFile] = []

    @Option(help: "The address to listen on.")
    var address = "127.0.0.1"

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port = 0

    @Option(help: "A JSON file with the faults.")
    var script: String?

    @Option(help: "A file to which a line of JSON is appended for each request that has ended.")
    var log: String?

    @Option(help: "A file to which the statistics are written as JSON when the server stops.")
    var statistics: String?

    @Option(help: "The number of event loop threads.")
    var threads = 1

    func validate() throws {
        guard directory != nil || !synthetic.isEmpty else {
            throw ValidationError("Nothing to serve: give --directory or --synthetic.")
        }
    }

    func run() async throws {
        let script = try script.map { path in
            try JSONDecoder().decode(FaultScript.self, from: Data(contentsOf: URL(filePath: path)))
        }
        let journal = try log.map { try JSONLines(path: $0) }
        let files = synthetic.map { ($0.name, ServedFile.synthetic(size: $0.size, seed: $0.seed)) }
        let content = Content(Dictionary(files) { _, last in last }, directory: directory)
        // Before the first line is printed: the caller may wait for it and send a signal at once.
        let signals = [SIGINT, SIGTERM].map(Signal.init)
        let server = try await FaultServer.start(
            files: content, script: script ?? .honest, address: address, port: port, eventLoopThreads: threads,
            recordEnded: { journal?.append($0) })
        print("listening on \(server.baseURL)")
        fflush(nil)
        await withTaskGroup { group in
            for signal in signals { group.addTask { await signal.wait() } }
            await group.next()
            group.cancelAll()
        }
        let numbers = server.statistics
        await server.stop()
        if let statistics {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            try encoder.encode(numbers).write(to: URL(filePath: statistics), options: .atomic)
        }
    }
}

/// `NAME:BYTES:SEED`
struct SyntheticFile: ExpressibleByArgument {
    var name: String
    var size: Int64
    var seed: UInt64

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, let size = Int64(parts[1]), size >= 0, let seed = UInt64(parts[2])
        else { return nil }
        (self.name, self.size, self.seed) = (String(parts[0]), size, seed)
    }
}
