internal import Glibc
internal import Synchronization

/// A thread that runs one function and can be waited for, and whose start may fail: the system has only so many threads
/// for a user (`ulimit -u`) and for a container (`pids.max`).
package final class SystemThread: Sendable {
    private struct Reference: @unchecked Sendable {
        // A name of a thread: any thread may compare it or wait for it.
        let thread: pthread_t
    }

    /// `nil` once somebody waited for it.
    private let reference: Mutex<Reference?>

    /// `nil` if the system has no thread for us.
    ///
    /// - Parameters:
    ///   - stackSize: in bytes; `nil` is the system's usual size.
    ///   - run: runs with all signals blocked: they belong to the program's other threads.
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
        reference = Mutex(Reference(thread: created))
    }

    /// Waits for the end of the function, if it is not this very thread that asks.
    package func join() {
        reference.withLock { reference in
            guard let thread = reference?.thread else { return }
            reference = nil
            if pthread_equal(thread, pthread_self()) != 0 {
                // Whoever runs on the thread cannot wait for its end; the system cleans up after it.
                pthread_detach(thread)
            } else {
                // Under the lock, so that a second caller, too, returns only when the thread is gone.
                pthread_join(thread, nil)
            }
        }
    }
}

private func start(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    // SIGPIPE above all must be blocked: it comes to the thread that writes, and libcurl does not keep it off
    // (CURLOPT_NOSIGNAL(3)). The threads that libcurl makes for name look-ups inherit the mask.
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
