// Preloaded into the program under test: makes single system calls fail, fall short, lie, or be the last ones.
//
// strace(1) can do some of this, but counts each thread for itself and cannot shorten a write. Here all threads count
// together, so that "the 17th write" is one write, and every one of them has its turn.
//
//   TAMPER_CALLS  names of the calls that count, each followed by a comma: "pwrite,fsync,"
//   TAMPER_PATH   only calls on a path that ends so
//   TAMPER_FROM   the first call that suffers, from 1
//   TAMPER_TO     the last one
//   TAMPER_DO     kill | short | lie | or an errno as a number
//   TAMPER_LOG    gets a line "CALL PATH" for each call that suffered
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

enum harm { NONE, FAIL, SHORT, LIE };

static atomic_long counted;

// The C library's own, past the functions below.
static long raw(long number, long a, long b, long c, long d, long e, long f) {
    static long (*real)(long, ...);
    if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return real(number, a, b, c, d, e, f);
}
#define RAW(...) RAW_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define RAW_(n, a, b, c, d, e, f, ...) raw(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static int log_file = -1;

// Before the program begins: later it may have given up the right to open it.
__attribute__((constructor)) static void open_log(void) {
    const char *path = getenv("TAMPER_LOG");
    if (path) log_file = (int)RAW(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void append(const char *call, const char *path) {
    char line[1200];
    int length = snprintf(line, sizeof line, "%s %s\n", call, path);
    if (log_file >= 0) (void)RAW(SYS_write, log_file, line, length);
}

static enum harm on_path(const char *call, const char *path) {
    const char *calls = getenv("TAMPER_CALLS"), *suffix = getenv("TAMPER_PATH"), *what = getenv("TAMPER_DO");
    const char *from = getenv("TAMPER_FROM"), *to = getenv("TAMPER_TO");
    // What the kernel tells in files is not the disk's; and libdispatch takes it ill when it cannot look at its
    // threads there.
    if (!calls || !what || !from || strncmp(path, "/proc/", 6) == 0) return NONE;
    size_t length = strlen(call);
    const char *found = calls;
    while ((found = strstr(found, call)) && !((found == calls || found[-1] == ',') && found[length] == ',')) found++;
    if (!found) return NONE;
    if (suffix) {
        size_t all = strlen(path), end = strlen(suffix);
        if (end > all || strcmp(path + all - end, suffix) != 0) return NONE;
    }
    long number = atomic_fetch_add(&counted, 1) + 1;
    if (number < atol(from) || number > (to ? atol(to) : atol(from))) return NONE;
    append(call, path);
    if (strcmp(what, "kill") == 0) {
        (void)RAW(SYS_kill, RAW(SYS_getpid), SIGKILL);
        __builtin_trap();
    }
    if (strcmp(what, "short") == 0) return SHORT;
    if (strcmp(what, "lie") == 0) return LIE;
    errno = atoi(what);
    return FAIL;
}

static enum harm on_file(const char *call, int file) {
    if (!getenv("TAMPER_CALLS")) return NONE;
    char link[64], path[1024];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    long length = RAW(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    return on_path(call, path);
}

#define ALIAS(name, other) __typeof__(other) name __attribute__((alias(#other)))

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    switch (on_file("pwrite", file)) {
    case FAIL: return -1;
    // What is kept is the first part; of a lie the program never learns.
    case SHORT: return RAW(SYS_pwrite64, file, bytes, count > 1 ? count / 2 : count, offset);
    case LIE: {
        ssize_t kept = count > 1 ? RAW(SYS_pwrite64, file, bytes, count / 2, offset) : 0;
        return kept < 0 ? kept : (ssize_t)count;
    }
    default: return RAW(SYS_pwrite64, file, bytes, count, offset);
    }
}
ALIAS(pwrite64, pwrite);

ssize_t pread(int file, void *bytes, size_t count, off_t offset) {
    switch (on_file("pread", file)) {
    case FAIL: return -1;
    case SHORT: return RAW(SYS_pread64, file, bytes, count > 1 ? count / 2 : count, offset);
    default: return RAW(SYS_pread64, file, bytes, count, offset);
    }
}
ALIAS(pread64, pread);

int fsync(int file) { return on_file("fsync", file) == FAIL ? -1 : (int)RAW(SYS_fsync, file); }

int ftruncate(int file, off_t size) {
    return on_file("ftruncate", file) == FAIL ? -1 : (int)RAW(SYS_ftruncate, file, size);
}
ALIAS(ftruncate64, ftruncate);

int fallocate(int file, int mode, off_t offset, off_t size) {
    return on_file("fallocate", file) == FAIL ? -1 : (int)RAW(SYS_fallocate, file, mode, offset, size);
}
ALIAS(fallocate64, fallocate);

int flock(int file, int operation) {
    switch (on_file("flock", file)) {
    case FAIL: return -1;
    case LIE: return 0;
    default: return (int)RAW(SYS_flock, file, operation);
    }
}

int fstatvfs(int file, struct statvfs *info) {
    if (on_file("fstatvfs", file) == FAIL) return -1;
    static int (*real)(int, struct statvfs *);
    if (!real) real = (int (*)(int, struct statvfs *))dlsym(RTLD_NEXT, "fstatvfs");
    return real(file, info);
}
int fstatvfs64(int file, struct statvfs64 *info) __attribute__((alias("fstatvfs")));

int fstat(int file, struct stat *info) {
    return on_file("fstat", file) == FAIL ? -1 : (int)RAW(SYS_fstat, file, info);
}
int fstat64(int file, struct stat64 *info) __attribute__((alias("fstat")));

int fstatat(int directory, const char *path, struct stat *info, int flags) {
    return on_path("fstatat", path) == FAIL ? -1 : (int)RAW(SYS_newfstatat, directory, path, info, flags);
}
int fstatat64(int directory, const char *path, struct stat64 *info, int flags) __attribute__((alias("fstatat")));

int mkdir(const char *path, mode_t mode) {
    return on_path("mkdir", path) == FAIL ? -1 : (int)RAW(SYS_mkdirat, AT_FDCWD, path, mode);
}
int mkdirat(int directory, const char *path, mode_t mode) {
    return on_path("mkdirat", path) == FAIL ? -1 : (int)RAW(SYS_mkdirat, directory, path, mode);
}
int unlinkat(int directory, const char *path, int flags) {
    return on_path("unlinkat", path) == FAIL ? -1 : (int)RAW(SYS_unlinkat, directory, path, flags);
}
int renameat(int from, const char *path, int to, const char *name) {
    return on_path("renameat", path) == FAIL ? -1 : (int)RAW(SYS_renameat, from, path, to, name);
}

static int open_at(const char *call, int directory, const char *path, int flags, mode_t mode) {
    return on_path(call, path) == FAIL ? -1 : (int)RAW(SYS_openat, directory, path, flags, mode);
}
int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return open_at("open", AT_FDCWD, path, flags, mode);
}
ALIAS(open64, open);
int openat(int directory, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return open_at("openat", directory, path, flags, mode);
}
ALIAS(openat64, openat);

// openat2(2) has no function in the C library.
long syscall(long number, ...) {
    va_list rest;
    va_start(rest, number);
    long a[6];
    for (int index = 0; index < 6; index++) a[index] = va_arg(rest, long);
    va_end(rest);
    if (number == SYS_openat2 && on_path("openat2", (const char *)a[1]) == FAIL) return -1;
    return raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
