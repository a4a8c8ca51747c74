// SPDX-License-Identifier: Apache-2.0
/* The stamps by which a block knows that this command, or this batch, has written it begin again after 2^32. */
#include "core_fixture.h"

struct marking {
    uint32_t person;
    uint32_t before;
    uint32_t flag;
    enum tb_code says;
};

static enum tb_code mark(struct tb_txn *t, void *user)
{
    struct marking *m = user;
    struct tb_person *p = tb_block_head(tb_write(t, TB_KIND_PERSON, m->person));
    m->before = p->flags;
    p->flags ^= m->flag;
    return m->says;
}

static struct fx *with_person(uint32_t *person)
{
    struct fx *f = fx_new();
    struct tb_identifier id = fx_id(f, "phone", "13800138000", true);
    *person = fx_person_no(f, fx_contact(f, &id, 1, FX_NOW));
    return f;
}

/* What a refused command wrote is undone, though the block's last writer had the same stamp a round ago. */
static void a_command_begins_again(void **state)
{
    (void)state;
    struct marking m = {.flag = UINT32_C(1) << 30, .says = TB_CODE_INVALID};
    struct fx *f = with_person(&m.person);
    struct tb_store *s = &f->core.store;
    for (uint32_t first = 1; first <= 3; first++) {
        tb_store_get(s, TB_KIND_PERSON, m.person)->written_command = first;
        s->command = UINT32_MAX;
        for (uint32_t i = 0; i < 3; i++)
            assert_int_equal(fx_step(f, mark, &m), TB_CODE_INVALID);
        uint32_t before = m.before;
        assert_int_equal(fx_step(f, mark, &m), TB_CODE_INVALID);
        assert_int_equal(m.before, before);
        assert_int_equal(((struct tb_person *)tb_block_head(tb_store_get(s, TB_KIND_PERSON, m.person)))->flags, before);
    }
    fx_free(f);
}

/* What was written goes to SQL, though the block's last batch had the same stamp a round ago. */
static void a_batch_begins_again(void **state)
{
    (void)state;
    struct marking m = {.says = TB_CODE_OK};
    struct fx *f = with_person(&m.person);
    struct tb_store *s = &f->core.store;
    tb_store_get(s, TB_KIND_PERSON, m.person)->written_batch = 1;
    s->batch = UINT32_MAX;
    tb_store_batch_done(s);
    assert_int_equal(s->batch, 1);
    struct tb_txn *t = &f->txn;
    tb_txn_begin(t, f->tenant, f->now_ms, ++f->seq, (const uint8_t[32]){0});
    assert_int_equal(mark(t, &m), TB_CODE_OK);
    tb_txn_commit(t);
    bool dirty = false;
    for (uint32_t i = 0; i < s->dirty_n; i++)
        dirty = dirty || (s->dirty[i].kind == TB_KIND_PERSON && s->dirty[i].id == m.person);
    assert_true(dirty);
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_begins_again),
        cmocka_unit_test(a_batch_begins_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
