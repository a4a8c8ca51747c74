// SPDX-License-Identifier: Apache-2.0
/* http/app_int.h - what the files of the app share: one request on its way to the cell and
 * back. Not for others (app.h).
 *
 * An operation is a row of struct tb_work_op: read fills the room's input struct from the
 * JSON and the path, write prints the answer. Both run on an IO thread, both may ask for
 * codes and numbers that are not known here yet: they go on as if nothing were missing,
 * what is missing is fetched from the cell, and they run again from the start.            */
#ifndef TB_HTTP_APP_INT_H
#define TB_HTTP_APP_INT_H

#include "base/ids.h"
#include "base/num.h"
#include "border/code/serial.h"
#include "core/catalog/catalog.h"
#include "core/code/code.h"
#include "core/ops.h"
#include "http/app.h"
#include "http/facts.h"
#include "http/shell.h"

struct tb_keyring;
struct tb_feeds;
struct tb_static;
struct tb_sessions;
struct tb_inbox;
struct tb_side;
struct tb_analysis_kept;
struct tb_backtests;

struct tb_app {
    struct tb_app_options o;
    struct tb_app_guest guest; /* tenant 0: there is none */
    char guest_code[TB_CODE_MAX];
    struct tb_cell *cell;
    struct tb_hash_key hash_key;
    struct tb_vault vault;
    struct tb_shell *_Atomic shell; /* NULL while starting: requests may come before it is known */
    struct tb_facts *facts;
    struct tb_keyring *keyring;
    struct tb_feeds *feeds;
    struct tb_static *pages;       /* NULL: none */
    struct tb_sessions *sessions;
    struct tb_inbox *inbox;        /* NULL: none */
    struct tb_side *passwords;
    struct tb_side *reports;
    struct tb_side *analysis;
    struct tb_analysis_kept *kept; /* the analysis thread's */
    struct tb_backtests *backtests;
    struct tb_side *books; /* accounting: reads the whole history */
    _Atomic bool closing;
    struct tb_op_handler handler[TB_API_COUNT];
};

/* ---- one request ------------------------------------------------------------------------ */

#define TB_WANTS_MAX 64u
#define TB_WANTS_ROUNDS_MAX 200u /* names that push each other out of the facts would never end */
struct tb_want {
    uint8_t kind;
    bool absent; /* asked for, and there is none */
    uint32_t id; /* or code */
    struct tb_str code;
};
struct tb_wants {
    uint32_t n;
    uint32_t done;   /* so many were fetched */
    uint32_t rounds; /* times that fetched ones made room for more: a reply may name thousands */
    struct tb_want want[TB_WANTS_MAX];
};

struct tb_work;
typedef void tb_work_fn(struct tb_work *w);

struct tb_work_op {
    uint32_t op; /* enum tb_op of core */
    uint32_t input_bytes;
    /* o: the body; nothing in it for operations without one */
    void (*read)(struct tb_work *w, struct tb_json_object *o);
    void (*write)(struct tb_work *w, struct tb_json_out *out);
    /* Instead of write: the answer is OK, and more is to be done before the reply. */
    tb_work_fn *after;
    uint32_t status; /* 0: the table's; TB_STATUS_ASKS: the table's, or 202 when the answer is a request */
};
#define TB_STATUS_ASKS 1u
/* Most operations: the answer of OK is printed with the table's status. input: a struct of core, without "struct". */
#define TB_WORK(name, op, input, read, write) \
    const struct tb_work_op tb_work_##name = {op, sizeof(struct input), read, write, NULL, 0}

struct tb_work {
    struct tb_job_request job; /* first: the two pointers convert */
    struct tb_app *app;
    struct tb_request *req;
    struct tb_call *call; /* NULL in a bulk line */
    const struct tb_work_op *op;
    struct tb_arena *arena;
    struct tb_refusal *refusal;
    struct tb_wants *wants;
    const struct tb_str *param;
    struct tb_json_object body;
    uint32_t tenant;
    uint32_t roles;
    int64_t now_ms;
    size_t mark;      /* of the arena, before read */
    void *input;      /* the room's input struct */
    void *note;       /* the operation's, from read to write */
    tb_work_fn *then; /* what the IO thread does next */
    tb_work_fn *next; /* after an answer of OK */
    void *heap;       /* a large answer; freed at the end */
    enum tb_code code; /* a refusal found here, in core's words */
    char field[48];
    uint8_t blind[16]; /* of the tenant */
    bool has_blind;
    void (*wake)(struct tb_work *w); /* bulk lines: instead of tb_http_call with then */
    bool blocked; /* an identifier was dropped: its value identifies nobody */
    bool bulk;
};

