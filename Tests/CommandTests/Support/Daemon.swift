import Foundation
import Glibc
import Synchronization

/// A program that serves on free loopback ports for as long as a test takes: it can be stopped in the midst of whatever it does,
/// and started again where it was.
final class Daemon: Sendable {
    /// How a program is started, in the foreground.
    struct Launch: Sendable {
        var program: String
        var arguments: [String]
        var environment: [String: String] = [:]
        /// What it leaves elsewhere than in its directory when it is killed.
        var leftovers: [String] = []
    }

    let ports: [Int]
    private let launch: Launch
    private let directory: String
    private let child: Mutex<Child>

    /// Runs a daemon for as long as `body` takes.
    ///
    /// - Parameters:
    ///   - directory: where it works.
    ///   - portCount: how many ports it listens on.
    ///   - launch: writes what the program reads, and says how it is started; gets the ports.
    static func run<R>(
        in directory: String, portCount: Int = 1, launch: ([Int]) throws -> Launch,
        isolation: isolated (any Actor)? = #isolation, _ body: (Daemon) async throws -> R
    ) async throws -> R {
        // A port that was free a moment ago may be somebody's now: then another one is tried.
        for attempt in 1... {
            let ports = try freePorts(count: portCount)
            let launch = try launch(ports)
            defer { for path in launch.leftovers { try? FileManager.default.removeItem(atPath: path) } }
            let daemon: Daemon
            do {
                daemon = try await Daemon(directory, ports, launch)
            } catch {
                if attempt < 5 { continue }
                throw error
            }
            let result: R
            do {
                result = try await body(daemon)
            } catch {
                try await daemon.stop()
                throw error
            }
            try await daemon.stop()
            return result
        }
        fatalError("the loop above has no end")
    }

    private init(
        _ directory: String, _ ports: [Int], _ launch: Launch, isolation: isolated (any Actor)? = #isolation
    ) async throws {
        (self.directory, self.ports, self.launch) = (directory, ports, launch)
        child = Mutex(try await Self.start(launch, directory, ports))
    }

    private static func start(
        _ launch: Launch, _ directory: String, _ ports: [Int], isolation: isolated (any Actor)? = #isolation
    ) async throws -> Child {
        guard let program = Program.find(launch.program) else {
            throw Child.Failed(description: "\(launch.program) is not installed")
        }
        let child = try Child(program, launch.arguments, environment: launch.environment, directory: directory)
        do {
            try await poll("\(launch.program) to answer") { !child.isRunning || ports.allSatisfy(isAnswering) }
            guard child.isRunning else {
                throw Child.Failed(description: "\(launch.program): \(child.errorsSoFar) \(child.outputSoFar)")
            }
        } catch {
            child.kill(SIGKILL)
            try await child.wait()
            throw error
        }
        return child
    }

    /// Ends it in the middle of whatever it does; connections are refused from then on.
    func stop(isolation: isolated (any Actor)? = #isolation) async throws {
        let child = child.withLock { $0 }
        child.kill(SIGKILL)
        try await child.wait()
    }

    /// Starts it again, on the same ports.
    func startAgain(isolation: isolated (any Actor)? = #isolation) async throws {
        let new = try await Self.start(launch, directory, ports)
        child.withLock { $0 = new }
    }

    /// Ports that nobody has, all held at once so that they differ.
    private static func freePorts(count: Int) throws -> [Int] {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        return try (0..<count).map { _ in
            let socket = Loopback.stream()
            sockets.append(socket)
            return try Loopback.bind(socket)
        }
    }

    private static func isAnswering(_ port: Int) -> Bool {
        let socket = Loopback.stream()
        defer { close(socket) }
        return Loopback.connect(socket, port: port)
    }
}
