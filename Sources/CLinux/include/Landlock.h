/* The three system calls of landlock(7), which glibc does not wrap: a thread gives up rights to the file system for itself
   and for the threads it makes later. Each call fails with ENOSYS where the kernel (before Linux 5.13) or a sandbox does
   not have it, and with EOPNOTSUPP where it is switched off. */
#ifndef CLINUX_LANDLOCK_H
#define CLINUX_LANDLOCK_H

#include <stdint.h>

/* landlock_create_ruleset(2) with LANDLOCK_CREATE_RULESET_VERSION: the version of the interface, from 1 on; or -1. */
int clinux_landlock_version(void);

/* Every right that changes files or directories, as far as `version` of the interface knows it: to write, truncate, make,
   remove, link and rename, and (version 5) ioctl(2) on devices. */
uint64_t clinux_landlock_write_rights(int version);

/* landlock_create_ruleset(2): a descriptor (close-on-exec) of rules that take `rights` away everywhere; or -1. */
int clinux_landlock_create(uint64_t rights);

/* landlock_add_rule(2): leaves `rights` beneath `directory`, a descriptor. 0, or -1. */
int clinux_landlock_allow(int ruleset, int directory, uint64_t rights);

/* landlock_restrict_self(2), after prctl(2) with PR_SET_NO_NEW_PRIVS, without which it takes root: from now on the calling
   thread and those that it makes live by the rules. There is no way back. 0, or -1. */
int clinux_landlock_restrict(int ruleset);

#endif
