#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
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

int clinux_is_in_memory(int file) {
    struct statfs status;
    return fstatfs(file, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

int64_t clinux_first_hole(int file) { return lseek(file, 0, SEEK_HOLE); }

int clinux_clone(int source, int target) { return ioctl(target, FICLONE, source); }

int64_t clinux_copy(int source, int target, int64_t offset, int64_t count) {
    off_t from = offset, to = offset;
    return copy_file_range(source, &from, target, &to, (size_t)count, 0);
}

void clinux_start_writeback(int file, int64_t offset, int64_t count) {
    (void)sync_file_range(file, offset, count, SYNC_FILE_RANGE_WRITE);
}

void clinux_use_one_arena(void) { mallopt(M_ARENA_MAX, 1); }
