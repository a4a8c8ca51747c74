// SPDX-License-Identifier: Apache-2.0
/* How long the file of an import lies here (imports.h).
 *
 * A file is people's data in clear. It goes as soon as a run for good has ended; until then it is kept for that run,
 * TB_IMPORT_FILE_KEPT_MS after the last piece or run. Figures, refused rows, the map and the file's SHA-256 stay.
 * Invariant   where the state says that a run for good is done, the file is gone at the latest with the next sweep.
 * Not here    overwriting: what was unlinked is the disk's affair.                                              */
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/imports_int.h"

#define SUM_BYTES 65536u

static const char *const files[] = {"file",    "map",         "map.new", "rejects.csv",
                                    "dry.csv", "report.json", "state",   "state.new"};

void import_clear(const struct tb_imports *x, uint32_t tenant, const char *code)
{
    char path[IMPORT_PATH_BYTES];
    for (uint32_t i = 0; i < TB_COUNT_OF(files); i++)
        (void)unlink(import_path(x, tenant, code, files[i], path));
}

int64_t import_file_until(const char *path, const struct import_meta *m)
{
    struct stat s;
    if (m->state == WAITING || m->state == RUNNING || stat(path, &s) != 0)
        return 0;
    int64_t last = (int64_t)s.st_mtim.tv_sec * 1000 + s.st_mtim.tv_nsec / 1000000;
    return (m->ended_ms > last ? m->ended_ms : last) + TB_IMPORT_FILE_KEPT_MS;
}

void import_file_sum(const char *path, char hex[IMPORT_SUM_CHARS + 1])
{
    static uint8_t bytes[SUM_BYTES]; /* the worker's alone */
    uint8_t sum[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    size_t n = 0;
    FILE *f = fopen(path, "re");
    hex[0] = 0;
    if (f == NULL)
        return;
    (void)crypto_hash_sha256_init(&state);
    while ((n = fread(bytes, 1, sizeof bytes, f)) > 0)
        (void)crypto_hash_sha256_update(&state, bytes, n);
    bool whole = ferror(f) == 0;
    (void)fclose(f);
    (void)crypto_hash_sha256_final(&state, sum);
    sodium_memzero(bytes, sizeof bytes);
    if (whole)
        (void)sodium_bin2hex(hex, IMPORT_SUM_CHARS + 1, sum, sizeof sum);
}

static void look_after(const struct tb_imports *x, uint32_t tenant, const char *code, int64_t now_ms)
{
    char path[IMPORT_PATH_BYTES];
    struct import_meta m;
    if (strlen(code) > TB_CODE_MAX || code[0] == '.')
        return;
    if (access(import_path(x, tenant, code, "state", path), F_OK) != 0 && errno == ENOENT) {
        import_clear(x, tenant, code); /* it was being made, or forgotten, when the process ended */
        (void)rmdir(import_path(x, tenant, code, "", path));
        return;
    }
    if (!import_meta_load(x, tenant, code, &m))
        return;
    int64_t until = import_file_until(import_path(x, tenant, code, "file", path), &m);
    bool done = m.state == ENDED && m.dry == 0;
    if (until == 0 || (!done && now_ms < until))
        return;
    if (!done) { /* whoever still wants it sends it once more */
        m.state = UPLOADING;
        if (!import_meta_save(x, tenant, code, &m))
            return;
    }
    (void)unlink(import_path(x, tenant, code, "file", path));
}

void import_sweep(const struct tb_imports *x, int64_t now_ms)
{
    char path[IMPORT_PATH_BYTES];
    int64_t tenant;
    DIR *d = opendir(x->folder);
    for (struct dirent *e = d ? readdir(d) : NULL; e != NULL; e = readdir(d)) {
        if (!tb_str_to_i64(tb_str_of(e->d_name), &tenant) || tenant < 1 || tenant > UINT32_MAX)
            continue;
        DIR *in = opendir(import_path(x, (uint32_t)tenant, "", "", path));
        for (struct dirent *one = in ? readdir(in) : NULL; one != NULL; one = readdir(in))
            look_after(x, (uint32_t)tenant, one->d_name, now_ms);
        if (in != NULL)
            (void)closedir(in);
    }
    if (d != NULL)
        (void)closedir(d);
}
