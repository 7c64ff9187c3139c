import Foundation
import Testing

/// What `./run`, `./test` and `./install` do before they build, with a Swift and a pkg-config that only write down what they
/// were asked for.
@Suite(.timeLimit(.minutes(2)))
struct ScriptTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// A checkout with the scripts alone.
    private func withCheckout(_ body: (Workspace, String) async throws -> Void) async throws {
        try await withWorkspace { workspace in
            let top = workspace.path + "/old"
            try FileManager.default.createDirectory(atPath: top, withIntermediateDirectories: true)
            for name in ["run", ".ci"] {
                try FileManager.default.copyItem(atPath: Self.root + "/" + name, toPath: top + "/" + name)
            }
            let swift = """
                #!/bin/sh
                [ "$1" != --version ] || { echo 'Swift version 6.3.1'; exit; }
                echo "$*" >>"$LOG"
                if [ -e "$FAIL" ]; then cat "$FAIL"; rm "$FAIL"; exit 1; fi
                mkdir -p "$3/.build/release"
                printf '#!/bin/sh\necho ran\n' >"$3/.build/release/modelfetch"
                chmod +x "$3/.build/release/modelfetch"

                """
            let package = """
                #!/bin/sh
                case $1 in --atleast-version=*) exit "${OLD:-0}" ;; --modversion) echo 7.74.0 ;; esac

                """
            for (name, text) in [("swift", swift), ("pkg-config", package), ("dpkg-query", Self.installed)] {
                try workspace.write(Array(text.utf8), to: "bin/" + name)
                #expect(chmod(workspace.path + "/bin/" + name, 0o755) == 0)
            }
            try await body(workspace, top)
        }
    }

    private static let installed = "#!/bin/sh\necho 'install ok installed'\n"

    private func run(_ workspace: Workspace, _ top: String, _ more: [String: String] = [:]) async throws -> Child.Result
    {
        var environment = workspace.environment.merging(more) { $1 }
        environment["PATH"] = workspace.path + "/bin:" + (environment["PATH"] ?? "")
        environment["LOG"] = workspace.path + "/log"
        environment["FAIL"] = workspace.path + "/fail"
        return try await Child(top + "/run", ["--version"], environment: environment, directory: workspace.path).wait()
    }

    @Test func `a checkout that was moved is built again from the start, and says so once`() async throws {
        try await withCheckout { workspace, top in
            let first = try await run(workspace, top)
            #expect(first.status == 0 && first.out == "ran\n" && !first.err.contains("moved"), "\(first)")
            for name in ["ModuleCache/x.pcm", "checkouts/a/Package.swift", "install/release/x", "install/checkouts/a"] {
                try workspace.write([1], to: "old/.build/" + name)
            }
            let moved = workspace.path + "/new place"
            try FileManager.default.moveItem(atPath: top, toPath: moved)
            let second = try await run(workspace, moved)
            #expect(second.status == 0 && second.out == "ran\n", "\(second)")
            #expect(second.err.contains("this checkout was moved or copied from \(top): building it again"))
            let left = Set(FileManager.default.subpaths(atPath: moved + "/.build") ?? [])
            #expect(!left.contains("ModuleCache/x.pcm") && !left.contains("install/release/x"), "\(left)")
            #expect(left.isSuperset(of: ["checkouts/a/Package.swift", "install/checkouts/a"]), "\(left)")
            #expect(try await run(workspace, moved).err.isEmpty)
        }
    }

    @Test(arguments: [
        "error: PCH was compiled with module cache path '/a/ModuleCache/1', but the path is currently '/b/ModuleCache/1'",
        "error: module 'X' was built in directory '/a/x' but now resides in directory '/b/x'",
    ])
    func `a build that fails on what was built elsewhere is begun again`(message: String) async throws {
        try await withCheckout { workspace, top in
            try workspace.write([1], to: "old/.build/ModuleCache/x.pcm")
            try workspace.write(Array(message.utf8), to: "fail")
            let result = try await run(workspace, top)
            #expect(result.status == 0 && result.out == "ran\n", "\(result)")
            #expect(result.err.contains("moved or copied after it was built") && !result.err.contains("error:"))
            #expect(!FileManager.default.fileExists(atPath: top + "/.build/ModuleCache"))
            #expect(workspace.lines(of: "log").count == 2)
        }
    }

    @Test func `a build that fails otherwise is not begun again`() async throws {
        try await withCheckout { workspace, top in
            try workspace.write(Array("error: no such module".utf8), to: "fail")
            let result = try await run(workspace, top)
            #expect(result.status == 1 && result.err.contains("error: no such module"), "\(result)")
            #expect(workspace.lines(of: "log").count == 1)
        }
    }

    @Test func `a libcurl that is too old is named before anything is built`() async throws {
        try await withCheckout { workspace, top in
            let result = try await run(workspace, top, ["OLD": "1"])
            #expect(result.status == 1, "\(result)")
            #expect(result.err.contains("needs libcurl 7.87.0 or later, and finds 7.74.0"), "\(result.err)")
            #expect(workspace.lines(of: "log").isEmpty)
        }
    }

    @Test(
        .enabled(if: NativeHelper.isAvailable, "no C compiler is installed"),
        arguments: [(0x074A00, false), (0x075700, true)])
    func `headers of a libcurl that is too old do not compile`(version: Int, isEnough: Bool) async throws {
        try await withWorkspace { workspace in
            let header = """
                #define LIBCURL_VERSION_NUM \(version)
                #if \(version) >= 0x075700
                #error "new enough"
                #endif

                """
            try workspace.write(Array(header.utf8), to: "include/curl/curl.h")
            let compiler = try #require(NativeHelper.compiler)
            let arguments = ["-I", workspace.path + "/include", "-fsyntax-only", Self.root + "/Sources/CCurl/shim.h"]
            let child = try Child(compiler, arguments, environment: workspace.environment, directory: workspace.path)
            let result = try await child.wait()
            #expect(result.err.contains("modelfetch needs libcurl 7.87.0 or later") == !isEnough, "\(result.err)")
            #expect(result.err.contains("new enough") == isEnough, "\(result.err)")
        }
    }
}
