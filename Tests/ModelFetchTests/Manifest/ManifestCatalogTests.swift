import Foundation
import Glibc
import ModelFetch
import TemporaryDirectory
import Testing

@Suite struct `The catalog of manifests` {
    private func manifest(_ name: String, aliases: [String] = [], description: String = "") throws -> Manifest {
        let file = ManifestFile(path: try ManifestPath("a"), size: nil, sha256: nil, unpinned: "a test")
        return try Manifest(name: name, aliases: aliases, description: description, files: [file])
    }

    private func write(_ manifest: Manifest, _ path: String) throws {
        try manifest.json().write(toFile: path, atomically: false, encoding: .utf8)
    }

    @Test(arguments: [
        ("124M", "gpt2-124M"), ("gpt2-124M", "gpt2-124M"), ("117M", "gpt2-124M"), ("345M", "gpt2-355M"),
        ("774m", "gpt2-774M"), ("GPT2-1558m", "gpt2-1558M"), ("tiny", "tiny"), ("TINY", "tiny"),
    ])
    func `finds a model by name or alias, in either case`(asked: String, name: String) throws {
        let catalog = ManifestCatalog()
        #expect(try catalog.find(asked).manifest.name == name)
        #expect(try catalog.resolve(asked).origin == .builtIn)
    }

    @Test func `lists the built-in models in their order, without complaint`() {
        let catalog = ManifestCatalog()
        #expect(
            catalog.manifests.map(\.manifest.name)
                == ["gpt2-124M", "gpt2-355M", "gpt2-774M", "gpt2-1558M", "tiny"])
        #expect(catalog.problems == [] && catalog.warnings == [])
    }

    @Test(arguments: ["125M", "", "gpt2", "a\u{1B}b"])
    func `names the known models when asked for another`(asked: String) throws {
        let error = #expect(throws: ManifestError.self) { try ManifestCatalog().find(asked) }
        #expect(error?.code == .unknownModel)
        let message = try #require(error).description
        #expect(message.contains("gpt2-124M (124M, 117M), gpt2-355M (355M, 345M)"))
        #expect(!message.contains("\u{1B}"))
    }

    @Test func `has the manifests of the user's directories, too`() throws {
        try withTemporaryDirectory { directory in
            try write(manifest("zeta"), "\(directory)/1.json")
            try write(manifest("alpha", aliases: ["a"]), "\(directory)/2.json")
            try write(manifest("hidden"), "\(directory)/.3.json")
            try write(manifest("other"), "\(directory)/4.txt")
            let catalog = ManifestCatalog(directories: [directory])
            #expect(catalog.manifests.map(\.manifest.name).suffix(3) == ["tiny", "zeta", "alpha"])
            #expect(try catalog.find("A").origin == .file("\(directory)/2.json"))
            #expect(catalog.problems == [] && catalog.warnings == [])
        }
    }

    @Test func `puts the user's manifest in the place of a built-in one and says so`() throws {
        try withTemporaryDirectory { directory in
            try write(manifest("gpt2-355M", aliases: ["117M"], description: "mine"), "\(directory)/mine.json")
            let catalog = ManifestCatalog(directories: [directory + "/"])
            #expect(catalog.manifests.count == 5)
            #expect(catalog.manifests[1].manifest.description == "mine")
            #expect(try catalog.find("gpt2-355m").manifest.description == "mine")
            #expect(try catalog.find("117M").manifest.description == "mine")
            #expect(try catalog.find("124M").origin == .builtIn)
            #expect(
                catalog.warnings.map(\.description) == [
                    "\(directory)/mine.json: takes the name “117M” from built in",
                    "\(directory)/mine.json: hides the model “gpt2-355M” of built in",
                ])
        }
    }

    @Test func `takes the first of two manifests with one name and says so`() throws {
        try withTemporaryDirectory { directory in
            try write(manifest("same", description: "second"), "\(directory)/b.json")
            try write(manifest("same", description: "first"), "\(directory)/a.json")
            let catalog = ManifestCatalog(directories: [directory])
            #expect(try catalog.find("same").manifest.description == "first")
            #expect(catalog.manifests.count == 6)
            #expect(catalog.warnings.count == 1)
        }
    }

    @Test func `does not choose between names that differ in case only`() throws {
        try withTemporaryDirectory { directory in
            try write(manifest("Model"), "\(directory)/a.json")
            try write(manifest("model"), "\(directory)/b.json")
            let catalog = ManifestCatalog(directories: [directory])
            #expect(try catalog.find("model").origin == .file("\(directory)/b.json"))
            let error = #expect(throws: ManifestError.self) { try catalog.find("MODEL") }
            #expect(error?.code == .unknownModel)
            #expect(error?.reason == "could be more than one model: Model, model")
        }
    }

    @Test func `reports a broken manifest without hiding the others`() throws {
        try withTemporaryDirectory { directory in
            try "{}".write(toFile: "\(directory)/broken.json", atomically: false, encoding: .utf8)
            try "[".write(toFile: "\(directory)/gpt2-124M.json", atomically: false, encoding: .utf8)
            try write(manifest("good"), "\(directory)/good.json")
            let catalog = ManifestCatalog(directories: [directory, "\(directory)/none"])
            #expect(catalog.problems.map(\.code) == [.invalid, .invalid, .missing])
            #expect(try catalog.find("good").manifest.name == "good")
            #expect(try catalog.find("355M").origin == .builtIn)

            let broken = #expect(throws: ManifestError.self) { try catalog.find("broken") }
            #expect(broken?.code == .invalid && broken?.source == "\(directory)/broken.json")
            // The user meant to replace it: the built-in one would be a surprise.
            let replaced = #expect(throws: ManifestError.self) { try catalog.find("124M") }
            #expect(replaced?.code == .invalid && replaced?.source == "\(directory)/gpt2-124M.json")
            let unknown = #expect(throws: ManifestError.self) { try catalog.find("nothing") }
            #expect(unknown?.code == .unknownModel)
            #expect(unknown?.reason.contains("broken.json: $.format is missing") == true)
        }
    }

    @Test(arguments: [
        ("a:b", ["a", "b"]), ("", []), (":a::/b c/:", ["a", "/b c/"]),
        // The mark belongs to the second name, not to the colon.
        ("a:\u{301}", ["a", "\u{301}"]),
    ])
    func `reads a list of directories`(list: String, directories: [String]) {
        #expect(ManifestCatalog.directories(inList: list) == directories)
    }
}