/* tb_op_run of every operation that is a command: starts it by app_ops[]. */
void tb_work_run(void *app, struct tb_call *call);
/* A work whose answer goes out when its own steps say so; op gives the first command. */
struct tb_work *tb_work_new(struct tb_app *app, struct tb_call *call, const struct tb_work_op *op);
/* Reads (again), fetches what is missing, submits. */
void tb_work_start(struct tb_work *w);
/* Submits w->job.command as it is; then runs on the IO thread when it has been answered
 * with OK (anything else is refused and sent).                                           */
void tb_work_submit(struct tb_work *w, tb_work_fn *then);
/* Hands over to the cell what the calling IO thread has collected. */
void tb_work_flush(void *app);
/* The status of success: `table` is the operation's. The work has been answered. */
uint32_t tb_work_status(const struct tb_work *w, uint32_t table);
/* Prints with w->op->write (fetching what is missing) and replies. */
void tb_work_reply(struct tb_work *w);
/* Replies with a problem in core's words. */
void tb_work_refuse(struct tb_work *w, enum tb_code code, const char *field);
/* Frees what is on the heap; before a reply that none of the above sends. */
void tb_work_done(struct tb_work *w);
/* Room for the answer of a read: at first within the arena, at last on the heap. */
#define TB_ANSWER_FIRST 4096u
#define TB_ANSWER_LAST (8u << 20)
/* tb_http_call's function: goes on with w->then. */
void tb_work_on_io(void *work, struct tb_request *req);
/* True when wants are open: they are being fetched, then runs afterwards. */
bool tb_work_fetching(struct tb_work *w, tb_work_fn *then);
/* The problem document of a refusal of core; answer may be NULL. */
void tb_code_problem(struct tb_buf *b, enum tb_code code, const char *field, struct tb_str answer,
                     bool pointer, struct tb_str request_id);
enum tb_problem tb_finish_problem(enum tb_finish f);
enum tb_problem tb_submit_problem(enum tb_submit s);
/* Prepares job: command, hashes; bulk lines pass their own. */
void tb_work_hashes(struct tb_work *w, struct tb_str idempotency_key, struct tb_str where,
                    struct tb_str body);
/* For side threads, which may block: what tb_work_fetching does. */
bool tb_facts_wait(struct tb_app *app, uint32_t tenant, enum tb_kind kind, uint32_t id);

extern const struct tb_work_op *const tb_app_ops[TB_API_COUNT];

/* ---- for read ------------------------------------------------------------------------------ */

/* Asked of by code: the number; 0 when it is not known yet; UINT32_MAX when there is none.
 * Empty: 0.                                                                               */
uint32_t tb_work_id(struct tb_work *w, enum tb_kind kind, struct tb_str code);
const struct tb_known *tb_work_known(struct tb_work *w, enum tb_kind kind, struct tb_str code);
/* Refuses in core's words; the first stays. */
void tb_work_no(struct tb_work *w, enum tb_code code, const char *field);
int64_t tb_now_ms(void);

/* {"ns":..,"value":..,"verified":..}; false: refused, not known yet, or dropped (w->blocked). */
bool tb_read_identifier(struct tb_work *w, struct tb_json_object *o, struct tb_identifier *out);
bool tb_make_identifier(struct tb_work *w, struct tb_str ns, struct tb_str value, bool verified,
                        struct tb_identifier *out, struct tb_json_object *o);
/* The array "identifiers", 1 .. TB_IDENTIFIERS_MAX (fewer when some identify nobody). */
const struct tb_identifier *tb_read_identifiers(struct tb_work *w, struct tb_json_object *o,
                                                uint32_t *n);
/* A member: {"id":"mbr_.."} or {"ns":..,"value":..}. */
void tb_read_who(struct tb_work *w, struct tb_json_object *o, struct tb_str name,
                 struct tb_who *out);
/* The same from a path: an id, or ns:value. In a bulk line from the field "member". */
void tb_path_who(struct tb_work *w, struct tb_json_object *o, struct tb_who *out);
/* An id from the path (in a bulk line: from the body's field name). */
uint64_t tb_path_id(struct tb_work *w, struct tb_json_object *o, struct tb_str name,
                    enum tb_id_kind kind, enum tb_code unknown);
struct tb_str tb_path_text(struct tb_work *w, struct tb_json_object *o, uint32_t index,
                           struct tb_str name, uint32_t max);
