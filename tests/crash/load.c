// SPDX-License-Identifier: Apache-2.0
/* crash_retail - a client and the engine in one process, made to be killed.
 *
 *   crash_retail --data DIR --log FILE [--also FILE]... [--book N] [--journal CONNINFO]
 *              [--state CONNINFO] [--seconds S] [--window N] [--seed N] [--full]
 *              [--segment BYTES] [--space-low BYTES] [--reserve BYTES] [--report] [--reads]
 *
 * Opens the folder, waits to lead, sends every command again whose answer is not known,
 * repeats some that are known, proves everything (verify.h), then sends random commands
 * until the time is over or the engine stops serving. --seconds 0 proves and ends.
 *
 * Says on stdout, a line each: "following", "leading", "verified ...", "serving", with
 * --report ten times a second "t ...", at the end "done ...". Exit: 0 done, 1 something is
 * wrong with the data, 2 usage, 3 the engine stopped serving, 4 it could not be opened.  */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "verify.h"

#define SLOTS_MAX 256u
#define READ_SLOTS 4u
#define SAMPLE 24u
#define HOLDS_KEPT 4096u

enum slot_state { SLOT_FREE = 0, SLOT_UNDER_WAY, SLOT_ANSWERED, SLOT_AGAIN };

struct load {
    struct folder folder;
    struct books books;
    struct world world;
    struct folder_options open;
    const char *log;
    const char *also[BOOKS];
    uint32_t also_n;
    uint32_t book;
    double seconds;
    uint32_t window;
    uint64_t chance;
    bool full;
    bool report;
    bool reads;
    struct slot slot[SLOTS_MAX];
    struct slot reader[READ_SLOTS];
    uint64_t hold[HOLDS_KEPT]; /* commands of our book that made a hold still open */
    uint32_t hold_n;
    /* figures */
    uint64_t written;
    uint64_t read;
    uint64_t refused[TB_SUBMITS];
    uint64_t finished[TB_FINISHES];
    uint64_t wrong;
};

static struct load load;

/* ---- small things ---------------------------------------------------------------------------- */

