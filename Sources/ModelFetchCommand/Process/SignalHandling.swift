internal import Glibc
internal import ModelFetch
internal import Threads

/// Handles SIGINT, SIGTERM and SIGHUP. The first one cancels the current work, which records what it has; a second one ends the
/// process at once, as does the first if there is no work. Neither loses anything that was recorded.
///
/// The process always ends by the signal itself. If it called exit(3) instead, a shell would believe that the program had handled
/// Ctrl-C, and continue its loop.
enum SignalHandling {
    private struct State {
        /// The nesting depth of work that a signal cancels instead of ending the process.
        var works = 0
        /// Cancels the current work, once it can be cancelled.
        var cancel: (@Sendable () -> Void)?
        var received: Int32?
    }

    private static let state = Lock(State())

    /// The first signal that arrived during work.
    static var received: Int32? { state.withLock { $0.received } }

    /// From now on a signal ends the process immediately. Starts no thread.
    static func endOnSignals() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            var action = sigaction()
            // If SIGHUP was ignored at the start, it stays ignored, for nohup(1). The others are handled nevertheless: a shell
            // without job control has background processes ignore SIGINT, but a SIGINT sent to this one is meant for it.
            if number == SIGHUP, sigaction(number, nil, &action) == 0, isIgnored(action) { continue }
            action = sigaction()
            setHandler(of: &action) { number in
                // Only system calls are safe here (signal-safety(7)); the watching thread does the rest.
                guard signalPipe >= 0 else { SignalHandling.end(by: number) }
                let saved = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(signalPipe, &byte, 1)
                errno = saved
            }
            action.sa_flags = Int32(SA_RESTART)
            sigaction(number, &action, nil)
        }
    }

    /// Starts a thread that watches for signals as long as the process lives; from now on a signal may cancel work. Call this once,
    /// while there are no other threads.
    ///
    /// - Parameter start: starts a thread, or returns `nil`.
    static func watch(
        start: (@escaping @Sendable () -> Void) -> SystemThread? = { SystemThread($0) }
    ) throws(Failure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure(.cannotWrite, "no pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A full pipe must not block the thread that the signal interrupts.
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        let reader = ends[0]
        // Set before there is a second thread on which a handler could read it.
        signalPipe = ends[1]
        let thread = start {
            allow([SIGINT, SIGTERM, SIGHUP])
            var number: UInt8 = 0
            while true {
                let count = read(reader, &number, 1)
                if count == 1 { received(Int32(number)) } else if count == 0 || errno != EINTR { return }
            }
        }
        guard thread != nil else {
            signalPipe = -1
            throw .noThreads
        }
    }

    /// Ends the process by a signal, as if it had not been handled. Makes only calls that are allowed in a handler
    /// (signal-safety(7)).
    static func end(by number: Int32) -> Never {
        signal(number, SIG_DFL)
        allow([number])
        raise(number)
        // The first process of a container is not ended by its own signals (pid_namespaces(7)).
        _exit(128 + number)
    }

    private static func allow(_ numbers: [Int32]) {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    /// Runs work that a signal cancels.
    ///
    /// - Returns: the result of `work`, and the exit status for a signal that arrived meanwhile: 128 plus its number.
    static func run<R: Sendable>(_ work: @escaping @Sendable () async -> R) async -> (R, status: Int32?) {
        // Before the work starts: a signal that arrived in between would end the process without a report.
        state.withLock { $0.works += 1 }
        let task = Task { await work() }
        let isLate = state.withLock { state in
            state.cancel = { task.cancel() }
            return state.received != nil
        }
        if isLate { task.cancel() }
        let result = await task.value
        return state.withLock { state in
            state.works -= 1
            state.cancel = nil
            return (result, state.received.map { 128 + $0 })
        }
    }

    /// Runs work that consists of several calls of ``run(_:)``. A signal between two of them does not end the process; the work
    /// checks ``received`` before the next one.
    static func holding<R>(_ work: () async -> R) async -> R {
        state.withLock { $0.works += 1 }
        defer { state.withLock { $0.works -= 1 } }
        return await work()
    }

    private static func received(_ number: Int32) {
        let (isFirst, cancel) = state.withLock { state in
            guard state.received == nil, state.works > 0 else { return (false, nil as (@Sendable () -> Void)?) }
            state.received = number
            return (true, state.cancel)
        }
        guard isFirst else { end(by: number) }
        // If there is nothing to cancel yet, `run` checks for a signal when there is.
        cancel?()
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private static func setHandler(of action: inout sigaction, _ handler: @escaping @convention(c) (Int32) -> Void) {
        action.__sigaction_handler.sa_handler = handler
    }
}

/// The end of the pipe that the handler writes to. Safe without a lock: set once, while there is only one thread.
private nonisolated(unsafe) var signalPipe: Int32 = -1
