import FaultServer
import Foundation
import Hashing
import TemporaryDirectory
import Testing

/// A directory for one test, with a manifest in it, and the program ready to be run there.
struct Workspace: Sendable {
    let path: String
    let model: TestModel

    /// The model directory that most runs use.
    var directory: String { path + "/model" }
    var manifest: String { path + "/test.json" }

    /// Runs the program.
    @discardableResult
    func run(
        _ arguments: String..., environment: [String: String] = [:], within limit: Duration = .seconds(120)
    ) async throws -> Child.Result {
        try await start(arguments, environment: environment).wait(within: limit)
    }

    @discardableResult
    func run(
        _ arguments: [String], environment: [String: String] = [:], within limit: Duration = .seconds(120)
    ) async throws -> Child.Result {
        try await start(arguments, environment: environment).wait(within: limit)
    }

    func start(
        _ arguments: [String], environment: [String: String] = [:], out: Child.Stream = .captured,
        err: Child.Stream = .captured
    ) throws -> Child {
        try Child(
            Program.path, arguments, environment: self.environment.merging(environment) { $1 }, directory: path,
            out: out, err: err)
    }

    /// Starts a script of sh(1), in which `"$0"` is the program and `"$@"` are the arguments.
    func startShell(_ script: String, _ arguments: [String]) throws -> Child {
        try Child(
            "/bin/sh", ["-c", script, Program.path] + arguments, environment: environment, directory: path)
    }

    /// What the program gets: nothing of this machine's proxies, certificates or user.
    var environment: [String: String] {
        ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": path, "LC_ALL": "C.UTF-8"]
    }

    /// The arguments of a download of the test's model from a server.
    func download(from server: FaultServer, _ more: String...) -> [String] {
        ["--manifest", manifest, directory, "--source", server.baseURL] + more
    }

    func exists(_ file: String) -> Bool { FileManager.default.fileExists(atPath: "\(directory)/\(file)") }

    func contents(_ file: String) -> [UInt8]? {
        FileManager.default.contents(atPath: "\(directory)/\(file)").map { [UInt8]($0) }
    }

    /// Waits until a file that stalls has this many bytes on the disk and every other file is here, since bytes that are on their
    /// way when a signal arrives may have to be sent again.
    func waitUntilWritten(_ bytes: Int, of stalled: String) async throws {
        try await poll("the bytes to be written") {
            model.files.allSatisfy { name, file in
                let written = (contents(name) ?? contents(name + ".partial"))?.count
                return written == (name == stalled ? bytes : Int(file.served.size))
            }
        }
    }

    func write(_ bytes: [UInt8], to file: String) throws {
        let url = URL(fileURLWithPath: path + "/" + file)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    /// Writes the model's files where another server will find them.
    func writeModel(to folder: String) throws {
        for (name, file) in model.files { try write(file.served.read(0..<file.served.size), to: folder + "/" + name) }
    }

    /// The lines of a file in the workspace.
    func lines(of file: String) -> [String] {
        let text = String(decoding: FileManager.default.contents(atPath: path + "/" + file) ?? Data(), as: UTF8.self)
        return text.split(separator: "\n").map(String.init)
    }

    /// All files and directories below a path, with what can be seen of them from outside.
    func listing(_ below: String = "") -> [String] {
        let root = below.isEmpty ? path : path + "/" + below
        return (FileManager.default.subpaths(atPath: root) ?? []).sorted().map { name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: root + "/" + name)
            let size = (attributes?[.size] as? Int) ?? 0
            let date = (attributes?[.modificationDate] as? Date) ?? .distantPast
            return "\(name) \(size) \(date.timeIntervalSince1970)"
        }
    }

