/* The three system calls of landlock(7), which glibc does not wrap: a thread gives up file system rights for itself
   and for the threads it creates later. Each call fails with ENOSYS if the kernel (before Linux 5.13) or a sandbox does
   not support it, and with EOPNOTSUPP if it is disabled. */
#ifndef CLINUX_LANDLOCK_H
#define CLINUX_LANDLOCK_H

#include <stdint.h>

/* landlock_create_ruleset(2) with LANDLOCK_CREATE_RULESET_VERSION: the version of the interface, 1 or higher; or -1. */
int clinux_landlock_version(void);

/* All rights to change files or directories that `version` of the interface supports: write, truncate, create, remove,
   link and rename, and (since version 5) ioctl(2) on devices. */
uint64_t clinux_landlock_write_rights(int version);

/* landlock_create_ruleset(2): returns a descriptor (close-on-exec) of a ruleset that denies `rights` everywhere; or -1. */
int clinux_landlock_create(uint64_t rights);

/* landlock_add_rule(2): allows `rights` beneath `directory`, a descriptor. 0, or -1. */
int clinux_landlock_allow(int ruleset, int directory, uint64_t rights);

/* landlock_restrict_self(2), after prctl(2) with PR_SET_NO_NEW_PRIVS, without which it requires root: applies the ruleset to
   the calling thread and to the threads that it creates later. This cannot be undone. 0, or -1. */
int clinux_landlock_restrict(int ruleset);

#endif
