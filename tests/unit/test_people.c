// SPDX-License-Identifier: Apache-2.0
/* People at tills and in browsers: the member's code of the minute, a key's new secret, sessions that end. */
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "border/keystore.h"
#include "core_fixture.h"
#include "http/member_code.h"
#include "http/session.h"
#include "http/side.h"

/* ---- the code of the minute ---------------------------------------------------------------------------- */

#define MINUTE TB_MEMBER_CODE_MS
#define AT (INT64_C(29000000) * MINUTE + 12345)

static struct tb_keystore *store_open(char folder[32])
{
    struct tb_keystore *keys = NULL;
    struct tb_fault fault;
    strcpy(folder, "/tmp/tb-people-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(tb_keystore_open(folder, 0, &keys, &fault), TB_KEYSTORE_DONE);
    return keys;
}

static void store_close(struct tb_keystore *keys, const char *folder)
{
    char command[64];
    tb_keystore_close(keys);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

static struct tb_str code_of(const char code[TB_MEMBER_CODE_BYTES])
{
    return (struct tb_str){code, TB_MEMBER_CODE_BYTES};
}

static void a_code_for_two_minutes(void **state)
{
    (void)state;
    char folder[32];
    struct tb_keystore *keys = store_open(folder);
    const uint32_t profiles[] = {1, 2, 4711, 0x7FFFFFFF, UINT32_MAX};
    for (uint32_t i = 0; i < TB_COUNT_OF(profiles); i++) {
        char code[TB_MEMBER_CODE_BYTES];
        uint64_t who = 0;
        tb_member_code_print(keys, 7, profiles[i], AT, code);
        assert_int_equal(code[0], 'M');
        const int64_t good[] = {AT, AT - AT % MINUTE, AT - AT % MINUTE + 2 * MINUTE - 1};
        for (uint32_t k = 0; k < TB_COUNT_OF(good); k++) {
            who = 0;
            assert_true(tb_member_code_read(keys, 7, code_of(code), good[k], &who));
            assert_int_equal(who, profiles[i]);
        }
        assert_false(tb_member_code_read(keys, 7, code_of(code), AT - AT % MINUTE - 1, &who)); /* not yet */
        assert_false(tb_member_code_read(keys, 7, code_of(code), AT - AT % MINUTE + 2 * MINUTE, &who));
        assert_false(tb_member_code_read(keys, 8, code_of(code), AT, &who)); /* another shop's */
    }
    store_close(keys, folder);
}

static void every_symbol_counts(void **state)
{
    (void)state;
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char folder[32];
    char code[TB_MEMBER_CODE_BYTES];
    char other[TB_MEMBER_CODE_BYTES];
    uint64_t who;
    struct tb_keystore *keys = store_open(folder);
    tb_member_code_print(keys, 7, 4711, AT, code);
    for (uint32_t i = 1; i < TB_MEMBER_CODE_BYTES; i++)
        for (uint32_t k = 0; k < 32; k++) {
            memcpy(other, code, sizeof other);
            other[i] = alphabet[k];
            bool same = other[i] == code[i];
            who = 0;
            assert_int_equal(tb_member_code_read(keys, 7, code_of(other), AT, &who), same);
            other[i] = (char)(alphabet[k] | 32); /* scanners may send lower case */
            if (same && alphabet[k] >= 'A')
                assert_true(tb_member_code_read(keys, 7, code_of(other), AT, &who));
        }
    memcpy(other, code, sizeof other);
    other[5] = 'U'; /* not in the alphabet */
    assert_false(tb_member_code_read(keys, 7, code_of(other), AT, &who));
    assert_false(tb_member_code_read(keys, 7, (struct tb_str){code, TB_MEMBER_CODE_BYTES - 1}, AT, &who));
    assert_false(tb_member_code_read(keys, 7, TB_STR_NONE, AT, &who));
    other[0] = 'N';
    other[5] = code[5];
    assert_false(tb_member_code_read(keys, 7, code_of(other), AT, &who));
    /* nothing on it says who she is, nor that it is she again */
    tb_member_code_print(keys, 7, 4711, AT + MINUTE, other);
    uint32_t equal = 0;
    for (uint32_t i = 1; i < TB_MEMBER_CODE_BYTES; i++)
        equal += code[i] == other[i];
    assert_true(equal < 8);
    store_close(keys, folder);
}

/* ---- a key's new secret ---------------------------------------------------------------------------------- */

static struct tb_cmd_key_put key(const char *code, char fill, char hash[32])
{
    memset(hash, fill, 32);
    return (struct tb_cmd_key_put){
        .put.code = tb_str_of(code), .hash = {hash, 32}, .roles = TB_KEY_STORE, .name = S("Till"), .scopes = 5};
}

static struct tb_key key_now(struct fx *f, uint32_t id)
{
    return *(const struct tb_key *)tb_block_head(tb_store_get(&f->core.store, TB_KIND_KEY, id));
}

static void renewed(void **state)
{
    (void)state;
    struct fx *f = fx_new();
    char first[32];
    char second[32];
    struct tb_cmd_key_put in = key("shop:eve", 'a', first);
    fx_done(f, TB_OP_KEY_PUT, &in);
    uint32_t id = (uint32_t)fx_uint(f, 1, 0);
    struct tb_key before = key_now(f, id);
    struct tb_cmd_key_put other = key("shop:eve", 'b', second);
    fx_refused(f, TB_OP_KEY_PUT, &other, TB_CODE_INVALID, "hash"); /* only by renewing */
    struct tb_cmd_key_put renew = {.put.code = S("shop:eve"), .hash = {second, 32}, .renew = true};
    fx_done(f, TB_OP_KEY_PUT, &renew);
    struct tb_key after = key_now(f, id);
    assert_memory_equal(after.hash, second, 32);
    assert_int_equal(after.roles, before.roles); /* the rest of it stands */
    assert_int_equal(after.scopes, before.scopes);
    assert_int_equal(after.made_by, before.made_by);
    assert_true(after.created_ms == before.created_ms && after.c.version == before.c.version + 1);
    fx_done(f, TB_OP_KEY_PUT, &renew); /* again: nothing changes */
    assert_int_equal(key_now(f, id).c.version, after.c.version);
    renew.hash.n = 31;
    fx_refused(f, TB_OP_KEY_PUT, &renew, TB_CODE_INVALID, "");
    renew.hash.n = 32;
    renew.put.code = S("shop:nobody");
    fx_refused(f, TB_OP_KEY_PUT, &renew, TB_CODE_NOT_FOUND, "");
    struct tb_cmd_key_revoke gone = {.code = S("shop:eve")};
    fx_done(f, TB_OP_KEY_REVOKE, &gone);
    assert_memory_equal(key_now(f, id).hash, second, 32);
    renew.put.code = S("shop:eve");
    renew.hash.p = first;
    fx_refused(f, TB_OP_KEY_PUT, &renew, TB_CODE_NOT_FOUND, ""); /* what is revoked stays so */
    uint32_t own = f->tenant;
    struct tb_cmd_tenant_put second_shop = fx_tenant();
    second_shop.put.code = S("elsewhere");
    f->tenant = 0;
    fx_done(f, TB_OP_TENANT_PUT, &second_shop);
    f->tenant = (uint32_t)fx_uint(f, 1, 0);
    fx_refused(f, TB_OP_KEY_PUT, &renew, TB_CODE_NOT_FOUND, ""); /* another tenant's */
    f->tenant = own;
    fx_free(f);
}

/* ---- sessions ---------------------------------------------------------------------------------------------- */

static struct tb_session staff(const char *code)
{
    struct tb_session s = {.tenant = 0};
    s.code_n = (uint32_t)strlen(code);
    memcpy(s.code, code, s.code_n);
    return s;
}

static bool there(struct tb_sessions *s, const char *cookie, int64_t now_ms)
{
    struct tb_session out;
    return tb_sessions_find(s, tb_str_of(cookie), now_ms, &out);
}

static void all_but_this_one(void **state)
{
    (void)state;
    const struct tb_hash_key hash = {1, 2};
    struct tb_sessions *s = tb_sessions_create(&hash);
    assert_non_null(s);
    char eve[3][TB_SESSION_TEXT];
    char bob[TB_SESSION_TEXT];
    char member[TB_SESSION_TEXT];
    for (uint32_t i = 0; i < 3; i++) {
        struct tb_session who = staff("shop:eve");
        tb_sessions_open(s, &who, 1000, eve[i]);
    }
    struct tb_session other = staff("shop:eve2"); /* begins as hers */
    tb_sessions_open(s, &other, 1000, bob);
    struct tb_session shopper = {.tenant = 1, .person = 9};
    tb_sessions_open(s, &shopper, 1000, member);
    tb_sessions_close_others(s, TB_STR("shop:eve"), tb_str_of(eve[1]), 2000);
    assert_false(there(s, eve[0], 2000));
    assert_true(there(s, eve[1], 2000));
    assert_false(there(s, eve[2], 2000));
    assert_true(there(s, bob, 2000));
    assert_true(there(s, member, 2000));
    /* a cookie that is over keeps nothing open */
    tb_sessions_close(s, tb_str_of(bob));
    struct tb_session again = staff("shop:eve");
    tb_sessions_open(s, &again, 3000, eve[0]);
    tb_sessions_close_others(s, TB_STR("shop:eve"), tb_str_of(bob), 4000);
    assert_false(there(s, eve[0], 4000));
    assert_false(there(s, eve[1], 4000));
    assert_true(there(s, member, 4000));
    tb_sessions_close_others(s, TB_STR_NONE, TB_STR_NONE, 4000); /* nobody's */
    assert_true(there(s, member, 4000));
    tb_sessions_destroy(s);
}

static void members_drive_out_no_staff(void **state)
{
    (void)state;
    const struct tb_hash_key hash = {1, 2};
    struct tb_sessions *s = tb_sessions_create(&hash);
    assert_non_null(s);
    char eve[TB_SESSION_TEXT];
    char first[TB_SESSION_TEXT];
    char last[TB_SESSION_TEXT];
    struct tb_session who = staff("shop:eve");
    tb_sessions_open(s, &who, 1000, eve);
    for (uint32_t i = 0; i <= TB_SESSIONS_MAX - TB_SESSIONS_STAFF; i++) {
        struct tb_session shopper = {.tenant = 1, .person = i + 1};
        tb_sessions_open(s, &shopper, 2000 + i, i == 0 ? first : last);
    }
    assert_true(there(s, eve, 20000));
    assert_false(there(s, first, 20000)); /* she was silent longest */
    assert_true(there(s, last, 20000));
    tb_sessions_destroy(s);
}

static void failures_are_forgotten(void **state)
{
    (void)state;
    const struct tb_hash_key hash = {1, 2};
    const struct tb_str eve = TB_STR("eve@shop");
    struct tb_sessions *s = tb_sessions_create(&hash);
    assert_non_null(s);
    int64_t now = INT64_C(1800000000000);
    for (uint32_t i = 0; i < 40; i++, now += 2 * 3600 * 1000) { /* a wrong one now and then */
        tb_sessions_tried(s, eve, 7, false, now);
        assert_int_equal(tb_sessions_wait_s(s, eve, 7, now), 0);
    }
    for (uint32_t i = 0; i < TB_TRIES_FREE; i++) { /* a guesser waits as before, also when she goes slowly */
        assert_int_equal(tb_sessions_wait_s(s, eve, 7, now), 0);
        tb_sessions_tried(s, eve, 7, false, now);
        now += 59 * 60 * 1000;
    }
    tb_sessions_tried(s, eve, 7, false, now);
    assert_int_equal(tb_sessions_wait_s(s, eve, 7, now), 2);
    tb_sessions_destroy(s);
}

static void strangers_lock_nobody_out(void **state)
{
    (void)state;
    const struct tb_hash_key hash = {1, 2};
    const struct tb_str eve = TB_STR("eve@shop");
    const uint64_t home = 7, elsewhere = 8;
    struct tb_sessions *s = tb_sessions_create(&hash);
    assert_non_null(s);
    int64_t now = INT64_C(1800000000000);
    for (uint32_t i = 0; i < 30; i++) /* nobody was known yet: all are one */
        tb_sessions_tried(s, eve, elsewhere, false, now);
    assert_true(tb_sessions_wait_s(s, eve, home, now) > 0);
    now += 3600 * 1000;
    tb_sessions_tried(s, eve, home, true, now);
    for (uint32_t i = 0; i < 30; i++)
        tb_sessions_tried(s, eve, elsewhere, false, now);
    assert_int_equal(tb_sessions_wait_s(s, eve, elsewhere, now), 900);
    assert_int_equal(tb_sessions_wait_s(s, eve, 9, now), 900); /* from nowhere else either */
    assert_int_equal(tb_sessions_wait_s(s, eve, home, now), 0);
    for (uint32_t i = 0; i <= TB_TRIES_FREE; i++) /* who sits where she sat has as many tries as anybody */
        tb_sessions_tried(s, eve, home, false, now);
    assert_int_equal(tb_sessions_wait_s(s, eve, home, now), 2);
    now += INT64_C(31) * 24 * 3600 * 1000;
    for (uint32_t i = 0; i <= TB_TRIES_FREE; i++)
        tb_sessions_tried(s, eve, elsewhere, false, now);
    assert_int_equal(tb_sessions_wait_s(s, eve, home, now), 2); /* it is too long ago */
    tb_sessions_destroy(s);
}

/* ---- the thread beside ------------------------------------------------------------------------------------ */

struct beside {
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool open;
    uint32_t n;
    uint64_t ran[TB_SIDE_CALLS_MAX + 1];
};

static void note_and_wait(void *user, struct tb_call *call)
{
    struct beside *b = user;
    (void)pthread_mutex_lock(&b->lock);
    b->ran[b->n++] = call->who.tenant * 1000 + call->who.key;
    (void)pthread_cond_broadcast(&b->change);
    while (!b->open)
        (void)pthread_cond_wait(&b->change, &b->lock);
    (void)pthread_mutex_unlock(&b->lock);
}

static void others_have_their_turn(void **state)
{
    (void)state;
    static struct tb_call call[TB_SIDE_CALLS_MAX + 8];
    struct beside b = {.lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};
    struct tb_fault fault;
    struct tb_side *s = tb_side_start(&b, &fault);
    assert_non_null(s);
    uint32_t n = 0;
    call[n].who = (struct tb_principal){.tenant = 1, .key = 1};
    assert_true(tb_side_take(s, note_and_wait, &call[n++]));
    (void)pthread_mutex_lock(&b.lock); /* it runs: the rest waits */
    while (b.n == 0)
        (void)pthread_cond_wait(&b.change, &b.lock);
    (void)pthread_mutex_unlock(&b.lock);
    for (uint32_t key = 1; key <= 4; key++) { /* four keys of one tenant ask for all they can get */
        for (uint32_t i = 0; i < TB_SIDE_OWN_MAX; i++) {
            call[n].who = (struct tb_principal){.tenant = 1, .key = key};
            assert_int_equal(tb_side_take(s, note_and_wait, &call[n]), key < 4);
            n += key < 4;
        }
        call[n].who = (struct tb_principal){.tenant = 1, .key = key};
        assert_false(tb_side_take(s, note_and_wait, &call[n]));
    }
    call[n].who = (struct tb_principal){.tenant = 2, .key = 9};
    assert_true(tb_side_take(s, note_and_wait, &call[n++]));
    call[n].who = (struct tb_principal){.tenant = 3, .person = 5};
    assert_true(tb_side_take(s, note_and_wait, &call[n++]));
    (void)pthread_mutex_lock(&b.lock);
    b.open = true;
    (void)pthread_cond_broadcast(&b.change);
    (void)pthread_mutex_unlock(&b.lock);
    tb_side_stop(s); /* does what waits */
    assert_int_equal(b.n, n);
    const uint64_t want[] = {1001, 2009, 1001, 3000, 1001};
    for (uint32_t i = 0; i < TB_COUNT_OF(want); i++)
        assert_int_equal(b.ran[i], want[i]);
    assert_int_equal(b.ran[n - 1], 1003); /* one tenant's keep their order */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_for_two_minutes),
        cmocka_unit_test(every_symbol_counts),
        cmocka_unit_test(renewed),
        cmocka_unit_test(all_but_this_one),
        cmocka_unit_test(members_drive_out_no_staff),
        cmocka_unit_test(failures_are_forgotten),
        cmocka_unit_test(strangers_lock_nobody_out),
        cmocka_unit_test(others_have_their_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
