// SPDX-License-Identifier: Apache-2.0
/* border/master.c - see master.h. Invariant: a master key is used only when its file is
 * durable and readable by its owner alone. Not here: what is wrapped (keystore.c).      */
#include "border/master.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define HEX_BYTES (2 * TB_SEAL_KEY_BYTES)
#define PATH_BYTES 4096

_Static_assert(NONCE_BYTES + TAG_BYTES == TB_WRAP_OVERHEAD, "the header tells the overhead");
_Static_assert(TB_SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "one key size");

bool tb_folder_sync(const char *folder, struct tb_fault *fault)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (!ok)
        tb_fault_set(fault, true, "%.150s cannot be synced: %s", folder, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool write_new(const char *path, const char *text, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    if (fd < 0)
        return false;
    bool ok = write(fd, text, n) == (ssize_t)n && fsync(fd) == 0;
    return close(fd) == 0 && ok;
}

/* Written beside and linked: a crash leaves no half key behind. */
static enum tb_keystore_answer create(const char *folder, const char *path, struct tb_fault *fault)
{
    char fresh[PATH_BYTES + 16];
    char hex[HEX_BYTES + 2];
    uint8_t key[TB_SEAL_KEY_BYTES];
    randombytes_buf(key, sizeof key);
    sodium_bin2hex(hex, HEX_BYTES + 1, key, sizeof key);
    sodium_memzero(key, sizeof key);
    hex[HEX_BYTES] = '\n';
    snprintf(fresh, sizeof fresh, "%s.%d", path, (int)getpid());
    unlink(fresh);
    /* link does not replace: of two that start at once, the second takes the first's key. */
    bool ok = write_new(fresh, hex, HEX_BYTES + 1) && (link(fresh, path) == 0 || errno == EEXIST);
    unlink(fresh);
    sodium_memzero(hex, sizeof hex);
    if (!ok) {
        tb_fault_set(fault, true, "%.150s cannot be written: %s", path, strerror(errno));
        return TB_KEYSTORE_FAULT;
    }
    return tb_folder_sync(folder, fault) ? TB_KEYSTORE_DONE : TB_KEYSTORE_FAULT;
}

static enum tb_keystore_answer parse(int fd, const char *path, struct tb_master *m, struct tb_fault *fault)
{
    char hex[HEX_BYTES + 8];
    struct stat st;
    size_t got = 0;
    if (fstat(fd, &st) != 0) {
        tb_fault_set(fault, true, "%.150s: %s", path, strerror(errno));
        return TB_KEYSTORE_FAULT;
    }
    if (st.st_mode & 077) {
        tb_fault_set(fault, false, "%.150s may be read by others than its owner: chmod 0400 it", path);
        return TB_KEYSTORE_LOOSE_MASTER;
    }
    ssize_t n = read(fd, hex, sizeof hex);
    while (n > 0 && (hex[n - 1] == '\n' || hex[n - 1] == '\r'))
        n--;
    bool ok = n == HEX_BYTES && sodium_hex2bin(m->key, sizeof m->key, hex, (size_t)n, NULL, &got, NULL) == 0 &&
              got == sizeof m->key;
    sodium_memzero(hex, sizeof hex);
    if (!ok) {
        tb_fault_set(fault, false, "%.150s does not hold 64 hex digits", path);
        return TB_KEYSTORE_WRONG_MASTER;
    }
    return TB_KEYSTORE_DONE;
}

enum tb_keystore_answer tb_master_open(const char *folder, bool may_create, struct tb_master *m,
                                       struct tb_fault *fault)
{
    char path[PATH_BYTES];
    if ((size_t)snprintf(path, sizeof path, "%s/master.key", folder) >= sizeof path) {
        tb_fault_set(fault, false, "the folder's name is too long");
        return TB_KEYSTORE_FAULT;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && may_create) {
        enum tb_keystore_answer made = create(folder, path, fault);
        if (made != TB_KEYSTORE_DONE)
            return made;
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0 && errno == ENOENT) {
        tb_fault_set(fault, false, "%.150s is missing: without it no personal value can be read", path);
        return TB_KEYSTORE_NO_MASTER;
    }
    if (fd < 0) {
        tb_fault_set(fault, false, "%.150s cannot be read: %s", path, strerror(errno));
        return TB_KEYSTORE_FAULT;
    }
    enum tb_keystore_answer answer = parse(fd, path, m, fault);
    close(fd);
    return answer;
}

void tb_master_wipe(struct tb_master *m)
{
    sodium_memzero(m, sizeof *m);
}

static void bound_to(const char label[8], uint64_t place, uint8_t ad[16])
{
    memcpy(ad, label, 8);
    for (int i = 0; i < 8; i++)
        ad[8 + i] = (uint8_t)(place >> (8 * i));
}

void tb_master_wrap(const struct tb_master *m, const char label[8], uint64_t place, const void *plain, size_t n,
                    uint8_t *out)
{
    uint8_t ad[16];
    unsigned long long written;
    bound_to(label, place, ad);
    randombytes_buf(out, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_BYTES, &written, plain, n, ad, sizeof ad, NULL, out,
                                               m->key);
    tb_assert(written == n + TAG_BYTES);
}

bool tb_master_unwrap(const struct tb_master *m, const char label[8], uint64_t place, const uint8_t *wrapped,
                      size_t n, void *plain)
{
    uint8_t ad[16];
    unsigned long long written;
    bound_to(label, place, ad);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &written, NULL, wrapped + NONCE_BYTES, n + TAG_BYTES,
                                                      ad, sizeof ad, wrapped, m->key) == 0;
}
