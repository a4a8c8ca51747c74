// SPDX-License-Identifier: Apache-2.0
/* The admin socket, both ends. See admin.h. */
#include "cli/admin.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_MAX 8
#define WORDS_MAX 1100
#define WORDS_BYTES_MAX (64u << 10)
#define POLL_MS 100

struct client {
    struct tb_admin *admin;
    pthread_t thread;
    int fd;
    bool used;           /* the thread is to be joined */
    _Atomic bool ended;
    _Atomic bool cancel;
    pthread_mutex_t lock; /* frames of stdout and stderr */
};

struct tb_admin {
    struct tb_node *node;
    int fd;
    char path[4096];
    pthread_t thread;
    _Atomic bool stop;
    struct client client[CLIENTS_MAX];
};

/* ---- bytes ------------------------------------------------------------------------------------- */

static bool send_all(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool receive_all(int fd, void *bytes, size_t n)
{
    char *p = bytes;
    while (n > 0) {
        ssize_t got = recv(fd, p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}

/* ---- server ------------------------------------------------------------------------------------ */

struct frame_file {
    struct client *client;
    char what;
};

static ssize_t frame_write(void *cookie, const char *bytes, size_t n)
{
    struct frame_file *f = cookie;
    struct client *c = f->client;
    char head[16];
    int head_n = snprintf(head, sizeof head, "%c%08zx", f->what, n);
    pthread_mutex_lock(&c->lock);
    bool ok = send_all(c->fd, head, (size_t)head_n) && send_all(c->fd, bytes, n);
    pthread_mutex_unlock(&c->lock);
    if (!ok)
        atomic_store(&c->cancel, true);
    return ok ? (ssize_t)n : 0;
}

static FILE *frame_open(struct frame_file *f)
{
    return fopencookie(f, "w", (cookie_io_functions_t){.write = frame_write});
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void unescape(char *s)
{
    char *to = s;
    for (; *s; s++) {
        if (s[0] == '%' && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0) {
            *to++ = (char)(hex_digit(s[1]) << 4 | hex_digit(s[2]));
            s += 2;
        } else {
            *to++ = *s;
        }
    }
    *to = 0;
}

/* Reads the head up to its empty line; words point into text. */
struct words {
    char *text; /* WORDS_BYTES_MAX + 1 */
    const char *word[WORDS_MAX];
    int n;
    const char *cwd;
    bool tty;
};

static bool read_words(int fd, struct words *w)
{
    size_t n = 0;
    while (n < 2 || memcmp(w->text + n - 2, "\n\n", 2) != 0) {
        if (n == WORDS_BYTES_MAX)
            return false;
        ssize_t got = recv(fd, w->text + n, WORDS_BYTES_MAX - n, 0);
        if (got <= 0)
            return false;
        n += (size_t)got;
    }
    w->text[n] = 0;
    char *next;
    for (char *line = w->text; *line != '\n' && *line != 0; line = next) {
        next = strchr(line, '\n');
        if (next == NULL)
            return false;
        *next++ = 0;
        if (strncmp(line, "arg ", 4) == 0 && w->n < WORDS_MAX) {
            unescape(line + 4);
            w->word[w->n++] = line + 4;
        } else if (strncmp(line, "cwd ", 4) == 0) {
            unescape(line + 4);
            w->cwd = line + 4;
        } else if (strcmp(line, "tty 1") == 0) {
            w->tty = true;
        } else if (strcmp(line, "tty 0") != 0) {
            return false;
        }
    }
    return w->n > 0 && w->cwd != NULL;
}

static int run_verb(struct client *c, const struct words *w, FILE *out, FILE *err)
{
    const struct tb_verb *v = tb_verb_find(w->word[0]);
    struct tb_cli *cli = calloc(1, sizeof *cli);
    int code = TB_EXIT_USAGE;
    if (cli == NULL || v == NULL || v->place != TB_VERB_ON_FOLDER) {
        fprintf(err, "tongbao: the serving process has no verb %s (another version?)\n", w->word[0]);
    } else if (tb_args_read(&cli->args, w->n - 1, w->word + 1, v->options, err)) {
        cli->verb = v->name;
        cli->out = out;
        cli->err = err;
        cli->tty = w->tty;
        cli->cwd = w->cwd;
        cli->node = c->admin->node;
        cli->cancel = &c->cancel;
        code = v->run(cli);
    }
    free(cli);
    return code;
}

static void serve_client(struct client *c)
{
    struct words *w = calloc(1, sizeof *w);
    char *text = malloc(WORDS_BYTES_MAX + 1);
    if (w != NULL && text != NULL) {
        w->text = text;
        struct frame_file f[2] = {{c, 'o'}, {c, 'e'}};
        FILE *out = frame_open(&f[0]);
        FILE *err = frame_open(&f[1]);
        if (out != NULL && err != NULL && read_words(c->fd, w)) {
            (void)setvbuf(err, NULL, _IOLBF, 4096);
            int code = run_verb(c, w, out, err);
            (void)fflush(out);
            (void)fflush(err);
            char last[24];
            int n = snprintf(last, sizeof last, "x%08x%03d", 3u, code);
            (void)send_all(c->fd, last, (size_t)n);
        }
        if (out != NULL)
            (void)fclose(out);
        if (err != NULL)
            (void)fclose(err);
    }
    free(text);
    free(w);
}

static void *client_main(void *user)
{
    struct client *c = user;
    serve_client(c);
    atomic_store(&c->ended, true);
    return NULL;
}

static void reap(struct tb_admin *a, bool all)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &a->client[i];
        if (!c->used || !(all || atomic_load(&c->ended)))
            continue;
        pthread_join(c->thread, NULL);
        (void)close(c->fd);
        pthread_mutex_destroy(&c->lock);
        c->used = false;
    }
}

/* A client that hung up while its verb runs: the verb ends soon. */
static void notice_leavers(struct tb_admin *a)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &a->client[i];
        struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
        if (c->used && poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)))
            atomic_store(&c->cancel, true);
    }
}

