internal import Synchronization

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// A thread that runs one function and can be waited for.
package final class LoopThread: Sendable {
    private struct Reference: @unchecked Sendable {
        // A name of a thread: any thread may compare it or wait for it.
        let thread: pthread_t
    }

    /// `nil` once somebody waited for it.
    private let reference: Mutex<Reference?>

    /// `nil` if the system has no thread for us.
    package init?(_ run: @escaping @Sendable () -> Void) {
        let body = Unmanaged.passRetained(Body(run))
        #if canImport(Darwin)
            var created: pthread_t?
        #else
            var created = pthread_t()
        #endif
        let code = pthread_create(&created, nil, { start($0) }, body.toOpaque())
        #if canImport(Darwin)
            let thread = created
        #else
            let thread: pthread_t? = created
        #endif
        guard code == 0, let thread else {
            body.release()
            return nil
        }
        reference = Mutex(Reference(thread: thread))
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
    // Signals belong to the program's other threads. SIGPIPE above all: it comes to the thread that writes, and libcurl does
    // not keep it off (CURLOPT_NOSIGNAL(3)). The threads that libcurl makes for name look-ups inherit the mask.
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
