internal import Glibc

/// A value that one thread at a time may use.
///
/// Like `Mutex` of the standard library, but with a mutex of POSIX threads. On Linux, `Mutex` is a futex with priority inheritance, which is
/// handed to the thread that has waited longest: until that thread runs, nobody else gets it. With more threads than processors,
/// locks that are taken for moments and often spent more time in being handed over than in being used.
package struct Lock<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    // @unchecked: the value is used only while the mutex is locked.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    package init(_ initial: consuming sending Value) {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        value = .allocate(capacity: 1)
        value.initialize(to: initial)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deinitialize(count: 1)
        mutex.deallocate()
        value.deinitialize(count: 1)
        value.deallocate()
    }

    /// Locks, calls `body` with the value, and unlocks. Not recursive: `body` must not lock it again.
    @inline(__always)
    package borrowing func withLock<Result: ~Copyable, E: Error>(
        _ body: (inout sending Value) throws(E) -> sending Result
    ) throws(E) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value.pointee)
    }

    /// As ``withLock(_:)``, unless it is locked already.
    ///
    /// - Returns: `nil` if it is.
    @inline(__always)
    package borrowing func withLockIfAvailable<Result: ~Copyable, E: Error>(
        _ body: (inout sending Value) throws(E) -> sending Result
    ) throws(E) -> sending Result? {
        guard pthread_mutex_trylock(mutex) == 0 else { return nil }
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value.pointee)
    }
}
