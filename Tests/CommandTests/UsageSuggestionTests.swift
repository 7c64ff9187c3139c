import FaultServer
import Foundation
import Testing

/// What people do in their first five minutes, and the words that help them on.
@Suite(.timeLimit(.minutes(10)))
struct UsageSuggestionTests {
    @Test(arguments: [
        ("verfiy", "did you mean: modelfetch verify"), ("lst", "did you mean: modelfetch list"),
        ("tyny", "did you mean tiny?"), ("tyni", "did you mean tiny?"),
        ("125M", "did you mean 124M?"), ("GPT2-134M", "did you mean gpt2-124M?"),
        ("gpt9", "modelfetch list shows the known models"),
        (
            "https://user:secret@host/124M/",
            "for a manifest, download it first and give its path; for the model's files: --source URL"
        ),
    ])
    func `an unknown command or model is answered with a suggestion`(
        word: String, hint: String
    ) async throws {
        try await withWorkspace { workspace in
            let result = try await workspace.run(word)
            #expect(result.status == 64)
            #expect(result.err.contains("hint: \(hint)"), "\(result.err)")
        }
    }

    @Test(arguments: [["verify", "x", "--model"], ["manifest", "show"], ["download"]])
    func `the nearest model is named wherever one is asked for`(arguments: [String]) async throws {
        try await withWorkspace { workspace in
            let result = try await workspace.run(arguments + ["tny"])
            #expect(result.status == 64)
            #expect(result.err.contains("error: tny is not a known model\nhint: did you mean tiny?\n"), "\(result.err)")
        }
    }

    @Test func `a directory in the place of a model is reported as one`() async throws {
        try await withWorkspace { workspace in
            try workspace.write([1], to: "models/124M/x")
            let result = try await workspace.run("models/124M")
            #expect(result.status == 64)
            #expect(result.err.contains("models/124M is a directory, not a model"), "\(result.err)")
            #expect(result.err.contains("modelfetch verify"))
        }
    }

    @Test func `verify of a known model that does not exist has a hint how to download it`() async throws {
        try await withWorkspace { workspace in
            let result = try await workspace.run("verify", "124M")
            #expect(result.status == 66)
            #expect(result.err.contains("hint: to download this model: modelfetch 124M"), "\(result.err)")
            let unknown = try await workspace.run("verify", "./124M")
            #expect(unknown.status == 66 && !unknown.err.contains("hint: "), "\(unknown.err)")
        }
    }

    @Test func `a file in the place of the directory has a hint to give a directory`() async throws {
        try await withWorkspace { workspace in
            try workspace.write([1], to: "models/124M/x")
            let result = try await workspace.run("verify", "models/124M/x", "--model", "124M")
            #expect(result.status == 73)
            #expect(result.err.contains("hint: give a directory"), "\(result.err)")
        }
    }

    @Test func `a URL in the place of a directory is refused`() async throws {
        try await withWorkspace { workspace in
            let result = try await workspace.run("124M", "https://user:secret@host/124M/")
            #expect(result.status == 64 && result.err.contains("hint: to fetch from it: --source URL"), "\(result.err)")
            #expect(!result.err.contains("secret"))
            #expect(workspace.listing().count == 1, "\(workspace.listing())")
        }
    }

    @Test(arguments: [["124M", ""], [""]])
    func `an empty argument is refused at once`(arguments: [String]) async throws {
        try await withWorkspace { workspace in
            let result = try await workspace.run(arguments)
            #expect(result.status == 64)
            #expect(result.err.contains("an argument is empty"), "\(result.err)")
        }
    }

    @Test(
        arguments: [
            ["list"], ["list", "--json"], ["manifest", "show", "124M"], ["--help"], ["--version"],
            ["download", "--help"], ["--generate-completion-script", "bash"],
        ])
    func `lost output ends in 73`(arguments: [String]) async throws {
        try await withWorkspace { workspace in
            let result = try await workspace.start(arguments, out: .file("/dev/full")).wait()
            #expect(result.status == 73)
            #expect(result.err.contains("stdout could not be written"), "\(result.err)")
        }
    }

    @Test func `no disk is taken for files that no source has`() async throws {
        try await withServer { workspace, server in
            let arguments = [
                "--manifest", workspace.manifest, workspace.directory, "--source", server.baseURL + "nowhere/",
            ]
            let result = try await workspace.run(arguments)
            #expect(result.status == 69)
            #expect(result.err.contains("hint: check the address"), "\(result.err)")
            for (name, _) in workspace.model.files {
                var status = stat()
                guard stat("\(workspace.directory)/\(name).partial", &status) == 0 else { continue }
                #expect(status.st_blocks == 0, "\(name).partial holds \(status.st_blocks) blocks")
            }
        }
    }

    @Test func `an audit ends with the command that repairs the directory`() async throws {
        try await withServer { workspace, server in
            try await workspace.run(workspace.download(from: server))
            try FileManager.default.removeItem(atPath: workspace.directory + "/weights.bin")
            let result = try await workspace.run("verify", workspace.directory, "--manifest", workspace.manifest)
            #expect(result.status == 65)
            #expect(
                result.err.contains(
                    "hint: to fetch what is damaged or missing: modelfetch \(workspace.manifest) \(workspace.directory) "
                        // The manifest names none.
                        + "--source URL\n"),
                "\(result.err)")
            #expect(result.out.contains("test is incomplete: 2 of 3 files right"), "\(result.out)")
        }
    }

    @Test(arguments: [401, 403])
    func `a server that wants credentials is answered with how to give them`(status: Int) async throws {
        try await withServer(script: .always(.status(status))) { workspace, server in
            let result = try await workspace.run(workspace.download(from: server, "--retries", "0"))
            #expect(result.status == 69)
            #expect(result.err.contains("--netrc") && result.err.contains("--header"), "\(result.err)")
        }
    }

    @Test func `a URL is shown as it was typed, without its secrets`() async throws {
        try await withServer(script: .always(.status(404))) { workspace, server in
            let typed = server.baseURL.replacing("http://", with: "HTTP://") + "a/../b"
            let result = try await workspace.run(
                "--manifest", workspace.manifest, "model", "--source",
                typed.replacing("HTTP://", with: "HTTP://user:secret@") + "?key=secret")
            #expect(result.status == 69)
            #expect(result.err.contains("\(typed)?…"), "\(result.err)")
            let plain = try await workspace.run(
                "--manifest", workspace.manifest, "model", "--source",
                typed.replacing("HTTP://", with: "HTTP://user:secret@"))
            #expect(plain.err.contains("\(typed)/weights.bin"), "\(plain.err)")
            #expect(!(result.err + plain.err).contains("secret"))
        }
    }
}