/* What every put begins with: the code of the path, "expected_version" (0: there must be none). */
void tb_read_put(struct tb_work *w, struct tb_json_object *o, struct tb_put *put);
/* The object whose code the path has; a page of objects by "after" and "limit" of the query. */
void tb_read_object(struct tb_work *w, struct tb_json_object *o, enum tb_kind kind);
void tb_read_objects(struct tb_work *w, enum tb_kind kind);
/* Text fields with 0 for absent. */
struct tb_str tb_may_str(struct tb_json_object *o, const char *name, uint32_t max);
int64_t tb_may_i64(struct tb_json_object *o, const char *name, int64_t min, int64_t max,
                   int64_t fallback);
bool tb_may_bool(struct tb_json_object *o, const char *name);
/* occurred_at; absent: now, and *given false. */
int64_t tb_read_occurred(struct tb_work *w, struct tb_json_object *o, bool *given);
/* A JSON object kept as given: its canonical text, at most max bytes. */
struct tb_str tb_read_json(struct tb_work *w, struct tb_json_object *o, struct tb_str name,
                           uint32_t max);

/* Parts of an order's body (op_orders.c): "quantity" or "quantity_milli", "receipt", who bought. */
int64_t tb_read_quantity(struct tb_json_object *o, bool needed);
struct tb_cmd_order;
void tb_read_receipt(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_order *in);
void tb_read_buyer(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_order *in);
struct tb_cmd_return;
void tb_read_return_lines(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_return *in);
void tb_out_order_result(struct tb_work *w, struct tb_json_out *o, struct tb_str key);
/* What a return gives back of a priced order (op_checkout.c). */
void tb_out_unwound(struct tb_work *w, struct tb_json_out *o);

/* ---- for write ----------------------------------------------------------------------------- */

struct tb_wire {
    struct tb_str rest;
    uint32_t field;
    uint64_t v;
    struct tb_str s;
};
static inline struct tb_wire tb_wire_of(struct tb_str s)
{
    return (struct tb_wire){.rest = s};
}
bool tb_wire_step(struct tb_wire *w);
uint64_t tb_wire_u64(struct tb_str body, uint32_t field); /* 0 when absent */
int64_t tb_wire_i64(struct tb_str body, uint32_t field);  /* zigzag */
struct tb_str tb_wire_str(struct tb_str body, uint32_t field);
/* v[field] of fields 1 .. n - 1 that are numbers, in one pass; 0 when absent. */
void tb_wire_numbers(struct tb_str body, uint64_t *v, uint32_t n);
static inline struct tb_str tb_work_answer(const struct tb_work *w)
{
    return tb_buf_as_str(&w->job.answer.body);
}

/* Prints an object of that kind, unpacked, with its braces; what it takes of the arena is given back. */
struct tb_view; /* facts.h */
typedef void (*tb_object_out_fn)(struct tb_work *w, struct tb_json_out *o, enum tb_kind kind, const struct tb_view *v);
/* One object {1 = number, 2 = packed}. False: there is no room to unpack it, and the reply overflows. */
bool tb_work_out_object(struct tb_work *w, struct tb_json_out *o, enum tb_kind kind, struct tb_str object,
                        tb_object_out_fn one);
/* The answer of an object list as {"items":[..],"next":cursor}. */
void tb_work_out_list(struct tb_work *w, struct tb_json_out *o, enum tb_kind kind, tb_object_out_fn one);

/* write of a put whose input begins with struct tb_put; and its fields alone, for one that says more. */
void tb_work_out_put(struct tb_work *w, struct tb_json_out *o);
void tb_out_put(struct tb_work *w, struct tb_json_out *o);

/* The code of an object; empty when it is not known yet. */
struct tb_str tb_work_name(struct tb_work *w, enum tb_kind kind, uint64_t id);
const struct tb_known *tb_work_object(struct tb_work *w, enum tb_kind kind, uint64_t id);
/* "key": code, when id is not 0 */
void tb_out_code(struct tb_work *w, struct tb_json_out *o, const char *key, enum tb_kind kind,
                 uint64_t id);
void tb_out_id(struct tb_work *w, struct tb_json_out *o, const char *key, enum tb_id_kind kind,
               uint64_t number);
/* "key": the answer's field, {1 = unit, 2 = amount} each time, as objects with unit and amount. */
void tb_out_amounts(struct tb_work *w, struct tb_json_out *o, const char *key, struct tb_str body, uint32_t field);
/* "key": time, unless it is 0 or "never" */
void tb_out_time(struct tb_json_out *o, const char *key, int64_t ms);
/* "key": text, unless it is empty */
void tb_out_text(struct tb_json_out *o, const char *key, struct tb_str s);
/* "key": a name of core's lists in small letters; NULL: empty */
void tb_out_lower(struct tb_json_out *o, const char *key, const char *name);
/* A number of an enumeration as its word. */
void tb_out_word(struct tb_json_out *o, const char *key, const char *const *words, uint32_t n,
                 uint64_t v);
