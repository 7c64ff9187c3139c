import FaultServer
import Foundation
import Testing

/// What people do in their first five minutes, and the words that help them on.
@Suite(.timeLimit(.minutes(10)))
struct MisunderstandingTests {
    @Test(arguments: [
        ("verfiy", "did you mean: modelfetch verify"), ("lst", "did you mean: modelfetch list"),
        ("gpt9", "modelfetch list shows the known models"),
        (
            "https://user:secret@host/124M/",
            "fetch a manifest with curl first and give its path; where a model's files are: --source URL"
        ),
    ])
    func `a command or model that is none is answered with what may have been meant`(
        word: String, hint: String
    ) async throws {
        try await withSandbox { sandbox in
            let result = try await sandbox.run(word)
            #expect(result.status == 64)
            #expect(result.err.contains("hint: \(hint)"), "\(result.err)")
        }
    }

    @Test func `a directory where a model belongs is called one`() async throws {
        try await withSandbox { sandbox in
            try sandbox.write([1], to: "models/124M/x")
            let result = try await sandbox.run("models/124M")
            #expect(result.status == 64)
            #expect(result.err.contains("models/124M is a directory, not a model"), "\(result.err)")
            #expect(result.err.contains("modelfetch verify"))
        }
    }

    @Test func `a file where a directory belongs is not to be moved away`() async throws {
        try await withSandbox { sandbox in
            try sandbox.write([1], to: "models/124M/x")
            let result = try await sandbox.run("verify", "models/124M/x", "--model", "124M")
            #expect(result.status == 73)
            #expect(result.err.contains("hint: give a directory"), "\(result.err)")
        }
    }

    @Test func `a URL is taken for no directory`() async throws {
        try await withSandbox { sandbox in
            let result = try await sandbox.run("124M", "https://user:secret@host/124M/")
            #expect(result.status == 64 && result.err.contains("hint: to fetch from it: --source URL"), "\(result.err)")
            #expect(!result.err.contains("secret"))
            #expect(sandbox.listing().count == 1, "\(sandbox.listing())")
        }
    }

    @Test(arguments: [["124M", ""], [""]])
    func `an empty argument is refused at once`(arguments: [String]) async throws {
        try await withSandbox { sandbox in
            let result = try await sandbox.run(arguments)
            #expect(result.status == 64)
            #expect(result.err.contains("an argument is empty"), "\(result.err)")
        }
    }

    @Test(arguments: [["list"], ["list", "--json"], ["manifest", "show", "124M"]])
    func `output that is lost is no success where output is all there is`(arguments: [String]) async throws {
        try await withSandbox { sandbox in
            let result = try await sandbox.start(arguments, out: .file("/dev/full")).wait()
            #expect(result.status == 73)
            #expect(result.err.contains("stdout could not be written"), "\(result.err)")
        }
    }

    @Test func `no disk is taken for files that no source has`() async throws {
        try await withServer { sandbox, server in
            let arguments = [
                "--manifest", sandbox.manifest, sandbox.directory, "--source", server.baseURL + "nowhere/",
            ]
            let result = try await sandbox.run(arguments)
            #expect(result.status == 69)
            #expect(result.err.contains("hint: check the address"), "\(result.err)")
            for (name, _) in sandbox.model.files {
                var status = stat()
                guard stat("\(sandbox.directory)/\(name).partial", &status) == 0 else { continue }
                #expect(status.st_blocks == 0, "\(name).partial holds \(status.st_blocks) blocks")
            }
        }
    }

    @Test func `an audit ends with the command that helps`() async throws {
        try await withServer { sandbox, server in
            try await sandbox.run(sandbox.download(from: server))
            try FileManager.default.removeItem(atPath: sandbox.directory + "/weights.bin")
            let result = try await sandbox.run("verify", sandbox.directory, "--manifest", sandbox.manifest)
            #expect(result.status == 65)
            #expect(
                result.err.contains(
                    "hint: to fetch what is wrong or missing: modelfetch \(sandbox.manifest) \(sandbox.directory) "
                        // The manifest names none.
                        + "--source URL\n"),
                "\(result.err)")
            #expect(result.err.contains("is an incomplete test: 2 of 3 files right"), "\(result.err)")
        }
    }
}
