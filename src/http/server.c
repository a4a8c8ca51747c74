// SPDX-License-Identifier: Apache-2.0
/* http/server.c - starting and stopping. The work is in server_io.c and server_mhd.c. */
#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/server_int.h"

static void set_defaults(struct tb_http_options *o)
{
    if (o->host == NULL)
        o->host = "127.0.0.1";
    if (o->threads == 0)
        o->threads = 1;
    if (o->connections_max == 0)
        o->connections_max = 10000;
    if (o->headers_max == 0)
        o->headers_max = 64;
    if (o->uri_bytes_max == 0)
        o->uri_bytes_max = TB_HTTP_URI_INLINE;
    if (o->line_bytes_max == 0)
        o->line_bytes_max = 65536;
    if (o->body_memory == 0)
        o->body_memory = (size_t)256 << 20;
    if (o->header_timeout_ms == 0)
        o->header_timeout_ms = 10000;
    if (o->idle_timeout_ms == 0)
        o->idle_timeout_ms = 75000;
    if (o->drain_timeout_ms == 0)
        o->drain_timeout_ms = 5000;
    if (o->body_bytes_per_s_min == 0)
        o->body_bytes_per_s_min = 1024;
}

static bool listen_on(struct tb_http *h, struct tb_fault *fault)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char port[8];
    (void)snprintf(port, sizeof port, "%u", h->o.port);
    if (getaddrinfo(h->o.host, port, &hints, &found) != 0) {
        tb_fault_set(fault, false, "%s is not a numeric address", h->o.host);
        return false;
    }
    int one = 1;
    struct sockaddr_storage self;
    socklen_t self_n = sizeof self;
    h->listen_fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool ok = h->listen_fd >= 0 &&
              setsockopt(h->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
              bind(h->listen_fd, found->ai_addr, found->ai_addrlen) == 0 &&
              listen(h->listen_fd, 1024) == 0 &&
              getsockname(h->listen_fd, (struct sockaddr *)&self, &self_n) == 0;
    if (!ok)
        tb_fault_set(fault, errno == EADDRINUSE, "cannot listen on %s port %u: %s", h->o.host,
                     h->o.port, strerror(errno));
    else if (self.ss_family == AF_INET6)
        h->port = ntohs(((struct sockaddr_in6 *)(void *)&self)->sin6_port);
    else
        h->port = ntohs(((struct sockaddr_in *)(void *)&self)->sin_port);
    freeaddrinfo(found);
    return ok;
}

/* fmt is a literal of libmicrohttpd's own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void mhd_log(void *user, const char *fmt, va_list args)
{
    struct tb_http *h = user;
    char text[256];
    if (h->o.log == NULL)
        return;
    int n = vsnprintf(text, sizeof text, fmt, args);
    for (int i = 0; i < n && i < (int)sizeof text; i++)
        if ((uint8_t)text[i] < 0x20)
            text[i] = ' '; /* one line, whatever a client sent */
    h->o.log(h->o.log_user, text);
}

#pragma GCC diagnostic pop

static bool epoll_join(struct tb_http_io *io, int fd, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.fd = fd};
    return epoll_ctl(io->epoll_fd, EPOLL_CTL_ADD, fd, &e) == 0;
}

static bool io_open(struct tb_http *h, struct tb_http_io *io)
{
    io->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    io->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    io->json = tb_json_index_create();
    if (io->epoll_fd < 0 || io->wake_fd < 0 || io->json == NULL ||
        getrandom(io->random, sizeof io->random, 0) != (ssize_t)sizeof io->random ||
        pthread_mutex_init(&io->arrival_lock, NULL) != 0)
        return false;
    io->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
        NULL, NULL, tb_http_mhd_access, io, MHD_OPTION_EXTERNAL_LOGGER, mhd_log, h,
        MHD_OPTION_NOTIFY_COMPLETED, tb_http_mhd_completed, io, MHD_OPTION_NOTIFY_CONNECTION,
        tb_http_mhd_connection, io, MHD_OPTION_URI_LOG_CALLBACK, tb_http_mhd_uri, io,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)TB_HTTP_POOL_BYTES,
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)4096, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)h->o.connections_max + 8, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)((h->o.idle_timeout_ms + 999) / 1000), MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_END);
    if (io->daemon == NULL)
        return false;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(io->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    /* The counter is never read: an edge is reported for every write. */
    return info != NULL && epoll_join(io, info->epoll_fd, EPOLLIN) &&
           epoll_join(io, io->wake_fd, EPOLLIN | EPOLLET) &&
           (io->number != 0 || epoll_join(io, h->listen_fd, EPOLLIN));
}