static int64_t clock_ms(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void nap_us(long us)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static uint64_t chance(uint64_t below)
{
    load.chance += UINT64_C(0x9e3779b97f4a7c15);
    return tb_mix(load.chance) % below;
}

/* ---- answers ------------------------------------------------------------------------------------- */

/* On the journal thread. An answer that the border would not send any more is none. */
static void answered(struct tb_job_request *r)
{
    struct slot *s = r->user;
    if (r->finish == TB_FINISH_DONE && !tb_cell_may_answer(load.folder.cell))
        r->finish = TB_FINISH_NOT_LEADING;
    if (r->finish == TB_FINISH_DONE && s->intent.type == RECORD_READ) {
        struct record seen = {.type = RECORD_READ, .book = load.book, .member = s->intent.member, .seq = r->seq};
        if (load.reads)
            books_append(s->books, &seen);
    } else if (r->finish == TB_FINISH_DONE) {
        s->result.type = op_read_answer(s) ? RECORD_RESULT : 0;
        if (s->result.type == RECORD_RESULT)
            books_append(s->books, &s->result);
    }
    s->state = SLOT_ANSWERED;
}

static void send(struct slot *s)
{
    s->state = SLOT_UNDER_WAY;
    enum tb_submit why = tb_cell_submit(load.folder.cell, &s->r);
    if (why == TB_SUBMIT_TAKEN)
        return;
    load.refused[why]++;
    s->state = SLOT_AGAIN;
}

/* Takes an answer in; false when there is none yet. */
static void harvest(struct slot *s)
{
    load.finished[s->r.finish]++;
    if (s->r.finish != TB_FINISH_DONE) {
        s->state = SLOT_AGAIN;
        return;
    }
    s->state = SLOT_FREE;
    if (s->intent.type == RECORD_READ) {
        load.read++;
        if (s->r.seq < s->floor && ++load.wrong < 10)
            (void)fprintf(stderr, "a read shows %" PRIu64 ", %" PRIu64 " was acknowledged before it\n",
                          s->r.seq, s->floor);
        return;
    }
    load.written++;
    if (s->result.type != RECORD_RESULT) {
        load.wrong++;
        return;
    }
    books_note(&load.books, &s->result);
    if (s->intent.kind == OP_HOLD && s->result.code == TB_CODE_OK && s->intent.book == load.book &&
        load.hold_n < HOLDS_KEPT)
        load.hold[load.hold_n++] = s->intent.n;
}

static bool serves(void)
{
    return tb_cell_state(load.folder.cell) == TB_CELL_LEADING;
}

/* ---- new commands ----------------------------------------------------------------------------------- */

static bool pick_hold(struct record *i)
{
    if (load.hold_n == 0)
        return false;
    uint32_t at = (uint32_t)chance(load.hold_n);
    struct known *k = &load.books.book[load.book].op[load.hold[at]];
    load.hold[at] = load.hold[--load.hold_n];
    i->kind = chance(2) ? OP_POST : OP_VOID;
    i->member = k->intent.member;
    i->amount = k->intent.amount;
    i->other = k->result.other;
    return true;
}

static bool pick_order(struct record *i)
{
    uint64_t n = load.books.book[load.book].n;
    const struct known *k = n ? &load.books.book[load.book].op[chance(n)] : NULL;
    if (k == NULL || !k->acked || k->intent.kind != OP_ORDER)
        return false;
    i->kind = OP_ORDER_AGAIN;
    i->member = k->intent.member;
    i->amount = k->intent.amount;
    i->other = k->intent.n;
    i->at_ms = k->intent.at_ms;
    return true;
}

static void new_intent(struct record *i)
{
    *i = (struct record){.type = RECORD_INTENT,
                         .book = load.book,
                         .n = load.books.book[load.book].n,
                         .kind = OP_ORDER,
                         .member = (uint32_t)chance(MEMBERS),
                         .amount = (int64_t)chance(1000) + 1,
                         .at_ms = clock_ms(CLOCK_REALTIME)};
    uint64_t dice = chance(100);
    if (dice < 12)
        i->kind = OP_CONTACT;
    else if (dice < 27)
        i->kind = OP_ADJUST;
    else if (dice < 40)
        i->kind = OP_HOLD;
    else if (dice < 52)
        (void)pick_hold(i);
    else if (dice < 60)
        (void)pick_order(i);
    if (i->kind == OP_ADJUST && chance(3) == 0)
        i->amount = -i->amount;
}

static void new_command(struct slot *s)
{
    new_intent(&s->intent);
    books_append(&load.books, &s->intent);
    books_note(&load.books, &s->intent);
    op_fill(&load.world, s);
    send(s);
}

static void new_read(struct slot *s)
{
    op_fill_read(&load.world, s, (uint32_t)chance(MEMBERS));
    s->floor = load.books.newest_seq;
    send(s);
}

/* ---- settling what is not known ------------------------------------------------------------------------ */

/* Sends one command again until it has an answer; waits. False: the engine stopped. */
static bool settle(struct slot *s, const struct record *intent)
{
    s->intent = *intent;
    op_fill(&load.world, s);
    send(s);
    while (s->state != SLOT_FREE) {
        if (s->state == SLOT_ANSWERED)
            harvest(s);
        else if (!serves())
            return false;
        else if (s->state == SLOT_AGAIN) {
            nap_us(2000);
            send(s);
        } else {
            nap_us(20);
        }
    }
    return true;
}

static bool settle_all(uint64_t *unknown)
{
    struct slot *s = &load.slot[0];
    *unknown = 0;
    for (uint32_t book = 0; book < BOOKS; book++)
        for (uint64_t i = 0; i < load.books.book[book].n; i++) {
            struct record intent = load.books.book[book].op[i].intent;
            if (load.books.book[book].op[i].acked || intent.type == 0)
                continue;
            ++*unknown;
            if (!settle(s, &intent))
                return false;
        }
    return true;
}

/* Some commands whose answer is known get it again, the newest among them. */
static bool repeat_some(void)
{
    uint32_t asked = 0;
    for (uint32_t book = 0; book < BOOKS; book++) {
        uint64_t n = load.books.book[book].n;
        for (uint32_t i = 0; i < SAMPLE && n > 0; i++) {
            uint64_t at = i < SAMPLE / 2 ? (n > i ? n - 1 - i : 0) : chance(n);
            struct known *k = &load.books.book[book].op[at];
            struct record intent = k->intent;
            if (!k->acked)
                continue;
            asked++;
            if (!settle(&load.slot[0], &intent))
                return false;
            if (!load.slot[0].r.repeated) {
                load.wrong++;
                (void)fprintf(stderr, "command %u/%" PRIu64 " was acknowledged and ran again\n", book, at);
            }
        }
    }
    return true;
}

/* Numbers of holds rise by one, so a byte for each is small. */
static void find_open_holds(void)
{
    uint64_t n = load.books.book[load.book].n;
    struct known *op = load.books.book[load.book].op;
    uint64_t top = 0;
    for (uint64_t i = 0; i < n; i++)
        if (op[i].intent.kind == OP_HOLD && op[i].result.other > top)
            top = op[i].result.other;
    uint8_t *used = calloc(1, top + 1);
    tb_assert(used != NULL);
    for (uint64_t i = 0; i < n; i++)
        if ((op[i].intent.kind == OP_POST || op[i].intent.kind == OP_VOID) && op[i].intent.other <= top)
            used[op[i].intent.other] = 1;
    for (uint64_t i = n; i-- > 0 && load.hold_n < HOLDS_KEPT / 2;)
        if (op[i].acked && op[i].intent.kind == OP_HOLD && op[i].result.code == TB_CODE_OK && !used[op[i].result.other])
            load.hold[load.hold_n++] = i;
    free(used);
}

/* ---- the run ---------------------------------------------------------------------------------------- */

__attribute__((noreturn)) static int stopped(void)
{
    struct tb_fault f;
    tb_cell_fault(load.folder.cell, &f);
    printf("stopped %d: %s\n", (int)tb_cell_state(load.folder.cell), f.text);
    (void)fflush(stdout);
    _exit(3); /* its threads may still run: nothing of theirs is taken away */
}

static int prove(void)
{
    struct findings f;
    uint64_t unknown;
    if (!settle_all(&unknown) || !repeat_some())
        return stopped();
    verify(&load.world, &load.books, load.full, &f);
    uint64_t bad = findings_bad(&f) + load.wrong;
    printf("verified acked %" PRIu64 " unknown %" PRIu64 " entries %" PRIu64 " lost %" PRIu64 " doubled %" PRIu64
           " foreign %" PRIu64 " sums %" PRIu64 " sealed %" PRIu64 " breaks %" PRIu64 " wrong %" PRIu64 "\n",
           f.acked, unknown, f.entries, f.lost, f.doubled, f.foreign, f.sums, f.sealed, f.breaks, load.wrong);
    (void)fflush(stdout);
    if (bad)
        return f.fault && !serves() ? stopped() : 1;
    for (uint32_t t = 0; t < TENANTS; t++) {
        struct record r = {.type = RECORD_VERIFIED, .member = t, .tenant_seq = f.upto[t]};
        books_append(&load.books, &r);
    }
    return 0;
}

static void report(int64_t from_ms)
{
    struct tb_cell_figures f;
    tb_cell_figures(load.folder.cell, &f);
    printf("t %" PRId64 " written %" PRIu64 " read %" PRIu64 " refused", clock_ms(CLOCK_MONOTONIC) - from_ms,
           load.written, load.read);
    for (uint32_t i = 1; i < TB_SUBMITS; i++)
        if (load.refused[i])
            printf(" %s=%" PRIu64, tb_submit_name((enum tb_submit)i), load.refused[i]);
    for (uint32_t i = 1; i < TB_FINISHES; i++)
        if (load.finished[i])
            printf(" %s=%" PRIu64, tb_finish_name((enum tb_finish)i), load.finished[i]);
    printf(" flushed %" PRIu64 " of %" PRIu64 "\n", f.flushed_batch, f.durable_batch);
    (void)fflush(stdout);
}

static bool turn(struct slot *s, bool fresh)
{
    if (s->state == SLOT_UNDER_WAY)
        return true;
    if (s->state == SLOT_ANSWERED)
        harvest(s);
    if (s->state == SLOT_AGAIN && chance(16) == 0)
        send(s);
    else if (s->state == SLOT_FREE && fresh)
        s->intent.type == RECORD_READ ? new_read(s) : new_command(s);
    return s->state != SLOT_FREE;
}

static int serve(void)
{
    int64_t from = clock_ms(CLOCK_MONOTONIC);
    int64_t said = from;
    int64_t until = from + (int64_t)(load.seconds * 1000);
    bool busy = true;
    for (uint32_t i = 0; i < READ_SLOTS; i++)
        load.reader[i].intent.type = RECORD_READ;
    for (uint32_t i = 0; i < load.window; i++)
        load.slot[i].intent.type = 0;
    while (busy) {
        int64_t now = clock_ms(CLOCK_MONOTONIC);
        bool fresh = now < until;
        busy = fresh;
        if (!serves())
            return stopped();
        for (uint32_t i = 0; i < load.window; i++)
            busy |= turn(&load.slot[i], fresh);
        for (uint32_t i = 0; i < READ_SLOTS; i++)
            busy |= turn(&load.reader[i], fresh && chance(8) == 0);
        if (load.report && now - said >= 100) {
            said = now;
            report(from);
        }
        nap_us(50);
    }
    printf("done written %" PRIu64 " read %" PRIu64 "\n", load.written, load.read);
    return load.wrong ? 1 : 0;
}

static bool lead(void)
{
    bool said = false;
    while (tb_cell_state(load.folder.cell) == TB_CELL_FOLLOWING) {
        if (!said)
            printf("following\n");
        (void)fflush(stdout);
        said = true;
        nap_us(5000);
    }
    if (!serves())
        return false;
    printf("leading %" PRId64 "\n", clock_ms(CLOCK_MONOTONIC));
    (void)fflush(stdout);
    return true;
}

static int run(void)
{
    struct tb_fault fault;
    /* A standby must not hold old news: its books are opened once it leads. */
    if (!folder_open(&load.folder, &load.open, &fault)) {
        printf("fault %s\n", fault.text);
        return 4;
    }
    if (!lead())
        return stopped();
    if (!books_open(&load.books, load.log, load.also, load.also_n))
        return 4;
    for (uint32_t i = 0; i < SLOTS_MAX; i++)
        load.slot[i] = (struct slot){.r = {.done = answered, .user = &load.slot[i]}, .books = &load.books};
    for (uint32_t i = 0; i < READ_SLOTS; i++)
        load.reader[i] = (struct slot){.r = {.done = answered, .user = &load.reader[i]}, .books = &load.books};
    if (!world_make(&load.world, &load.folder))
        return serves() ? 1 : stopped();
    int rc = prove();
    if (rc != 0)
        return rc;
    find_open_holds();
    printf("serving %" PRId64 "\n", clock_ms(CLOCK_MONOTONIC));
    (void)fflush(stdout);
    if (load.seconds > 0)
        rc = serve();
    if (rc == 3)
        return rc;
    folder_close(&load.folder, true);
    books_close(&load.books);
    return rc;
}

/* ---- words -------------------------------------------------------------------------------------------- */

static const struct option words[] = {{"data", 1, NULL, 'd'},    {"log", 1, NULL, 'l'},
                                      {"also", 1, NULL, 'a'},    {"book", 1, NULL, 'b'},
                                      {"journal", 1, NULL, 'j'}, {"state", 1, NULL, 's'},
                                      {"seconds", 1, NULL, 't'}, {"window", 1, NULL, 'w'},
                                      {"seed", 1, NULL, 'r'},    {"full", 0, NULL, 'f'},
                                      {"segment", 1, NULL, 'g'}, {"space-low", 1, NULL, 'p'},
                                      {"reserve", 1, NULL, 'v'}, {"report", 0, NULL, 'o'},
                                      {"reads", 0, NULL, 'e'},   {NULL, 0, NULL, 0}};

static bool word(int c, const char *v)
{
    switch (c) {
    case 'd': load.open.data = v; return true;
    case 'l': load.log = v; return true;
    case 'a': load.also[load.also_n++ % BOOKS] = v; return load.also_n <= BOOKS;
    case 'b': load.book = (uint32_t)strtoul(v, NULL, 10); return load.book < BOOKS;
    case 'j': load.open.journal = v; return true;
    case 's': load.open.state = v; return true;
    case 't': load.seconds = strtod(v, NULL); return true;
    case 'w': load.window = (uint32_t)strtoul(v, NULL, 10); return load.window > 0 && load.window <= SLOTS_MAX;
    case 'r': load.chance = strtoull(v, NULL, 10); return true;
    case 'f': load.full = true; return true;
    case 'g': load.open.segment_bytes = strtoull(v, NULL, 10); return true;
    case 'p': load.open.space_low_bytes = strtoll(v, NULL, 10); return true;
    case 'v': load.open.reserve_bytes = strtoll(v, NULL, 10); return true;
    case 'o': load.report = true; return true;
    case 'e': load.reads = true; return true;
    default: return false;
    }
}

int main(int argc, char **argv)
{
    load.seconds = 3600;
    load.window = 48;
    load.open.segment_bytes = 2u << 20;
    for (int c; (c = getopt_long(argc, argv, "", words, NULL)) != -1;)
        if (!word(c, optarg))
            return 2;
    if (load.open.data == NULL || load.log == NULL)
        return 2;
    return run();
}
