internal import Glibc
internal import Synchronization

/// A thread that runs a function and can be joined. Starting it may fail, because the system limits the number of
/// threads of a user (`ulimit -u`) and of a container (`pids.max`).
package final class SystemThread: Sendable {
    private struct Reference: @unchecked Sendable {
        // A thread ID, which any thread may compare or join.
        let thread: pthread_t
    }

    /// `nil` once the thread was joined or detached.
    private let reference: Lock<Reference?>

    /// Starts the thread; `nil` if the system refuses one.
    ///
    /// - Parameters:
    ///   - stackSize: in bytes; `nil` for the system's default.
    ///   - run: runs with all signals blocked, so that other threads of the program handle them.
    package init?(stackSize: Int? = nil, _ run: @escaping @Sendable () -> Void) {
        let body = Unmanaged.passRetained(Body(run))
        var created = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        if let stackSize { pthread_attr_setstacksize(&attributes, stackSize) }
        let code = pthread_create(&created, &attributes, { start($0) }, body.toOpaque())
        guard code == 0 else {
            body.release()
            return nil
        }
        reference = Lock(Reference(thread: created))
    }

    /// A thread that nobody joins cleans up after itself.
    deinit {
        reference.withLock { reference in
            if let thread = reference?.thread { pthread_detach(thread) }
        }
    }

    /// Waits for the function to return. Returns at once if called on the thread itself.
    package func join() {
        reference.withLock { reference in
            guard let thread = reference?.thread else { return }
            reference = nil
            if pthread_equal(thread, pthread_self()) != 0 {
                // A thread cannot join itself; the system cleans up after a detached one.
                pthread_detach(thread)
            } else {
                // Under the lock, so that a second caller also returns only after the thread has ended.
                pthread_join(thread, nil)
            }
        }
    }
}

private func start(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    // This matters most for SIGPIPE, which is sent to the thread that writes and which libcurl does not suppress
    // (CURLOPT_NOSIGNAL(3)). The threads that libcurl starts for name look-ups inherit the mask.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    guard let context else { return nil }
    Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
    return nil
}

private final class Body {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