@Suite struct `A manifest file` {
    @Test(arguments: [
        ("m.json", true), ("./m", true), ("/m", true), ("a/\u{301}", true), (".json", true), ("124M", false),
        ("m.JSON", false), ("json", false),
    ])
    func `is meant by a slash or the ending json`(model: String, isPath: Bool) {
        #expect(ManifestCatalog.isPath(model) == isPath)
    }

    @Test func `is read from its path, symbolic links followed`() throws {
        try withTemporaryDirectory { directory in
            try FileManager.default.createSymbolicLink(
                atPath: "\(directory)/link",
                withDestinationPath: Repository.root.appendingPathComponent("manifests/tiny.json").path)
            let loaded = try ManifestCatalog().resolve("\(directory)/link")
            #expect(loaded.manifest.name == "tiny")
            #expect(loaded.origin == .file("\(directory)/link"))
        }
    }

    @Test func `that is not there is missing`() throws {
        try withTemporaryDirectory { directory in
            try Data().write(to: URL(fileURLWithPath: "\(directory)/file"))
            for path in ["\(directory)/none.json", "\(directory)/file/none.json", "a\0/b.json", "/\0.json"] {
                let error = #expect(throws: ManifestError.self) { try ManifestCatalog().resolve(path) }
                #expect(error?.code == .missing)
                #expect(error?.source == path)
            }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `that is no regular file is refused without waiting for it`() throws {
        try withTemporaryDirectory { directory in
            #expect(mkfifo("\(directory)/fifo.json", 0o600) == 0)
            for path in ["\(directory)/fifo.json", directory, "/dev/zero"] {
                let error = #expect(throws: ManifestError.self) { try ManifestCatalog.load(path) }
                #expect(error?.code == .unreadable)
                #expect(error?.reason == "is not a regular file")
            }
            #expect(ManifestCatalog(directories: [directory]).problems.map(\.code) == [.unreadable])
        }
    }

    @Test func `over 16 MiB is refused unread`() throws {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/big.json"
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            // A hole of a terabyte: it would take a while to read.
            #expect(truncate(path, 1 << 40) == 0)
            let error = #expect(throws: ManifestError.self) { try ManifestCatalog.load(path) }
            #expect(error?.code == .invalid)
            #expect(error?.reason == "is larger than 16 MiB")
        }
    }
}
