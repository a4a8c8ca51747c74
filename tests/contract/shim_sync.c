// SPDX-License-Identifier: Apache-2.0
/* LD_PRELOAD: the k-th fdatasync or fsync of the process answers EIO without syncing,
 * all others work. k comes from SHIM_SYNC_FAIL_AT (1 = the first; absent = none).      */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_long calls;

static int sync_or_fail(const char *name, int fd)
{
    const char *at = getenv("SHIM_SYNC_FAIL_AT");
    if (at != NULL && atomic_fetch_add(&calls, 1) + 1 == strtol(at, NULL, 10)) {
        errno = EIO;
        return -1;
    }
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    return real(fd);
}

int fdatasync(int fd)
{
    return sync_or_fail("fdatasync", fd);
}

int fsync(int fd)
{
    return sync_or_fail("fsync", fd);
}