    /// The first invariant: a final name never holds anything but the manifest's bytes; and a marker means that all is there.
    ///
    /// - Parameter markerTells: not where the test itself takes files away that were published.
    func expectNothingWrong(markerTells: Bool = true, _ location: SourceLocation = #_sourceLocation) {
        for (name, file) in model.files {
            // A symlink in the way is not ours.
            guard (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\(name)")) == nil,
                let bytes = contents(name)
            else { continue }
            #expect(digest(of: bytes) == file.sha256, "\(name) holds other bytes", sourceLocation: location)
        }
        if markerTells, let marker = model.marker, exists(marker) { expectWhole(location) }
    }

    func expectWhole(_ location: SourceLocation = #_sourceLocation) {
        for (name, file) in model.files {
            let actual = contents(name).map { digest(of: $0) }
            #expect(actual == file.sha256, "\(name) is not there or wrong", sourceLocation: location)
        }
    }
}

/// A model of made-up files.
struct TestModel: Sendable {
    struct File: Sendable {
        let served: ServedFile
        let sha256: SHA256Digest

        init(served: ServedFile, sha256: SHA256Digest) {
            self.served = served
            self.sha256 = sha256
        }

        init(_ bytes: [UInt8]) { self.init(served: .bytes(bytes), sha256: digest(of: bytes)) }
    }

    let files: [(name: String, file: File)]
    let marker: String?

    /// - Parameter sizes: of each file, the largest of which says most about a fault.
    init(_ sizes: KeyValuePairs<String, Int64>, marker: String? = nil) {
        files = sizes.enumerated().map { index, pair in
            let served = ServedFile.synthetic(size: pair.value, seed: UInt64(index + 1))
            return (pair.key, File(served: served, sha256: digest(of: served.read(0..<pair.value))))
        }
        self.marker = marker
    }

    init(files: [(name: String, file: File)], marker: String?) {
        self.files = files
        self.marker = marker
    }

    /// Three files, small ones.
    static let small = TestModel(["weights.bin": 300_000, "config.json": 90, "checkpoint": 77], marker: "checkpoint")

    var content: Content { content(below: "") }

    /// - Parameter prefix: stands before every path.
    func content(below prefix: String) -> Content {
        var content: [String: ServedFile] = [:]
        for (name, file) in files { content[prefix + name] = file.served }
        return Content(content)
    }
    var bytes: Int64 { files.reduce(0) { $0 + $1.file.served.size } }

    /// The manifest as JSON.
    func manifest(name: String = "test", sources: [String] = [], aliases: [String] = []) -> String {
        let entries = files.map { name, file in
            #"{"path": "\#(name)", "size": \#(file.served.size), "sha256": "\#(file.sha256.hex)"}"#
        }
        func list(_ texts: [String]) -> String { texts.map { "\"\($0)\"" }.joined(separator: ", ") }
        let marker = marker.map { #""marker": "\#($0)", "# } ?? ""
        return #"{"format": "modelfetch-manifest/1", "name": "\#(name)", "aliases": [\#(list(aliases))], \#(marker)"#
            + #""sources": [\#(list(sources))], "files": [\#(entries.joined(separator: ",\n"))]}"# + "\n"
    }
}

func digest(of bytes: [UInt8]) -> SHA256Digest { bytes.withUnsafeBytes { SHA256Hasher.digest(of: $0) } }

/// Runs a test in a workspace that is removed after it.
///
/// - Parameter folder: where the workspace is made.
func withWorkspace<R>(
    _ model: TestModel = .small, in folder: String? = nil,
    isolation: isolated (any Actor)? = #isolation, _ body: (Workspace) async throws -> R
) async throws -> R {
    await Gate.sandboxes.enter()
    defer { Gate.sandboxes.leave() }
    let directory = try TemporaryDirectory(in: folder)
    defer { withExtendedLifetime(directory) {} }
    let workspace = Workspace(path: directory.path, model: model)
    try Data(model.manifest().utf8).write(to: URL(fileURLWithPath: workspace.manifest))
    return try await body(workspace)
}

/// Runs a test in a workspace beside a server of its model.
func withServer<R>(
    _ model: TestModel = .small, script: FaultScript = .honest, isolation: isolated (any Actor)? = #isolation,
    _ body: (Workspace, FaultServer) async throws -> R
) async throws -> R {
    try await withWorkspace(model) { workspace in
        try await FaultServer.run(files: model.content, script: script) { server in try await body(workspace, server) }
    }
}