static void io_close(struct tb_http_io *io)
{
    while (atomic_load(&io->callers) != 0)
        (void)sched_yield();
    if (io->daemon != NULL)
        MHD_stop_daemon(io->daemon);
    if (io->wake_fd >= 0)
        (void)close(io->wake_fd);
    if (io->epoll_fd >= 0)
        (void)close(io->epoll_fd);
    tb_json_index_destroy(io->json);
    while (io->spare != NULL) {
        struct req *next = io->spare->next_event;
        free(io->spare);
        io->spare = next;
    }
}

static void destroy(struct tb_http *h)
{
    for (uint32_t i = 0; h->io != NULL && i < h->o.threads; i++) {
        if (h->io[i].started)
            (void)pthread_join(h->io[i].thread, NULL);
    }
    for (uint32_t i = 0; h->io != NULL && i < h->o.threads; i++)
        io_close(&h->io[i]);
    if (h->listen_fd >= 0 && !atomic_load(&h->listener_closed))
        (void)close(h->listen_fd);
    free(h->io);
    free(h->ip_count);
    free(h);
}

static bool prepare(struct tb_http *h, struct tb_fault *fault)
{
    h->io = calloc(h->o.threads, sizeof *h->io);
    if (h->o.connections_per_ip_max > 0)
        h->ip_count = calloc(TB_HTTP_IP_SLOTS, sizeof *h->ip_count);
    if (h->io == NULL || (h->o.connections_per_ip_max > 0 && h->ip_count == NULL) ||
        getrandom(&h->ip_seed, sizeof h->ip_seed, 0) != (ssize_t)sizeof h->ip_seed) {
        tb_fault_set(fault, true, "out of memory");
        return false;
    }
    for (uint32_t i = 0; i < h->o.threads; i++) {
        h->io[i].h = h;
        h->io[i].number = i;
        h->io[i].epoll_fd = h->io[i].wake_fd = -1;
    }
    h->has_proxy = h->o.proxy != NULL;
    if (h->has_proxy && !tb_http_address(tb_str_of(h->o.proxy), h->proxy)) {
        tb_fault_set(fault, false, "the proxy %s is not a numeric address", h->o.proxy);
        return false;
    }
    if (!listen_on(h, fault))
        return false;
    for (uint32_t i = 0; i < h->o.threads; i++)
        if (!io_open(h, &h->io[i])) {
            tb_fault_set(fault, true, "cannot prepare IO thread %u", i);
            return false;
        }
    return true;
}

static void drain(struct tb_http *h)
{
    atomic_store(&h->draining, true);
    for (uint32_t i = 0; i < h->o.threads; i++)
        if (h->io[i].started)
            tb_http_io_wake(&h->io[i]);
}

struct tb_http *tb_http_start(const struct tb_http_options *options, struct tb_fault *fault)
{
    struct tb_http *h = calloc(1, sizeof *h);
    if (h == NULL) {
        tb_fault_set(fault, true, "out of memory");
        return NULL;
    }
    h->o = *options;
    h->listen_fd = -1;
    set_defaults(&h->o);
    tb_assert(h->o.handler != NULL && h->o.uri_bytes_max <= TB_HTTP_URI_INLINE);
    atomic_store(&h->body_left, (int64_t)h->o.body_memory);
    bool ok = prepare(h, fault);
    for (uint32_t i = 0; ok && i < h->o.threads; i++) {
        ok = pthread_create(&h->io[i].thread, NULL, tb_http_io_main, &h->io[i]) == 0;
        h->io[i].started = ok;
        if (!ok)
            tb_fault_set(fault, true, "cannot start IO thread %u", i);
    }
    if (ok)
        return h;
    if (h->io != NULL)
        drain(h);
    destroy(h);
    return NULL;
}

uint16_t tb_http_port(const struct tb_http *h)
{
    return h->port;
}

void tb_http_stop(struct tb_http *h)
{
    drain(h);
    destroy(h);
}

void tb_http_figures_read(const struct tb_http *h, struct tb_http_figures *out)
{
    *out = (struct tb_http_figures){.connections_accepted = atomic_load(&h->accepted),
                                    .connections_refused = atomic_load(&h->refused)};
    for (uint32_t i = 0; i < h->o.threads; i++) {
        const struct tb_http_io *io = &h->io[i];
        out->requests += atomic_load_explicit(&io->requests, memory_order_relaxed);
        for (uint32_t c = 0; c < TB_COUNT_OF(out->replies_by_class); c++)
            out->replies_by_class[c] +=
                atomic_load_explicit(&io->by_class[c], memory_order_relaxed);
        out->wakeups += atomic_load_explicit(&io->wakeups, memory_order_relaxed);
        out->slow_closed += atomic_load_explicit(&io->slow_closed, memory_order_relaxed);
        out->connections += atomic_load(&io->connections);
        out->in_flight += atomic_load(&io->in_flight);
    }
}
