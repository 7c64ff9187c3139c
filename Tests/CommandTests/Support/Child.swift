import Foundation
import Glibc
import Synchronization
import TemporaryDirectory

/// A child process: started with exactly the environment and descriptors that a test names, and never outliving it.
final class Child: Sendable {
    /// Where one of the three standard descriptors goes.
    enum Stream: Sendable {
        /// Into a file of the child's own, to be read when it has ended.
        case captured
        case devNull
        /// Closed, as `>&-` does it.
        case closed
        /// A pipe that nobody reads any more.
        case brokenPipe
        case file(String)
        /// A terminal, which becomes the one that the child is controlled from.
        case terminal(PseudoTerminal)
    }

    /// How a process ended.
    enum Ending: Equatable, Sendable {
        case exited(Int32)
        case killed(Int32)
    }

    struct Result: Sendable {
        let ending: Ending
        let out: String
        let err: String

        /// The exit status; `nil` for one that a signal ended.
        var status: Int32? {
            if case .exited(let status) = ending { status } else { nil }
        }
        /// What a shell would have in `$?`.
        var shellStatus: Int32 {
            switch ending {
            case .exited(let status): status
            case .killed(let signal): 128 + signal
            }
        }
        var lines: [String] { out.split(separator: "\n").map(String.init) }
    }

    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// By how much every wait may be longer: under a sanitizer all is slow. A wait that comes to its limit has met a hang.
    static let patience = ProcessInfo.processInfo.environment["MODELFETCH_TEST_PATIENCE"].flatMap { Int($0) } ?? 1

    let pid: pid_t
    private let scratch: TemporaryDirectory
    private let state = Mutex(State())

    private struct State {
        var ending: Ending?
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// - Parameter environment: all of it; nothing is inherited.
    init(
        _ executable: String, _ arguments: [String], environment: [String: String], directory: String,
        out: Stream = .captured, err: Stream = .captured
    ) throws {
        self.scratch = try TemporaryDirectory()
        let scratch = self.scratch.path
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var isControlled = false
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        // One at a time, or the pipe's other end could be inherited by a child that is started meanwhile, and not be broken.
        let broken = try Self.spawning.withLock { _ in try Self.brokenPipe() }
        defer { close(broken) }
        for (descriptor, stream, name) in [(1 as Int32, out, "out"), (2, err, "err")] {
            let flags = O_WRONLY | O_CREAT | O_APPEND
            switch stream {
            case .captured: posix_spawn_file_actions_addopen(&actions, descriptor, "\(scratch)/\(name)", flags, 0o600)
            case .devNull: posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
            case .closed: posix_spawn_file_actions_addclose(&actions, descriptor)
            case .file(let path): posix_spawn_file_actions_addopen(&actions, descriptor, path, flags, 0o600)
            case .brokenPipe: posix_spawn_file_actions_adddup2(&actions, broken, descriptor)
            case .terminal(let terminal):
                // The first terminal that the leader of a session opens controls it (credentials(7)).
                posix_spawn_file_actions_addopen(&actions, descriptor, terminal.path, O_RDWR, 0)
                isControlled = true
            }
        }
        // Sockets and pipes of other tests, and what this process inherited, are none of the child's business: a listening
        // socket would live on in it after its server has closed it.
        _ = closeOthers?(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What this process ignores or blocks must not decide what the child does.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGXFSZ, SIGQUIT] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // POSIX_SPAWN_SETSID of glibc's headers, which is hidden like the call below.
        let session: Int32 = isControlled ? 0x80 : 0
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | session))
        var pid: pid_t = 0
        // A shell goes to the directory and becomes the program: posix_spawn(3) has no portable way there.
        let shell = ["/bin/sh", "-c", #"cd "$0" && exec "$@""#, directory, executable]
        let argv = (shell + arguments).map { strdup($0) } + [nil]
        // A program built with AddressSanitizer would look for leaks at its end, which it cannot where it is traced, and what is
        // alive at exit(3) is none. The library's leaks show in this process.
        let environment = environment.merging(["ASAN_OPTIONS": "detect_leaks=0"]) { given, _ in given }
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        let code = Self.spawning.withLock { _ in
            posix_spawn(&pid, shell[0], &actions, &attributes, argv, envp)
        }
        guard code == 0 else {
            throw Failed(description: "cannot start \(executable): \(String(cString: strerror(code)))")
        }
        self.pid = pid
        // A thread of its own: the pool's threads are few, and belong to what the child is tested against.
        Thread.detachNewThread { [self] in reap() }
    }

    deinit { kill(SIGKILL) }

    private static let spawning = Mutex(())

    private static func brokenPipe() throws -> Int32 {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failed(description: "no pipe") }
        close(ends[0])
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        return ends[1]
    }

    private func reap() {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let waiting = state.withLock { state in
            // Under the lock, so that nobody signals a number that is free for others again.
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            state.ending = status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .killed(status & 0x7f)
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Sends a signal, if the process is still there.
    func kill(_ signal: Int32) {
        state.withLock { state in
            if state.ending == nil { _ = systemKill(pid, signal) }
        }
    }

    var isRunning: Bool { state.withLock { $0.ending == nil } }

    /// The most memory that it has had so far, in bytes (proc(5), VmHWM); 0 where nobody tells.
    var peakMemory: Int64 {
        let line = Self.text("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let digits = line.map { $0.filter { ("0"..."9").contains($0) } }
        return digits.flatMap { Int64($0) }.map { $0 << 10 } ?? 0
    }

    /// What it has printed on stderr so far.
    var errorsSoFar: String { Self.text(scratch.path + "/err") }
    /// What it has printed on stdout so far.
    var outputSoFar: String { Self.text(scratch.path + "/out") }

    /// Waits for the end. A process that takes longer is killed, and that is an error.
    @discardableResult
    func wait(within limit: Duration = .seconds(120)) async throws -> Result {
        let limit = limit * Self.patience
        let watchdog = Task {
            try await Task.sleep(for: limit)
            kill(SIGKILL)
            return
        }
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if state.ending == nil { state.waiting.append(continuation) }
                return state.ending != nil
            }
            if hasEnded { continuation.resume() }
        }
        watchdog.cancel()
        if case .success = await watchdog.result {
            throw Failed(description: "still running after \(limit); stderr: \(errorsSoFar)")
        }
        return Result(ending: state.withLock { $0.ending! }, out: outputSoFar, err: errorsSoFar)
    }

    /// Waits until what it has printed on stderr meets a condition.
    func waitForErrors(within limit: Duration = .seconds(120), _ condition: (String) -> Bool) async throws {
        try await poll(within: limit, "stderr") { condition(errorsSoFar) }
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}

// The call whose name the method takes for itself.
private func systemKill(_ pid: pid_t, _ signal: Int32) -> Int32 { kill(pid, signal) }

/// Looks again and again until something holds, for things that tell nobody when they change: files and other processes.
func poll(within limit: Duration = .seconds(120), _ what: String, _ condition: () throws -> Bool) async throws {
    let limit = limit * Child.patience
    let deadline = ContinuousClock.now + limit
    while try !condition() {
        guard ContinuousClock.now < deadline else { throw Child.Failed(description: "waited \(limit) for \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// posix_spawn_file_actions_addclosefrom_np(3), which glibc's headers show to C programs of its own dialect only; `nil` elsewhere.
private let closeOthers: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32)? =
    dlsym(dlopen(nil, RTLD_NOW), "posix_spawn_file_actions_addclosefrom_np").map {
        unsafeBitCast($0, to: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32).self)
    }