/* A person's identifier or attribute, opened; false: erased or not kept. */
bool tb_work_open(struct tb_work *w, uint32_t profile, uint32_t number, struct tb_str sealed,
                  struct tb_buf *out);
/* "+8613912345678" -> "139****5678"; others keep their ends. */
void tb_mask(struct tb_buf *b, enum tb_normaliser kind, struct tb_str value);

/* ---- item codes (coder.c) --------------------------------------------------------------------- */

/* The cipher of the request's tenant: the thread's own on an IO thread, else own, which the
 * caller lends. End what was begun, before the thread begins another one.                    */
struct tb_serial_coder *tb_coder_begin(struct tb_work *w, struct tb_serial_coder *own);
void tb_coder_end(struct tb_serial_coder *c, const struct tb_serial_coder *own);
/* A code in any spelling, or the address that was read; {0, 0} with the refusal set. */
struct tb_code_ref tb_item_code(struct tb_work *w, const char *field, struct tb_str text);
/* "key": the symbols of a code; nothing when there is no such batch. */
void tb_out_item_code(struct tb_work *w, struct tb_json_out *o, const char *key, uint64_t batch, uint64_t serial);

/* ---- prepaid value (op_cards.c) ---------------------------------------------------------------- */

struct tb_cmd_card_sell;
/* {code, unit, amount, face, reason, tender}: a card that a till sells. */
void tb_read_card_sale(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_card_sell *in);
/* What a unit of stored value or gift cards says beside what every unit says; its enum tb_unit_flag. */
uint32_t tb_read_prepaid(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_unit_put *in);
void tb_out_prepaid(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v);

/* ---- words (words.c) ------------------------------------------------------------------------ */

extern const char *const tb_words_unit_kind[];
extern const char *const tb_words_tender[];
extern const char *const tb_words_period[TB_CAP_PERIODS]; /* of the mall and of games: a week is "week" */
extern const char *const tb_words_source[];  /* [0] is not used */
extern const char *const tb_words_consent[]; /* [0] is not used */
extern const char *const tb_words_effective[];
extern const char *const tb_words_actor[]; /* [0] is not used */
extern const char *const tb_words_scan[TB_SCAN_VERDICTS]; /* [0] is not used */
extern const char *const tb_words_scene[TB_CODE_SCENES];
extern const char *const tb_words_code_verb[5]; /* [0] is not used */
extern const char *const tb_words_issue_state[]; /* enum tb_issue_state; op_issue.c */
extern const char *const tb_words_request_act[];   /* enum tb_request_act; op_requests.c */
extern const char *const tb_words_request_state[]; /* enum tb_request_state */
extern const char *const tb_words_request_over[];  /* enum tb_request_over */

/* ---- rooms (op_*.c) ---------------------------------------------------------------------------- */

void tb_op_healthz(void *app, struct tb_call *call);
void tb_op_readyz(void *app, struct tb_call *call);
void tb_op_metrics(void *app, struct tb_call *call);
void tb_op_openapi(void *app, struct tb_call *call);
void tb_op_bulk(void *app, struct tb_call *call);
enum tb_http_line tb_op_bulk_line(void *app, struct tb_call *call, struct tb_str text,
                                  uint32_t line, bool too_long);
void tb_op_bulk_abandoned(void *app, struct tb_call *call);
void tb_op_events(void *app, struct tb_call *call);
void tb_op_timeline(void *app, struct tb_call *call);
void tb_op_statement(void *app, struct tb_call *call);
/* Returns, their quotes, cancellations: the path has the order's code or its id. */
void tb_op_order_acts(void *app, struct tb_call *call);

extern const struct tb_work_op tb_work_tenant_put, tb_work_unit_put, tb_work_namespace_put,
    tb_work_store_put, tb_work_product_put, tb_work_associate_put, tb_work_touchpoint_put,
    tb_work_attribute_put, tb_work_purpose_put, tb_work_rule_put, tb_work_scheme_put,
    tb_work_webhook_put, tb_work_object_get, tb_work_object_list;
extern const struct tb_work_op tb_work_key_put, tb_work_key_revoke, tb_work_tenant_key_put;
extern const struct tb_work_op tb_work_contact, tb_work_probe, tb_work_enrol, tb_work_unmerge,
    tb_work_link, tb_work_role_put, tb_work_erase, tb_work_member_get, tb_work_member_find,
    tb_work_reveal, tb_work_export, tb_work_unfreeze;
