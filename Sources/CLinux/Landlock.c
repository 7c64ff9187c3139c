#define _GNU_SOURCE
#include "Landlock.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel headers at build time may be older than the kernel at run time. Numbers and layouts are those of
   <linux/landlock.h>; the system calls have the same numbers on every architecture. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
#ifndef SYS_landlock_add_rule
#define SYS_landlock_add_rule 445
#endif
#ifndef SYS_landlock_restrict_self
#define SYS_landlock_restrict_self 446
#endif

enum {
    create_ruleset_version = 1 << 0,
    rule_path_beneath = 1,
};

enum {
    write_file = 1 << 1,
    /* remove_dir, remove_file, make_char, make_dir, make_reg, make_sock, make_fifo, make_block, make_sym */
    remove_and_make = 0x1ff << 4,
    refer = 1 << 13,
    truncate_file = 1 << 14,
    ioctl_dev = 1 << 15,
};

/* Only the first field: the kernel accepts a shorter structure as an older version. */
struct ruleset_attributes {
    uint64_t handled_access_fs;
};

struct path_beneath {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

int clinux_landlock_version(void) {
    return (int)syscall(SYS_landlock_create_ruleset, (void *)0, (size_t)0, create_ruleset_version);
}

uint64_t clinux_landlock_write_rights(int version) {
    uint64_t rights = write_file | remove_and_make;
    if (version >= 2) rights |= refer;
    if (version >= 3) rights |= truncate_file;
    if (version >= 5) rights |= ioctl_dev;
    return rights;
}

int clinux_landlock_create(uint64_t rights) {
    struct ruleset_attributes attributes = {.handled_access_fs = rights};
    return (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
}

int clinux_landlock_allow(int ruleset, int directory, uint64_t rights) {
    struct path_beneath rule = {.allowed_access = rights, .parent_fd = directory};
    return (int)syscall(SYS_landlock_add_rule, ruleset, rule_path_beneath, &rule, 0);
}

int clinux_landlock_restrict(int ruleset) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0) return -1;
    return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}
