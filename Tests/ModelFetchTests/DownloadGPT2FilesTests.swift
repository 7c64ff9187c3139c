import FaultServer
import Foundation
import ModelFetch
import Testing

@Suite(.timeLimit(.minutes(10))) struct `What picoGPT asks for` {
    /// The two of the seven files that are small enough to be written down.
    private static let hparams = Array(
        """
        {
          "n_vocab": 50257,
          "n_ctx": 1024,
          "n_embd": 768,
          "n_head": 12,
          "n_layer": 12
        }

        """.utf8)
    private static let checkpoint = Array(
        """
        model_checkpoint_path: "model.ckpt"
        all_model_checkpoint_paths: "model.ckpt"

        """.utf8)
    private static let names = [
        "checkpoint", "encoder.json", "hparams.json", "model.ckpt.data-00000-of-00001", "model.ckpt.index",
        "model.ckpt.meta", "vocab.bpe",
    ]

    private static func options(_ server: FaultServer, only files: String...) -> DownloadOptions {
        LibraryUse.options {
            $0.sources = [server.baseURL]
            $0.selection = Selection(patterns: files)
        }
    }

    /// What it throws.
    private static func error(
        _ size: String = "124M", _ directory: String, _ options: DownloadOptions
    ) async -> ModelFetchError? {
        do throws(ModelFetchError) {
            try await downloadGPT2Files(modelSize: size, modelDir: directory, options: options)
            return nil
        } catch {
            return error
        }
    }

    private func words(of error: ModelFetchError?) -> String { error.map { "\($0)" } ?? "nothing was thrown" }

    @Test(arguments: ["125M", "117M", "gpt2-124M", "124m", "", "tiny", "../124M", "\u{1B}[2J"])
    func `knows the four sizes and no other`(size: String) async throws {
        let folder = try Folder()
        // Nobody is asked.
        let options = LibraryUse.options { $0.sources = ["http://127.0.0.1:1/"] }
        let error = await Self.error(size, folder.path, options)
        guard case .failed(let failure) = error else {
            Issue.record("it threw \(String(describing: error))")
            return
        }
        #expect(failure.kind == .usage)
        for known in ["124M", "355M", "774M", "1558M"] { #expect(failure.message.contains(known)) }
        #expect(!failure.message.contains("\u{1B}") && !folder.has(""))
    }

    @Test(arguments: ["124M", "355M", "774M", "1558M"])
    func `asks for the seven files, and throws what the server answered`(size: String) async throws {
        let folder = try Folder()
        try await FaultServer.run(files: [:]) { server in
            let error = await Self.error(size, folder.path, Self.options(server))
            #expect(words(of: error).contains("404") && error?.localizedDescription.contains("404") == true)
            guard case .failed(let failure) = error else { return }
            #expect(failure.kind == .unavailable)
            #expect(Set(server.log.map(\.path)) == Set(Self.names))
        }
    }

    @Test func `throws the status of a server that does not get better`() async throws {
        let folder = try Folder()
        try await FaultServer.run(files: [:], script: .always(.status(503))) { server in
            let error = await Self.error("124M", folder.path, Self.options(server, only: "hparams.json"))
            #expect(words(of: error).contains("503"))
        }
    }

    @Test(arguments: ["new/parents/124M", "new/parents/124M/"])
    func `puts the files into the directory itself, which it makes with its parents`(path: String) async throws {
        let folder = try Folder()
        try await FaultServer.run(files: .bytes(["hparams.json": Self.hparams, "checkpoint": Self.checkpoint])) {
            try await downloadGPT2Files(
                modelSize: "124M", modelDir: folder.root + "/" + path,
                options: Self.options($0, only: "hparams.json", "checkpoint"))
        }
        let directory = URL(fileURLWithPath: folder.root + "/new/parents/124M")
        #expect(try Data(contentsOf: directory.appendingPathComponent("hparams.json")) == Data(Self.hparams))
        // TensorFlow looks for the checkpoint first: it has no business there before the rest.
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
                == [".modelfetch", "checkpoint.partial", "hparams.json"])
    }

    @Test func `throws when the server has another file`() async throws {
        let folder = try Folder()
        let other = Self.hparams.map { $0 == UInt8(ascii: "8") ? UInt8(ascii: "9") : $0 }
        try await FaultServer.run(files: .bytes(["hparams.json": other])) { server in
            let error = await Self.error("124M", folder.path, Self.options(server, only: "hparams.json"))
            guard case .failed(let failure) = error else {
                Issue.record("it threw \(String(describing: error))")
                return
            }
            #expect(failure.kind == .data && failure.file == "hparams.json")
            #expect(!folder.has("hparams.json"))
        }
    }

    @Test func `leaves another model's directory alone`() async throws {
        let folder = try Folder()
        try folder.put(Self.hparams, "hparams.json")
        try await FaultServer.run(files: [:]) { server in
            let error = await Self.error("355M", folder.path, Self.options(server))
            #expect(words(of: error).contains("gpt2-124M") && server.log.isEmpty)
            #expect(folder.bytes("hparams.json") == Self.hparams)
        }
    }

    @Test func `throws that it was cancelled when it was`() async throws {
        let folder = try Folder()
        let script: FaultScript = [
            .on(offsets: 0..<1, .stall(after: 50)), .on(offsets: 1..<Int64.max, .stallBeforeHead),
        ]
        try await FaultServer.run(files: .bytes(["hparams.json": Self.hparams]), script: script) { server in
            let options = Self.options(server, only: "hparams.json")
            let task = Task { await Self.error("124M", folder.path, options) }
            try await server.wait { $0.contains(where: \.stalled) }
            // What is still on its way then need not be taken.
            while folder.bytes("hparams.json.partial")?.isEmpty != false { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            #expect(await task.value == .cancelled)
            #expect(folder.has("hparams.json.partial"))
        }
    }
}
