// SPDX-License-Identifier: Apache-2.0
/* http/server_int.h - what the files server*.c share. Not for others.
 *
 * Ownership by thread: struct io, its connections and requests are touched by their IO
 * thread alone, except (a) a request between on_request and its reply, which is the
 * handler's, and (b) the atomics.                                                      */
#ifndef TB_HTTP_SERVER_INT_H
#define TB_HTTP_SERVER_INT_H

#include <microhttpd.h>
#include <pthread.h>

#include "http/json_index.h"
#include "http/server.h"

/* libmicrohttpd's memory of one connection: a head of 10 KB fits. It is zeroed for every
 * request, so more of it is paid for in time as well.                                    */
#define TB_HTTP_POOL_BYTES 16384
#define TB_HTTP_REQUEST_BYTES 24576 /* struct req, its arena and a small body */
#define TB_HTTP_BODY_INLINE 4096
#define TB_HTTP_ARENA_INLINE 1024 /* a larger body gets an arena of its own */
#define TB_HTTP_URI_INLINE 4096
#define TB_HTTP_DISCARD_MAX 65536 /* a refused body up to here is read and dropped */
#define TB_HTTP_LINGER_MS 2000    /* a cut connection may still read its refusal */
#define TB_HTTP_SPARE_MAX 256     /* requests an IO thread keeps for reuse */
#define TB_HTTP_WAITING_MAX 256   /* requests of an IO thread that wait without being suspended */
#define TB_HTTP_WAITING_MS 20     /* and so long */
/* Arena bytes for a body: a tape of 24 bytes for every second byte, and some. */
#define TB_HTTP_ARENA_FOR(n) ((size_t)65536 + (size_t)(n) * 13)
#define TB_HTTP_IP_SLOTS 65536
#define TB_HTTP_LANES 1024 /* by number: two tenants that share one are bounded together */

enum phase {
    PHASE_HEAD = 0, /* request line seen, headers arriving */
    PHASE_BODY,     /* collecting or handing out lines */
    PHASE_DISCARD,  /* answered; dropping the rest of a small body */
    PHASE_LINGER,   /* a raw refusal was written; dropping until the client stops */
    PHASE_RUNNING,  /* with the handler */
    PHASE_SENDING,  /* queued at libmicrohttpd */
};

enum event {
    EVENT_REPLY = 1,
    EVENT_WAKE = 2,   /* a stream has data again */
    EVENT_RESUME = 4, /* go on with the lines of a body */
    EVENT_CALL = 8,   /* the handler wants this thread */
};

enum reply_memory { REPLY_STAYS = 0, REPLY_FREE };

struct conn {
    struct conn *prev;
    struct conn *next;
    struct req *req; /* the request under way */
    int fd;
    uint32_t ip_slot;
    uint64_t requests;
    int64_t since_ns; /* accepted, or the last request ended */
    bool cut;         /* shut down by us; waiting for libmicrohttpd to notice */
};

struct header {
    const char *name;
    struct tb_str value;
};

/* The requests of a tenant on one IO thread (server_lane.c). */
struct lane {
    struct req *first; /* those that wait for their turn */
    struct req *last;
    struct lane *next; /* with some that wait */
    uint32_t running;
};

struct req {
    struct tb_request pub;  /* first: the two pointers convert */
    struct req *next_event; /* on the IO thread's list, or the spare list */
    struct conn *conn;
    struct MHD_Connection *mhd;
    struct tb_arena arena;
    enum phase phase;
    int64_t phase_ns;
    bool suspended;
    bool waiting; /* with the handler, and not suspended: the handler holds a share */
    bool ready;   /* its answer has been seen by the IO thread */
    bool gone;    /* the client left while waiting: conn and mhd are gone */
    bool parked;  /* in its lane, not yet with the handler */
    bool in_lane; /* counted as running there */
    struct req *next_in_lane;
    bool http10;
    bool close_after; /* answer with Connection: close */
    bool expects;     /* Expect: 100-continue */
    bool has_length;
    bool chunked;
    bool coded;         /* a Content-Encoding other than identity */
    bool inline_reply;  /* answered from within a callback of ours */
    bool no_body_yet;   /* on_head refused */
    bool carry_too_long;
    bool uri_too_long;
    uint32_t host_n, length_n, coding_n, header_n;
    uint64_t length;
    enum tb_problem head_problem; /* found while scanning headers */
    const char *line_end;         /* of the line before, in libmicrohttpd's buffer */
    /* body */
    uint8_t *body;
    size_t body_n;
    size_t body_cap;
    size_t body_bytes; /* received, in this phase: for the slow test */
    void *heap_body;
    void *heap_arena;
    size_t budget; /* taken from tb_http.body_left */
    uint32_t line;
    /* reply */
    atomic_uint events;
    atomic_bool answered;
    atomic_uint shares;
    uint32_t status;
    const char *content_type;
    const void *reply;
    size_t reply_n;
    enum reply_memory reply_memory;
    bool is_stream;
    struct tb_http_stream stream;
    void (*call)(void *user, struct tb_request *q);
    void *call_user;
    struct header extra[TB_HTTP_EXTRA_HEADERS_MAX];
    uint32_t extra_n;
    /* memory */
    uint8_t inline_body[TB_HTTP_BODY_INLINE];
    uint8_t region[];
};