extern const struct tb_work_op tb_work_letters, tb_work_letters_replay;
extern const struct tb_work_op tb_work_code_batch_put, tb_work_code_batch_get, tb_work_codes_list,
    tb_work_codes_bind, tb_work_codes_move, tb_work_codes_pack, tb_work_codes_unpack,
    tb_work_codes_receive, tb_work_code_replace, tb_work_code_scan, tb_work_my_scan, tb_work_code_redeem,
    tb_work_code_get;
extern const struct tb_work_op tb_work_game_put, tb_work_game_get, tb_work_game_list, tb_work_game_move,
    tb_work_channel_put, tb_work_draw, tb_work_checkin, tb_work_makeup, tb_work_stamp, tb_work_task_do,
    tb_work_task_list, tb_work_seat_get, tb_work_packet_send, tb_work_packet_claim, tb_work_packet_get;
extern const struct tb_work_op tb_work_store_payee, tb_work_associate_payee, tb_work_next_step;
extern const struct tb_work_op tb_work_card_sell, tb_work_card_look, tb_work_my_card_look, tb_work_card_act,
    tb_work_my_gift_card, tb_work_gift_give, tb_work_gift_claim, tb_work_gift_back, tb_work_my_gift_give,
    tb_work_my_gift_claim, tb_work_my_gift_back, tb_work_top_up, tb_work_pay_back;
extern const struct tb_work_op tb_work_goods_put, tb_work_goods_get, tb_work_goods_list, tb_work_member_mall,
    tb_work_exchange, tb_work_my_exchange, tb_work_exchange_move, tb_work_my_exchange_cancel,
    tb_work_exchange_list, tb_work_exchange_get;
extern const struct tb_work_op tb_work_attributes_set, tb_work_consent_put;
extern const struct tb_work_op tb_work_adjust, tb_work_hold, tb_work_hold_post,
    tb_work_hold_void, tb_work_transfer, tb_work_reverse, tb_work_release, tb_work_trial_balance;
extern const struct tb_work_op tb_work_request_list, tb_work_request_get, tb_work_request_decide, tb_work_erasure_ask;
/* Fields of a request to be erased (tb_erasure_put) into an open object. */
void tb_erasure_out(struct tb_json_out *o, struct tb_str asked);
extern const struct tb_work_op tb_work_order, tb_work_return, tb_work_cancel, tb_work_order_get,
    tb_work_my_order;
extern const struct tb_work_op tb_work_channel_get, tb_work_channel_list;
extern const struct tb_work_op tb_work_issue_put, tb_work_issue_stop, tb_work_issue_get, tb_work_issue_list,
    tb_work_audience_count, tb_work_audience_get, tb_work_coupon_code_put, tb_work_coupon_code_get,
    tb_work_coupon_code_list, tb_work_campaign_uplift, tb_work_campaign_settlement, tb_work_quote_shown;
extern const struct tb_work_op tb_work_quote, tb_work_checkout, tb_work_confirm, tb_work_basket_release,
    tb_work_return_quote;
extern const struct tb_work_op tb_work_campaign_put, tb_work_campaign_get, tb_work_campaign_list,
    tb_work_campaign_move, tb_work_campaign_check, tb_work_campaign_versions, tb_work_campaign_stock,
    tb_work_campaign_stocks;
extern const struct tb_work_op tb_work_backtest;
void tb_op_backtest_stop(void *app, struct tb_call *call);
extern const struct tb_work_op tb_work_coupon_claim, tb_work_coupon_issue, tb_work_coupon_void, tb_work_coupon_give,
    tb_work_coupon_list;

/* ---- keys (app_keys.c) ---------------------------------------------------------------------- */

TB_MUST_USE struct tb_keyring *tb_keyring_start(struct tb_app *app, struct tb_fault *fault);
void tb_keyring_stop(struct tb_keyring *k);
tb_auth_check tb_keyring_check; /* user = the app */
/* Waits until the snapshot holds what the cell holds now. */
void tb_keyring_refresh(struct tb_keyring *k);
/* Calls then on the IO thread when the snapshot is newer than now. */
void tb_keyring_after(struct tb_keyring *k, struct tb_work *w, tb_work_fn *then);
/* Something slow (the key store's disk) off the IO threads, then `then` on the IO thread. */
void tb_keyring_slow(struct tb_keyring *k, struct tb_work *w, void (*slow)(struct tb_work *w),
                     tb_work_fn *then);

/* ---- feeds (op_events.c) ---------------------------------------------------------------------- */

TB_MUST_USE struct tb_feeds *tb_feeds_start(struct tb_app *app, struct tb_fault *fault);
void tb_feeds_stop(struct tb_feeds *f);

#endif
