import Foundation

/// The pieces of C in Tests/Tampering that run inside other programs, or instead of a network: compiled when a test first
/// wants them, since no Swift target may hold them.
enum NativeHelper {
    static let compiler = ["clang", "cc", "gcc"].lazy.compactMap { Program.find($0) }.first
    /// Tests that need one skip elsewhere. In CI they must run.
    static let isAvailable: Bool = {
        Program.isCI || compiler != nil
    }()

    private static let tamperTask = Task { try await compile("tamper.c", "tamper.so", ["-shared", "-fPIC"]) }
    private static let clockTask = Task { try await compile("clock.c", "clock.so", ["-shared", "-fPIC"]) }
    private static let wireTask = Task { try await compile("bad-wire.c", "bad-wire", []) }

    /// Harms system calls; see tamper.c.
    static func tamper() async throws -> String { try await tamperTask.value }
    /// Another time of day; see clock.c.
    static func clock() async throws -> String { try await clockTask.value }
    /// A network that loses, repeats, reorders and damages packets; see bad-wire.c.
    static func badWire() async throws -> String { try await wireTask.value }

    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Tampering").path

    /// Beside the program, where what was built belongs. Renamed into place: another test run may be using the old one.
    private static func compile(_ source: String, _ name: String, _ options: [String]) async throws -> String {
        guard let compiler else { throw Child.Failed(description: "no C compiler is installed") }
        let path = URL(fileURLWithPath: Program.path).deletingLastPathComponent().path + "/" + name
        let new = path + "-\(getpid())"
        let arguments = options + ["-O1", "-Wall", "-Wextra", "-Werror", "-o", new, "\(sources)/\(source)", "-ldl"]
        let child = try Child(
            compiler, arguments, environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""],
            directory: "/")
        let result = try await child.wait()
        guard result.status == 0, rename(new, path) == 0 else {
            throw Child.Failed(description: "\(source): \(result.err)")
        }
        return path
    }
}