/* A connection on its way from the accepting IO thread to its own. */
struct arrival {
    struct arrival *next;
    int fd;
    uint32_t ip_slot;
    uint32_t address_n;
    struct sockaddr_storage address;
};

struct tb_http_io {
    struct tb_http *h;
    uint32_t number;
    pthread_t thread;
    bool started;
    struct MHD_Daemon *daemon;
    int epoll_fd;
    int wake_fd;
    atomic_bool asleep;
    _Atomic(struct req *) events; /* newest first */
    atomic_uint callers;          /* threads that put an event there */
    pthread_mutex_t arrival_lock;
    struct arrival *arrivals;
    struct arrival *adding;
    struct conn *conns;
    struct req *spare;
    uint32_t spare_n;
    int64_t now_ns;
    int64_t swept_ns;
    uint32_t sweeps;
    int64_t drain_ns; /* when this thread began to drain */
    uint32_t waiting; /* requests that wait without being suspended */
    uint64_t moved;   /* callbacks of libmicrohttpd that did something */
    bool still;       /* its last turn moved nothing */
    struct lane *lanes_waiting;
    struct lane *lane_last; /* of the request before */
    uint64_t lane_seen;     /* requests */
    uint64_t lane_changed;  /* lane_seen when one came that was not the last one's; 0: never */
    uint64_t random[4];
    struct tb_json_index *json;
    atomic_uint connections;
    /* figures, written by the IO thread only */
    _Atomic uint64_t requests;
    _Atomic uint64_t by_class[6];
    _Atomic uint64_t wakeups;
    _Atomic uint64_t slow_closed;
    atomic_uint in_flight;
    atomic_uint live; /* requests that exist, also by a stream's share */
    struct lane lane[TB_HTTP_LANES]; /* last: what a thread writes lies apart from what the next one reads */
};

struct tb_http {
    struct tb_http_options o;
    int listen_fd;
    uint16_t port;
    atomic_bool draining;
    atomic_bool listener_closed;
    _Atomic int64_t body_left;
    _Atomic int64_t held[TB_HTTP_HOLDERS];
    uint64_t ip_seed;
    bool has_proxy;
    uint8_t proxy[16]; /* IPv4 as ::ffff:a.b.c.d */
    atomic_uint *ip_count; /* by hash of the address; NULL without a limit */
    _Atomic uint64_t accepted;
    _Atomic uint64_t refused;
    struct tb_http_io *io;
};

/* server_io.c */
void *tb_http_io_main(void *io);
void tb_http_io_wake(struct tb_http_io *io);
extern _Thread_local struct tb_http_io *tb_http_self; /* NULL on other threads */
void tb_http_conn_cut(struct conn *c);
void tb_http_req_resume(struct req *r);

/* server_mhd.c */
void *tb_http_mhd_uri(void *io, const char *uri, struct MHD_Connection *c);
enum MHD_Result tb_http_mhd_access(void *io, struct MHD_Connection *c, const char *url,
                                   const char *method, const char *version, const char *data,
                                   size_t *data_n, void **req);
void tb_http_mhd_completed(void *io, struct MHD_Connection *c, void **req,
                           enum MHD_RequestTerminationCode why);
void tb_http_mhd_connection(void *io, struct MHD_Connection *c, void **conn,
                            enum MHD_ConnectionNotificationCode what);
/* Cuts a slow connection: 408 past libmicrohttpd, which writes nothing while it reads. */
void tb_http_too_slow(struct tb_http_io *io, struct conn *c);

/* The handler gets r, whose body is complete. */
void tb_http_hand(struct req *r);

/* server_lane.c */
/* False: r is parked, and tb_http_lanes_start will hand it over. */
TB_MUST_USE bool tb_http_lane_enter(struct req *r);
void tb_http_lane_leave(struct req *r); /* once or more; nothing where r is in none */
void tb_http_lanes_start(struct tb_http_io *io);

/* server_head.c */
enum tb_problem tb_http_head_read(struct req *r, const char *method, const char *version);
/* A numeric address, IPv4 as ::ffff:a.b.c.d. */
TB_MUST_USE bool tb_http_address(struct tb_str text, uint8_t out[16]);

/* server_req.c */
struct req *tb_http_req_new(struct tb_http_io *io);
void tb_http_req_share_drop(struct req *r);
bool tb_http_req_reserve(struct req *r, size_t bytes);
void tb_http_id_make(struct tb_http_io *io, char id[TB_HTTP_REQUEST_ID_BYTES]);

/* server_reply.c */
enum MHD_Result tb_http_reply_queue(struct req *r);
extern _Thread_local struct req *tb_http_current; /* the request whose callback runs */

#endif
