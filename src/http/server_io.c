// SPDX-License-Identifier: Apache-2.0
/* http/server_io.c - the loop of one IO thread: events from other threads, arrivals,
 * libmicrohttpd, and the janitor of slow connections.
 *
 * libmicrohttpd runs without threads of its own; its epoll descriptor sits in ours. So
 * an answer from another thread costs a list entry, and a wake-up only when this thread
 * sleeps, however many answers there are.                                               */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "http/server_int.h"

#define MS INT64_C(1000000)
#define SWEEP_MS 250
#define DRAINS 4

_Thread_local struct tb_http_io *tb_http_self;

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void tb_http_io_wake(struct tb_http_io *io)
{
    uint64_t one = 1;
    ssize_t n = write(io->wake_fd, &one, sizeof one);
    (void)n; /* a full counter wakes as well */
    atomic_fetch_add_explicit(&io->wakeups, 1, memory_order_relaxed);
}

void tb_http_conn_cut(struct conn *c)
{
    c->cut = true;
    (void)shutdown(c->fd, SHUT_RDWR);
}

/* ---- Events -------------------------------------------------------------------------- */

void tb_http_req_resume(struct req *r)
{
    r->suspended = false;
    r->phase_ns = r->pub.io->now_ns;
    r->body_bytes = 0;
    MHD_resume_connection(r->mhd);
}

static void one_event(struct req *r)
{
    unsigned events = atomic_exchange(&r->events, 0);
    bool called = events & EVENT_CALL;
    if (called) {
        void (*call)(void *user, struct tb_request *q) = r->call;
        r->call = NULL;
        tb_http_current = r;
        call(r->call_user, &r->pub);
        tb_http_current = NULL;
        if (r->inline_reply)
            events |= EVENT_REPLY;
    }
    if (events & EVENT_REPLY)
        r->ready = true;
    bool unwanted = r->gone && (events & EVENT_REPLY); /* the client has left: this ends it */
    if (unwanted)
        tb_http_lane_leave(r);
    if (unwanted && r->is_stream)
        r->stream.closed(r->stream.user);
    if (r->suspended && (events & ~(unsigned)EVENT_CALL))
        tb_http_req_resume(r);
    for (int shares = called + unwanted + !!(events & EVENT_WAKE); shares > 0; shares--)
        tb_http_req_share_drop(r);
}

static void drain_events(struct tb_http_io *io)
{
    struct req *r = atomic_exchange(&io->events, NULL);
    struct req *in_order = NULL;
    while (r != NULL) { /* newest first -> oldest first */
        struct req *next = r->next_event;
        r->next_event = in_order;
        in_order = r;
        r = next;
    }
    while (in_order != NULL) {
        struct req *next = in_order->next_event;
        one_event(in_order);
        in_order = next;
    }
}

/* ---- Arrivals ------------------------------------------------------------------------- */

static void forget(struct tb_http *h, struct tb_http_io *io, uint32_t ip_slot)
{
    if (h->ip_count != NULL)
        atomic_fetch_sub(&h->ip_count[ip_slot], 1);
    atomic_fetch_sub(&io->connections, 1);
}

static void add_arrivals(struct tb_http_io *io)
{
    (void)pthread_mutex_lock(&io->arrival_lock);
    struct arrival *a = io->arrivals;
    io->arrivals = NULL;
    (void)pthread_mutex_unlock(&io->arrival_lock);
    while (a != NULL) {
        struct arrival *next = a->next;
        io->adding = a;
        (void)MHD_add_connection(io->daemon, a->fd, (const struct sockaddr *)&a->address,
                                 a->address_n);
        if (a->fd != -1) /* libmicrohttpd closed it */
            forget(io->h, io, a->ip_slot);
        io->adding = NULL;
        free(a);
        a = next;
    }
}

static void turn_away(struct tb_http *h, int fd)
{
    static const char text[] =
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
        "Content-Type: application/problem+json\r\nContent-Length: 138\r\n\r\n"
        "{\"type\":\"about:blank\",\"title\":\"Too many connections from this address.\","
        "\"status\":503,\"code\":\"too_many_connections\",\"request_id\":\"none\"}   ";
    (void)send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)shutdown(fd, SHUT_WR);
    (void)close(fd);
    atomic_fetch_add(&h->refused, 1);
}

static uint32_t ip_slot_of(const struct tb_http *h, const struct sockaddr_storage *s)
{
    if (s->ss_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const void *)s; /* a /64 is one subscriber */
        return (uint32_t)XXH3_64bits_withSeed(&a->sin6_addr, 8, h->ip_seed) % TB_HTTP_IP_SLOTS;
    }
    const struct sockaddr_in *a = (const void *)s;
    return (uint32_t)XXH3_64bits_withSeed(&a->sin_addr, 4, h->ip_seed) % TB_HTTP_IP_SLOTS;
}

