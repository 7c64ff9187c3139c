import Foundation

/// Other programs that tests call on the way.
enum Tool {
    /// - Throws: unless it ends with 0.
    @discardableResult
    static func run(_ name: String, _ arguments: String...) async throws -> Child.Result {
        try await run(name, arguments, directory: "/")
    }

    @discardableResult
    static func run(_ name: String, _ arguments: [String], directory: String) async throws -> Child.Result {
        guard let path = Program.find(name) else { throw Child.Failed(description: "\(name) is not installed") }
        let environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "LC_ALL": "C", "HOME": directory]
        let child = try Child(path, arguments, environment: environment, directory: directory)
        let result = try await child.wait()
        guard result.status == 0 else {
            throw Child.Failed(
                description: "\(name) \(arguments.joined(separator: " ")): \(result.ending) \(result.err)")
        }
        return result
    }
}
