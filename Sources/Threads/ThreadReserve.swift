internal import Glibc

/// Threads that do nothing but take their place, so that as many can be had by others when they are let go.
///
/// The threads of Swift's concurrency and of its timers are made by libdispatch when they are first needed, and where the
/// system refuses one, libdispatch asks again every second for ever. So it is found out beforehand whether they can be had.
package struct ThreadReserve: ~Copyable {
    private let threads: [SystemThread]
    private let isOver = Flag()

    /// How many threads the runtime may want while a run goes on: one a processor, few of which it ever uses, one for
    /// timers, and two for libcurl's name look-ups.
    package static func needed(processors: Int) -> Int { min(max(processors, 1), 4) + 3 }

    /// `nil` if the system does not have so many.
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

    /// With a small stack: these threads only wait.
    package static func start(_ run: @escaping @Sendable () -> Void) -> SystemThread? {
        SystemThread(stackSize: 256 << 10, run)
    }
}

/// Something that happens once, and for which threads can wait.
private final class Flag: @unchecked Sendable {
    // @unchecked: the C types are made for use by several threads, and stay at one address.
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
