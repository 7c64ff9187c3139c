import FaultServer
import Foundation
import Glibc
import Testing

/// What `verify` is told to look at, what it follows, and where it prints what it found.
@Suite(.timeLimit(.minutes(4)))
struct VerifyTests {
    @Test func `results go to stdout, and hints to stderr`() async throws {
        try await withServer { workspace, server in
            try await workspace.run(workspace.download(from: server))
            let right = try await workspace.run("verify", "model")
            #expect(right.status == 0 && right.err.isEmpty, "\(right.err)")
            #expect(right.lines.prefix(2) == ["weights.bin: ok (300.0 kB)", "config.json: ok (90 B)"])
            #expect(right.lines.last?.hasPrefix("model: test is complete: 3 of 3 files right, ") == true)
            try workspace.write([1], to: "model/config.json")
            let damaged = try await workspace.run("verify", "model")
            #expect(damaged.status == 65)
            #expect(damaged.lines[1] == "config.json: the size is wrong: expected 90 bytes, found 1")
            #expect(damaged.lines.last?.hasPrefix("model: test is damaged: 2 of 3 files right, ") == true)
            #expect(damaged.err.hasPrefix("hint: ") && damaged.err.split(separator: "\n").count == 1, "\(damaged.err)")
        }
    }

    @Test func `a download that was only started is reported as not finished`() async throws {
        try await withServer { workspace, server in
            try workspace.write([1], to: "model/weights.bin.partial")
            let result = try await workspace.run("verify", "model", "--manifest", workspace.manifest)
            #expect(result.status == 65)
            #expect(
                result.out.contains("\nmodel: the download of test is not finished: 0 of 3 files right"),
                "\(result.out)")
        }
    }

    @Test func `without arguments every directory in models is audited`() async throws {
        try await withServer { workspace, server in
            #expect(try await workspace.run("verify").status == 66)
            for name in ["a", "b"] {
                try await workspace.run("--manifest", workspace.manifest, "models/" + name, "--source", server.baseURL)
            }
            try workspace.write([1], to: "models/notes.txt")
            let all = try await workspace.run("verify")
            #expect(all.status == 0, "\(all.err)")
            #expect(all.lines.count { $0.contains("test is complete: 3 of 3 files right") } == 2)
            try workspace.write([1], to: "models/a/config.json")
            let one = try await workspace.run("verify", "--json")
            #expect(one.status == 65)
            #expect(try one.events().last?.event == "summary")
        }
    }

    @Test func `a model's name means its directory in models, unless that name is here`() async throws {
        try await withServer { workspace, server in
            let text = workspace.model.manifest(name: "mine", aliases: ["also-mine"])
            try workspace.write(Array(text.utf8), to: "manifests/mine.json")
            try await workspace.run("mine", "--manifest-dir", "manifests", "--source", server.baseURL)
            for name in ["mine", "also-mine"] {
                let result = try await workspace.run("verify", name, "--manifest-dir", "manifests")
                #expect(result.status == 0, "\(result.err)")
                #expect(result.out.contains("models/mine: mine is complete"))
            }
            try workspace.write([1], to: "mine/weights.bin")
            let here = try await workspace.run("verify", "mine", "--manifest-dir", "manifests")
            #expect(here.status == 65 && here.out.contains("mine: this is not mine"), "\(here.out)")
            let unknown = try await workspace.run("verify", "124M")
            #expect(unknown.status == 66 && unknown.err.contains("124M: there is no such directory"), "\(unknown.err)")
        }
    }

    @Test func `of several directories each is reported, and the worst speaks for all`() async throws {
        try await withServer { workspace, server in
            for name in ["a", "b"] {
                try await workspace.run("--manifest", workspace.manifest, name, "--source", server.baseURL)
            }
            try workspace.write([1], to: "a/config.json")
            let result = try await workspace.run("verify", "a", "nowhere", "b")
            #expect(result.status == 65)
            #expect(result.out.contains("a: test is damaged") && result.out.contains("b: test is complete"))
            #expect(result.err.contains("error: nowhere: there is no such directory"))
        }
    }

    @Test func `symbolic links to files are followed and named by audits, and refused by a download`() async throws {
        try await withServer { workspace, server in
            try await workspace.run(workspace.download(from: server))
            try FileManager.default.createDirectory(
                atPath: workspace.path + "/models/mine", withIntermediateDirectories: true)
            for (name, _) in workspace.model.files {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(workspace.path)/models/mine/\(name)", withDestinationPath: "../../model/\(name)")
            }
            let text = workspace.model.manifest(name: "mine")
            try workspace.write(Array(text.utf8), to: "manifests/mine.json")
            let result = try await workspace.run("verify", "mine", "--manifest-dir", "manifests")
            #expect(result.status == 0, "\(result.out)")
            #expect(result.lines.first == "weights.bin: ok (300.0 kB, a symbolic link)")
            let list = try await workspace.run("list", "--manifest-dir", "manifests")
            #expect(list.out.contains("models/mine: 3 of 3 files (3 symbolic links)"), "\(list.out)")
            let download = try await workspace.run(
                "mine", "--manifest-dir", "manifests", "--source", server.baseURL)
            #expect(download.status == 73 && download.err.contains("symbolic link"), "\(download.err)")
        }
    }

    @Test(arguments: ["nowhere", "/dev/zero", ".", "fifo"])
    func `a symbolic link to anything but a file is not accepted as a file`(target: String) async throws {
        try await withServer { workspace, server in
            try await workspace.run(workspace.download(from: server))
            try #require(mkfifo(workspace.directory + "/fifo", 0o600) == 0)
            try FileManager.default.removeItem(atPath: workspace.directory + "/config.json")
            try FileManager.default.createSymbolicLink(
                atPath: workspace.directory + "/config.json", withDestinationPath: target)
            let result = try await workspace.run("verify", "model")
            #expect(result.status == (target == "nowhere" ? 65 : 73), "\(result.out)")
            #expect(result.lines[1].contains("symbolic link"), "\(result.out)")
        }
    }

    @Test func `extra files are listed even if their names are not UTF-8`() async throws {
        try await withServer { workspace, server in
            try await workspace.run(workspace.download(from: server))
            let descriptor = open(
                workspace.directory + "/caf", O_WRONLY | O_CREAT, 0o600)
            close(descriptor)
            let name: [CChar] =
                (Array((workspace.directory + "/caf").utf8) + [0xE9, 0x0A]).map { CChar(bitPattern: $0) } + [0]
            try #require(rename(workspace.directory + "/caf", name) == 0)
            let result = try await workspace.run("verify", "model")
            #expect(result.status == 0, "\(result.err)")
            #expect(
                result.out.contains(#"extra, not in the manifest (its name is not UTF-8: caf\xE9\x0A)"#),
                "\(result.out)")
            #expect(try await workspace.run("verify", "model", "--json").report().files.count == 4)
        }
    }
}
