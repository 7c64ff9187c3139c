#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>

#if defined(__linux__)
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_open_beneath(int directory, const char *path, int flags, mode_t mode) {
    struct open_how how;
    memset(&how, 0, sizeof how);
    how.flags = (uint64_t)(unsigned int)flags;
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int clinux_preallocate(int file, int64_t size) { return fallocate(file, FALLOC_FL_KEEP_SIZE, 0, size); }

int64_t clinux_first_hole(int file) { return lseek(file, 0, SEEK_HOLE); }

void clinux_start_writeback(int file, int64_t offset, int64_t count) {
    (void)sync_file_range(file, offset, count, SYNC_FILE_RANGE_WRITE);
}

#else

int clinux_open_beneath(int directory, const char *path, int flags, mode_t mode) {
    (void)directory;
    (void)path;
    (void)flags;
    (void)mode;
    errno = ENOSYS;
    return -1;
}

int clinux_preallocate(int file, int64_t size) {
    (void)file;
    (void)size;
    errno = ENOSYS;
    return -1;
}

int64_t clinux_first_hole(int file) {
    (void)file;
    errno = ENOSYS;
    return -1;
}

void clinux_start_writeback(int file, int64_t offset, int64_t count) {
    (void)file;
    (void)offset;
    (void)count;
}

#endif
