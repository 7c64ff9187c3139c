// Shows ThreadSanitizer what it cannot see of Swift's own synchronization, so that what it reports is true.
//
// **Mutex.** On Linux `Synchronization.Mutex` takes and gives back a free lock by an atomic exchange that is compiled into the caller, where
// the sanitizer sees it. A contended one goes through the three functions below. They are the standard library's, not
// instrumented, and the kernel hands the lock over (FUTEX_LOCK_PI): the sanitizer sees no order between the two owners and
// calls every contended use a race. The functions here stand before the library's, call them, and tell what they did.
//
// **Continuations.** The concurrency runtime tells the sanitizer what a task is resumed after, but for a continuation that is resumed
// before its task came to wait for it: there it says what it released, and the waiting task never acquires it. A task
// frees the frame of what it awaited when it goes on: it is made to acquire what was released to it there.
//
// Linked into every program under `./test --sanitize thread`, and nowhere else. Nothing is suppressed: what is done outside of
// the lock, or is not handed over, is found as before.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

// Swift passes `self` in a register of its own.
#define SELF __attribute__((swift_context)) void *self
#define SWIFT __attribute__((swiftcall))

void __tsan_acquire(void *);
void __tsan_release(void *);
SWIFT void *swift_task_getCurrent(void);

// _MutexHandle._lockSlow(UInt32), ._tryLockSlow() -> Bool, ._unlockSlow()
#define LOCK $s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF
#define TRY_LOCK $s15Synchronization12_MutexHandleV12_tryLockSlowSbyF
#define UNLOCK $s15Synchronization12_MutexHandleV11_unlockSlowyyF
#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

typedef SWIFT void (*Lock)(uint32_t, SELF);
typedef SWIFT bool (*TryLock)(SELF);
typedef SWIFT void (*Unlock)(SELF);

SWIFT void LOCK(uint32_t thread, SELF) {
    ((Lock)dlsym(RTLD_NEXT, TEXT(LOCK)))(thread, self);
    __tsan_acquire(self);
}

SWIFT bool TRY_LOCK(SELF) {
    bool locked = ((TryLock)dlsym(RTLD_NEXT, TEXT(TRY_LOCK)))(self);
    if (locked) __tsan_acquire(self);
    return locked;
}

SWIFT void UNLOCK(SELF) {
    // Before it is free: the next owner may be there at once.
    __tsan_release(self);
    ((Unlock)dlsym(RTLD_NEXT, TEXT(UNLOCK)))(self);
}

SWIFT void swift_task_dealloc(void *frame) {
    typedef SWIFT void (*Dealloc)(void *);
    static _Atomic(Dealloc) real;
    // Looked up more than once if several are the first: to the same end.
    if (!real) real = (Dealloc)dlsym(RTLD_NEXT, "swift_task_dealloc");
    real(frame);
    __tsan_acquire(swift_task_getCurrent());
}
