internal import Glibc
internal import ModelFetch
internal import Synchronization
internal import Threads

/// What SIGINT, SIGTERM and SIGHUP do: the first one lets the work at hand record what it has, a second one ends the
/// process at once, and so does the first where there is nothing to record. Nothing is lost by that either.
///
/// The process always ends by the signal itself: a shell that sees 130 from a program that went on to exit(3) believes that
/// the program dealt with Ctrl-C, and carries on with its loop.
enum SignalHandling {
    private struct State {
        /// How much work is under way, one part within another, that a signal may only cancel.
        var works = 0
        /// Cancels the work at hand, as soon as that is possible.
        var cancel: (@Sendable () -> Void)?
        var received: Int32?
    }

    private static let state = Mutex(State())

    /// The first signal that came, while there was work.
    static var received: Int32? { state.withLock { $0.received } }

    /// From now on a signal ends the process at once. Starts no thread.
    static func endOnSignals() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            var action = sigaction()
            // SIGHUP that was ignored when we were started stays ignored: that is what nohup(1) means. The others are
            // taken all the same: a shell without job control ignores SIGINT for what it starts in the background, and who
            // sends one to it means it.
            if number == SIGHUP, sigaction(number, nil, &action) == 0, isIgnored(action) { continue }
            action = sigaction()
            setHandler(of: &action) { number in
                // All that is safe here is a system call (signal-safety(7)); the thread that watches does the rest.
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

    /// Begins to watch, on a thread of its own and for as long as the process lives: from now on a signal may cancel work. To
    /// be called once, while no other threads are there.
    ///
    /// - Parameter start: starts a thread, or returns `nil`.
    static func watch(
        start: (@escaping @Sendable () -> Void) -> SystemThread? = { SystemThread($0) }
    ) throws(Failure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure(.cannotWrite, "no pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A full pipe must not hold up whoever the signal happens to interrupt.
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        let reader = ends[0]
        // Before there is a second thread on which a signal could look at it.
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

    /// Ends the process by a signal, as if nobody had ever dealt with it. Only calls that a handler may make
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
    /// - Returns: what `work` returned, and the exit status that a signal asks for if one came: 128 and its number.
    static func run<R: Sendable>(_ work: @escaping @Sendable () async -> R) async -> (R, status: Int32?) {
        // Before the work begins: a signal that came between the two would end it without a word.
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

    /// Does work of several parts, each of which ``run(_:)`` does: a signal that comes between two of them ends nothing at once,
    /// but is there to be seen (``received``) before the next one begins.
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
        // Where there is nothing to cancel yet, whoever begins the work looks whether a signal came.
        cancel?()
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private static func setHandler(of action: inout sigaction, _ handler: @escaping @convention(c) (Int32) -> Void) {
        action.__sigaction_handler.sa_handler = handler
    }
}

/// Where the handler writes, once somebody reads it. Set once, while there is one thread.
private nonisolated(unsafe) var signalPipe: Int32 = -1
