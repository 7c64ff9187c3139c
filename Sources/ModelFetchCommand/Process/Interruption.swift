internal import Foundation
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What SIGINT, SIGTERM and SIGHUP do: the first one lets the work at hand put its things in order, a second one ends the
/// process at once, and so does the first where there is nothing to put in order. Nothing is lost by that either.
///
/// The process always ends with a status, 128 and the signal's number, and never by the signal itself.
enum Interruption {
    private struct State {
        /// Whether there is work that a signal may only cancel.
        var isWorking = false
        /// Cancels the work at hand, as soon as that is possible.
        var cancel: (@Sendable () -> Void)?
        var received: Int32?
    }

    private static let state = Mutex(State())

    /// From now on a signal ends the process at once, with its status. Starts no thread.
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
                guard signalPipe >= 0 else { _exit(128 + number) }
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
    static func watch() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A full pipe must not hold up whoever the signal happens to interrupt.
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        let reader = ends[0]
        // Before there is a second thread on which a signal could look at it.
        signalPipe = ends[1]
        Thread.detachNewThread {
            var number: UInt8 = 0
            while true {
                let count = read(reader, &number, 1)
                if count == 1 { received(Int32(number)) } else if count == 0 || errno != EINTR { return }
            }
        }
    }

    /// Runs work that a signal cancels.
    ///
    /// - Returns: what `work` returned, and the exit status that a signal asks for if one came: 128 and its number.
    static func run<R: Sendable>(_ work: @escaping @Sendable () async -> R) async -> (R, status: Int32?) {
        // Before the work begins: a signal that came between the two would end it without a word.
        state.withLock { $0.isWorking = true }
        let task = Task { await work() }
        let isLate = state.withLock { state in
            state.cancel = { task.cancel() }
            return state.received != nil
        }
        if isLate { task.cancel() }
        let result = await task.value
        return state.withLock { state in
            state.isWorking = false
            state.cancel = nil
            return (result, state.received.map { 128 + $0 })
        }
    }

    private static func received(_ number: Int32) {
        let (isFirst, cancel) = state.withLock { state in
            guard state.received == nil, state.isWorking else { return (false, nil as (@Sendable () -> Void)?) }
            state.received = number
            return (true, state.cancel)
        }
        guard isFirst else { _exit(128 + number) }
        // Where there is nothing to cancel yet, whoever begins the work looks whether a signal came.
        cancel?()
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
        #if canImport(Glibc)
            unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        #else
            unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
        #endif
    }

    private static func setHandler(of action: inout sigaction, _ handler: @escaping @convention(c) (Int32) -> Void) {
        #if canImport(Glibc)
            action.__sigaction_handler.sa_handler = handler
        #else
            action.__sigaction_u.__sa_handler = handler
        #endif
    }
}

/// Where the handler writes, once somebody reads it. Set once, while there is one thread.
private nonisolated(unsafe) var signalPipe: Int32 = -1
