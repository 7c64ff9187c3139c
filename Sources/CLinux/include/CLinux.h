/* System calls that the C library does not wrap, or declares only under _GNU_SOURCE, which Swift does not define. Nothing
   else is written in C. */
#ifndef CLINUX_H
#define CLINUX_H

#include <stdint.h>
#include <sys/types.h>

#include "Landlock.h"

/* openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS: opens `path`, which
   must be below `directory`, following no link. Returns a descriptor, or -1 with errno: ENOSYS if the kernel (before
   Linux 5.6) or a sandbox does not support the call. */
int clinux_open_beneath(int directory, const char *path, int flags, mode_t mode);

/* fallocate(2) with FALLOC_FL_KEEP_SIZE over [0, size): 0, or -1 with errno. */
int clinux_preallocate(int file, int64_t size);

/* Whether a file is in a tmpfs(5), according to fstatfs(2). */
int clinux_is_in_memory(int file);

/* lseek(2) with SEEK_HOLE from 0: where the first hole begins, or -1 with errno. */
int64_t clinux_first_hole(int file);

/* ioctl_ficlone(2) with FICLONE: makes `target` share the blocks of `source`. 0, or -1 with errno. Most file
   systems do not support it. */
int clinux_clone(int source, int target);

/* copy_file_range(2) of up to `count` bytes at `offset` in both files. Returns the number of bytes copied, 0 at the end of
   `source`, or -1 with errno. */
int64_t clinux_copy(int source, int target, int64_t offset, int64_t count);

/* sync_file_range(2) with SYNC_FILE_RANGE_WRITE: asks for writeback of [offset, offset + count) to begin. */
void clinux_start_writeback(int file, int64_t offset, int64_t count);

/* mallopt(3), M_ARENA_MAX: all threads share one arena. Each additional arena reserves 64 MiB of address space. */
void clinux_use_one_arena(void);

#endif
