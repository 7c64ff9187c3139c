internal import Glibc

/// Reserves threads: holds idle ones, whose places become available to others when the reserve is released.
///
/// libdispatch starts the threads for Swift's concurrency and timers when they are first needed. Where the system
/// refuses one, libdispatch retries every second for ever, so a program has to find out beforehand whether it can have
/// them.
package struct ThreadReserve: ~Copyable {
    private let threads: [SystemThread]
    private let isOver = Flag()

    /// The number of threads that the runtime may need during a run: one for each of at most four processors, one for
    /// timers, and two for libcurl's name look-ups.
    package static func needed(processors: Int) -> Int { min(max(processors, 1), 4) + 3 }

    /// Starts the threads; `nil` if the system refuses one of them.
    package init?(_ count: Int, start: (@escaping @Sendable () -> Void) -> SystemThread? = Self.start) {
        var threads: [SystemThread] = []
        let isOver = isOver
        for _ in 0..<count {
            guard let thread = start({ isOver.wait() }) else {
                isOver.set()
                for thread in threads { thread.join() }
                return nil
            }
            threads.append(thread)
        }
        self.threads = threads
    }

    deinit {
        isOver.set()
        for thread in threads { thread.join() }
    }

    /// Starts a thread with a small stack, since it only waits.
    package static func start(_ run: @escaping @Sendable () -> Void) -> SystemThread? {
        SystemThread(stackSize: 256 << 10, run)
    }
}

/// A flag that is set once and that threads can wait for.
private final class Flag: @unchecked Sendable {
    // @unchecked: the C types may be used by several threads and stay at a fixed address; the mutex guards `isSet`.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var isSet = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func set() {
        pthread_mutex_lock(mutex)
        isSet = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    func wait() {
        pthread_mutex_lock(mutex)
        while !isSet { pthread_cond_wait(condition, mutex) }
        pthread_mutex_unlock(mutex)
    }
}