static bool of_proxy(const struct tb_http *h, const struct sockaddr_storage *s)
{
    uint8_t address[16] = {[10] = 0xff, [11] = 0xff};
    if (s->ss_family == AF_INET6)
        memcpy(address, &((const struct sockaddr_in6 *)(const void *)s)->sin6_addr, sizeof address);
    else
        memcpy(address + 12, &((const struct sockaddr_in *)(const void *)s)->sin_addr, 4);
    return h->has_proxy && memcmp(address, h->proxy, sizeof address) == 0;
}

static struct tb_http_io *least_loaded(struct tb_http *h, uint32_t *total)
{
    struct tb_http_io *best = &h->io[0];
    *total = 0;
    for (uint32_t i = 0; i < h->o.threads; i++) {
        uint32_t n = atomic_load(&h->io[i].connections);
        *total += n;
        if (n < atomic_load(&best->connections))
            best = &h->io[i];
    }
    return best;
}

static void place(struct tb_http *h, struct arrival *a)
{
    uint32_t total;
    struct tb_http_io *io = least_loaded(h, &total);
    uint32_t same = 0;
    if (h->ip_count != NULL) {
        a->ip_slot = ip_slot_of(h, &a->address);
        same = atomic_fetch_add(&h->ip_count[a->ip_slot], 1);
    }
    atomic_fetch_add(&io->connections, 1);
    if (total >= h->o.connections_max ||
        (h->ip_count != NULL && same >= h->o.connections_per_ip_max && !of_proxy(h, &a->address))) {
        forget(h, io, a->ip_slot);
        turn_away(h, a->fd);
        free(a);
        return;
    }
    atomic_fetch_add(&h->accepted, 1);
    int one = 1;
    (void)setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)pthread_mutex_lock(&io->arrival_lock);
    a->next = io->arrivals;
    io->arrivals = a;
    (void)pthread_mutex_unlock(&io->arrival_lock);
    tb_http_io_wake(io);
}