static bool same_user(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void take_client(struct tb_admin *a)
{
    int fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    reap(a, false);
    for (uint32_t i = 0; i < CLIENTS_MAX && same_user(fd); i++) {
        struct client *c = &a->client[i];
        if (c->used)
            continue;
        struct timeval patience = {.tv_sec = 30};
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        *c = (struct client){.admin = a, .fd = fd};
        pthread_mutex_init(&c->lock, NULL);
        c->used = pthread_create(&c->thread, NULL, client_main, c) == 0;
        if (c->used)
            return;
    }
    (void)close(fd);
}

static void *admin_main(void *user)
{
    struct tb_admin *a = user;
    while (!atomic_load(&a->stop)) {
        struct pollfd p = {.fd = a->fd, .events = POLLIN};
        if (poll(&p, 1, POLL_MS) == 1)
            take_client(a);
        notice_leavers(a);
        reap(a, false);
    }
    return NULL;
}

static bool address_of(const char *path, struct sockaddr_un *to)
{
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof to->sun_path)
        return false;
    memcpy(to->sun_path, path, strlen(path));
    return true;
}

bool tb_admin_open(struct tb_node *n, struct tb_admin **out, struct tb_fault *fault)
{
    struct sockaddr_un address;
    struct tb_admin *a = calloc(1, sizeof *a);
    tb_assert(a != NULL);
    a->node = n;
    a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = a->fd >= 0 && tb_node_path(n->data, "admin.sock", a->path, sizeof a->path) != NULL;
    if (ok && !address_of(a->path, &address)) {
        tb_fault_set(fault, false, "the data folder's name is too long for an admin socket (%zu bytes fit)",
                     sizeof address.sun_path - sizeof "/admin.sock");
        (void)close(a->fd);
        free(a);
        return false;
    }
    if (ok) {
        (void)unlink(a->path); /* we hold the folder: what is there belongs to a dead process */
        mode_t old = umask(0177);
        ok = bind(a->fd, (struct sockaddr *)&address, sizeof address) == 0;
        (void)umask(old);
    }
    ok = ok && listen(a->fd, 16) == 0 && pthread_create(&a->thread, NULL, admin_main, a) == 0;
    if (!ok) {
        tb_fault_set(fault, false, "the admin socket cannot be opened: %s", strerror(errno));
        (void)close(a->fd);
        free(a);
        return false;
    }
    *out = a;
    return true;
}

void tb_admin_close(struct tb_admin *a)
{
    if (a == NULL)
        return;
    atomic_store(&a->stop, true);
    pthread_join(a->thread, NULL);
    (void)unlink(a->path);
    (void)close(a->fd);
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        atomic_store(&a->client[i].cancel, true);
        if (a->client[i].used)
            (void)shutdown(a->client[i].fd, SHUT_RD);
    }
    reap(a, true);
    free(a);
}

/* ---- client ------------------------------------------------------------------------------------ */

int tb_admin_connect(const char *data)
{
    char path[4096];
    struct sockaddr_un address;
    if (tb_node_path(data, "admin.sock", path, sizeof path) == NULL || !address_of(path, &address))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static bool send_word(int fd, const char *label, const char *word)
{
    char text[4096 * 3 + 16];
    size_t n = (size_t)snprintf(text, sizeof text, "%s ", label);
    for (; *word != 0; word++) {
        if (n + 8 > sizeof text)
            return false;
        if ((unsigned char)*word < 0x20 || *word == '%')
            n += (size_t)snprintf(text + n, sizeof text - n, "%%%02X", (unsigned char)*word);
        else
            text[n++] = *word;
    }
    text[n++] = '\n';
    return send_all(fd, text, n);
}

static bool copy_frame(int fd, FILE *to, size_t n)
{
    char bytes[4096];
    while (n > 0) {
        size_t part = n < sizeof bytes ? n : sizeof bytes;
        if (!receive_all(fd, bytes, part))
            return false;
        (void)fwrite(bytes, 1, part, to);
        n -= part;
    }
    return fflush(to) == 0;
}

int tb_admin_run(int fd, int argc, const char *const *argv)
{
    char cwd[4096];
    bool ok = getcwd(cwd, sizeof cwd) != NULL && send_word(fd, "cwd", cwd) &&
              send_word(fd, "tty", isatty(STDERR_FILENO) ? "1" : "0");
    for (int i = 0; ok && i < argc; i++)
        ok = send_word(fd, "arg", argv[i]);
    ok = ok && send_all(fd, "\n", 1);
    while (ok) {
        char head[10] = {0};
        char code[4] = {0};
        if (!receive_all(fd, head, 9))
            break;
        size_t n = strtoul(head + 1, NULL, 16);
        if (head[0] == 'x') {
            ok = n == 3 && receive_all(fd, code, 3);
            (void)close(fd);
            return ok ? (int)strtol(code, NULL, 10) : TB_EXIT_FAULT;
        }
        ok = copy_frame(fd, head[0] == 'o' ? stdout : stderr, n);
    }
    fprintf(stderr, "tongbao: the serving process went away\n");
    (void)close(fd);
    return TB_EXIT_FAULT;
}
