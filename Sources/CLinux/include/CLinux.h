/* The system calls that the C library does not wrap. Nothing else is written in C. */
#ifndef CLINUX_H
#define CLINUX_H

#include <stdint.h>
#include <sys/types.h>

/* openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS: opens `path` below `directory` and
   nowhere else, following no link on the way. Returns a descriptor, or -1 with errno; ENOSYS where the kernel (before
   Linux 5.6) or a sandbox does not have the call. */
int clinux_open_beneath(int directory, const char *path, int flags, mode_t mode);

#endif