static void accept_some(struct tb_http *h)
{
    for (int i = 0; i < 64; i++) {
        struct arrival *a = calloc(1, sizeof *a);
        if (a == NULL)
            return;
        a->address_n = sizeof a->address;
        a->fd = accept4(h->listen_fd, (struct sockaddr *)&a->address, &a->address_n,
                        SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (a->fd < 0) {
            free(a);
            return; /* nobody there, or out of descriptors: the next round tries again */
        }
        place(h, a);
    }
}

/* ---- Janitor ---------------------------------------------------------------------------- */

/* Bytes came after the last request ended, or ever on a new connection, and yet there is
 * no request line.                                                                        */
static bool half_a_request(const struct tb_http_io *io, const struct conn *c)
{
    struct tcp_info info;
    socklen_t n = sizeof info;
    if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
        return false;
    if (c->requests == 0)
        return info.tcpi_bytes_received > 0;
    int64_t last_ns = io->now_ns - (int64_t)info.tcpi_last_data_recv * MS;
    return last_ns > c->since_ns + 50 * MS;
}

/* The client has closed and everything it sent was read. libmicrohttpd overlooks a FIN
 * that came together with data (edge-triggered epoll), and would wait for its time-out.  */
static bool client_has_left(struct tb_http_io *io, const struct conn *c, int64_t age)
{
    uint8_t byte;
    if (age < 1000 * MS || io->sweeps % 4 != 0)
        return false;
    return recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static bool body_is_slow(const struct tb_http_io *io, const struct req *r, int64_t age)
{
    int64_t grace = io->h->o.header_timeout_ms * MS;
    if (r->suspended || age < grace)
        return false;
    int64_t per_s = (int64_t)r->body_bytes * 1000 / (age / MS);
    return per_s < io->h->o.body_bytes_per_s_min;
}

/* A stop waits for the handler without limit, for clients only so long. */
static bool out_of_patience(struct tb_http_io *io, bool draining)
{
    if (!draining)
        return false;
    if (io->drain_ns == 0)
        io->drain_ns = io->now_ns;
    return io->now_ns - io->drain_ns > io->h->o.drain_timeout_ms * MS;
}

static void judge(struct tb_http_io *io, struct conn *c, bool draining)
{
    int64_t limit = io->h->o.header_timeout_ms * MS;
    struct req *r = c->req;
    if (c->cut)
        return;
    if (r != NULL && r->phase != PHASE_RUNNING && out_of_patience(io, draining) &&
        (!r->suspended || r->is_stream)) {
        tb_http_conn_cut(c);
        if (r->suspended)
            tb_http_req_resume(r); /* stream_read ends it */
        return;
    }
    if (r == NULL) {
        int64_t age = io->now_ns - c->since_ns;
        if (draining || client_has_left(io, c, age))
            tb_http_conn_cut(c);
        else if (age > limit && half_a_request(io, c))
            tb_http_too_slow(io, c);
        return;
    }
    int64_t age = io->now_ns - r->phase_ns;
    if (r->phase < PHASE_RUNNING && !r->suspended && client_has_left(io, c, age)) {
        tb_http_conn_cut(c);
        return;
    }
    switch (r->phase) {
    case PHASE_HEAD:
        if (age > limit)
            tb_http_too_slow(io, c);
        break;
    case PHASE_BODY:
    case PHASE_DISCARD:
        if (body_is_slow(io, r, age))
            tb_http_too_slow(io, c);
        break;
    case PHASE_LINGER:
        if (age > TB_HTTP_LINGER_MS * MS)
            tb_http_conn_cut(c);
        break;
    case PHASE_RUNNING:
    case PHASE_SENDING: /* libmicrohttpd ends what makes no progress */
        break;
    }
}

static void sweep(struct tb_http_io *io, bool draining)
{
    io->swept_ns = io->now_ns;
    io->sweeps++;
    for (struct conn *c = io->conns; c != NULL; c = c->next)
        judge(io, c, draining);
}

/* ---- Loop ------------------------------------------------------------------------------- */

static void close_listener(struct tb_http_io *io)
{
    struct tb_http *h = io->h;
    if (io->number != 0 || atomic_load(&h->listener_closed))
        return;
    (void)epoll_ctl(io->epoll_fd, EPOLL_CTL_DEL, h->listen_fd, NULL);
    (void)close(h->listen_fd);
    atomic_store(&h->listener_closed, true);
    for (uint32_t i = 1; i < h->o.threads; i++)
        tb_http_io_wake(&h->io[i]);
}

static bool finished(struct tb_http_io *io)
{
    struct tb_http *h = io->h;
    if (!atomic_load(&h->listener_closed) || io->conns != NULL ||
        atomic_load(&io->connections) != 0 || atomic_load(&io->live) != 0)
        return false;
    return atomic_load(&io->events) == NULL;
}

static int patience_ms(struct tb_http_io *io, bool draining)
{
    MHD_UNSIGNED_LONG_LONG ms;
    int most = draining ? 20 : SWEEP_MS;
    if (MHD_get_timeout(io->daemon, &ms) != MHD_YES)
        return most;
    /* Where requests wait for the handler it always wants to run at once. After a turn in
     * which nothing moved, events are awaited instead; not for long, lest something was
     * ready that no callback tells of.                                                  */
    if (ms == 0 && io->waiting > 0 && io->still)
        return 1;
    return ms < (MHD_UNSIGNED_LONG_LONG)most ? (int)ms : most;
}

static void sleep_until_event(struct tb_http_io *io, int ms)
{
    struct epoll_event e[8];
    if (ms > 0) {
        atomic_store(&io->asleep, true);
        if (atomic_load(&io->events) != NULL)
            ms = 0;
    }
    int n = epoll_wait(io->epoll_fd, e, TB_COUNT_OF(e), ms);
    atomic_store(&io->asleep, false);
    io->now_ns = now_ns();
    for (int i = 0; i < n; i++)
        if (e[i].data.fd == io->h->listen_fd && io->number == 0 &&
            !atomic_load(&io->h->listener_closed))
            accept_some(io->h);
}

static void run_turn(struct tb_http_io *io)
{
    const struct tb_http_handler *handler = io->h->o.handler;
    uint64_t before = io->moved;
    if (handler->on_turn != NULL)
        handler->on_turn(io->h->o.user);
    (void)MHD_run(io->daemon);
    tb_http_lanes_start(io);
    io->still = io->moved == before;
    if (handler->on_turn != NULL)
        handler->on_turn(io->h->o.user);
}

void *tb_http_io_main(void *user)
{
    struct tb_http_io *io = user;
    char name[16];
    (void)snprintf(name, sizeof name, "tb-http-%u", io->number % 1000);
    (void)pthread_setname_np(pthread_self(), name);
    tb_http_self = io;
    io->now_ns = now_ns();
    for (;;) {
        bool draining = atomic_load(&io->h->draining);
        for (int i = 0; i < DRAINS && atomic_load_explicit(&io->events, memory_order_relaxed) != NULL; i++)
            drain_events(io); /* while these were answered others have come */
        add_arrivals(io);
        run_turn(io);
        if (draining)
            close_listener(io);
        if (draining || io->now_ns - io->swept_ns > SWEEP_MS * MS)
            sweep(io, draining);
        if (draining && finished(io))
            break;
        sleep_until_event(io, patience_ms(io, draining));
    }
    return NULL;
}
