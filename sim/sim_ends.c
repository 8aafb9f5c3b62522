/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_ends.h"

#include <arpa/inet.h>
#include <asm/ioctls.h>
#include <asm/termbits.h> /* termios2: the rate as a number; excludes <termios.h> */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "linux/ioctl_request.h"

static bool complain(const char *doing, const char *what)
{
    (void)fprintf(stderr, "tandem-sim: cannot %s %s: %s\n", doing, what, strerror(errno));
    return false;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* nothing is pending on it that could fail */
    *fd = -1;
}

static bool set_nonblocking(int fd)
{
    return fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* ---- pty ------------------------------------------------------------------------------------------------------------ */

/* A line that passes every byte: no echo, no translation. Stays so until a program that opens it sets it otherwise. */
static bool make_raw(const char *slave)
{
    struct termios2 t;
    int fd = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
    bool is_done;

    if (fd < 0 || ioctl(fd, (ioctl_request)TCGETS2, &t) != 0) {
        close_fd(&fd);
        return false;
    }
    t.c_iflag = t.c_oflag = t.c_lflag = 0;
    t.c_cflag = CS8 | CREAD | CLOCAL | BOTHER;
    t.c_ispeed = t.c_ospeed = SIM_ROM_BAUD;
    is_done = ioctl(fd, (ioctl_request)TCSETS2, &t) == 0;
    close_fd(&fd);
    return is_done;
}

static bool open_pty(struct sim_ends *e, const char *link_path)
{
    const char *slave;

    e->pty = posix_openpt(O_RDWR | O_NOCTTY);
    if (e->pty < 0 || grantpt(e->pty) != 0 || unlockpt(e->pty) != 0 || !set_nonblocking(e->pty))
        return complain("open", "a pty");
    slave = ptsname(e->pty);
    if (slave == NULL || !make_raw(slave))
        return complain("prepare", "the pty");
    if (unlink(link_path) != 0 && errno != ENOENT)
        return complain("replace", link_path);
    if (symlink(slave, link_path) != 0)
        return complain("link", link_path);
    e->pty_link = link_path;
    return true;
}

static void look_at_pty(struct sim_ends *e)
{
    struct pollfd p = {.fd = e->pty, .events = POLLIN};

    e->pty_is_open = e->pty >= 0 && poll(&p, 1, 0) >= 0 && (p.revents & POLLHUP) == 0;
}

static uint32_t pty_baud(int pty)
{
    struct termios2 t;

    return ioctl(pty, (ioctl_request)TCGETS2, &t) == 0 && t.c_ospeed > 0 ? t.c_ospeed : SIM_ROM_BAUD;
}

/* ---- sockets -------------------------------------------------------------------------------------------------------- */

static bool listen_on(int *listener, int port, int *got_port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t len = sizeof addr;
    int on = 1;

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *listener = socket(AF_INET, SOCK_STREAM, 0);
    if (*listener < 0 || setsockopt(*listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(*listener, (struct sockaddr *)&addr, sizeof addr) != 0 || listen(*listener, 1) != 0 ||
        !set_nonblocking(*listener) || getsockname(*listener, (struct sockaddr *)&addr, &len) != 0)
        return complain("listen on", "the TCP port");
    *got_port = ntohs(addr.sin_port);
    return true;
}

static bool open_control(struct sim_ends *e, const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof addr.sun_path) {
        errno = ENAMETOOLONG;
        return complain("make", path);
    }
    (void)snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
    if (unlink(path) != 0 && errno != ENOENT)
        return complain("replace", path);
    e->control_listen = socket(AF_UNIX, SOCK_STREAM, 0);
    if (e->control_listen < 0 || bind(e->control_listen, (struct sockaddr *)&addr, sizeof addr) != 0)
        return complain("make", path);
    e->control_path = path;
    if (listen(e->control_listen, SIM_CONTROL_CLIENTS) != 0 || !set_nonblocking(e->control_listen))
        return complain("listen on", path);
    return true;
}

static int accept_one(int listener)
{
    int fd = listener < 0 ? -1 : accept(listener, NULL, NULL);

    if (fd >= 0 && !set_nonblocking(fd))
        close_fd(&fd);
    return fd;
}

static int accept_tcp(int listener)
{
    int on = 1, fd = accept_one(listener);

    if (fd >= 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        close_fd(&fd);
    return fd;
}

static void accept_rfc2217(struct sim_ends *e)
{
    e->rfc2217 = accept_tcp(e->rfc2217_listen);
    if (e->rfc2217 < 0)
        return;
    sim_rfc2217_init(&e->server, SIM_ROM_BAUD);
    e->raw_pos = e->raw_len = 0;
}

static void accept_waiting(struct sim_ends *e)
{
    if (e->tcp < 0)
        e->tcp = accept_tcp(e->tcp_listen);
    if (e->rfc2217 < 0)
        accept_rfc2217(e);
    for (size_t i = 0; i < SIM_CONTROL_CLIENTS; i++)
        if (e->clients[i].fd < 0)
            e->clients[i] = (struct sim_control_client){.fd = accept_one(e->control_listen)};
}

bool sim_ends_open(struct sim_ends *e, const char *pty_link, int tcp_port, int rfc2217_port, const char *control_path)
{
    *e = (struct sim_ends){
        .pty = -1, .tcp_listen = -1, .tcp = -1, .control_listen = -1, .rfc2217_listen = -1, .rfc2217 = -1};
    for (size_t i = 0; i < SIM_CONTROL_CLIENTS; i++)
        e->clients[i].fd = -1;
    return (pty_link == NULL || open_pty(e, pty_link)) &&
           (tcp_port < 0 || listen_on(&e->tcp_listen, tcp_port, &e->tcp_port)) &&
           (rfc2217_port < 0 || listen_on(&e->rfc2217_listen, rfc2217_port, &e->rfc2217_port)) &&
           (control_path == NULL || open_control(e, control_path));
}

void sim_ends_close(struct sim_ends *e)
{
    if (e->pty_link != NULL)
        (void)unlink(e->pty_link); /* gone already is as good */
    if (e->control_path != NULL)
        (void)unlink(e->control_path);
    for (size_t i = 0; i < SIM_CONTROL_CLIENTS; i++)
        close_fd(&e->clients[i].fd);
    close_fd(&e->pty);
    close_fd(&e->tcp);
    close_fd(&e->tcp_listen);
    close_fd(&e->rfc2217);
    close_fd(&e->rfc2217_listen);
    close_fd(&e->control_listen);
}

/* ---- flash ---------------------------------------------------------------------------------------------------------- */

/* A file that is shorter than the chip goes on with ff. */
static bool fill_up(int fd, uint64_t from, uint64_t size)
{
    uint8_t erased[SIM_FLASH_SECTOR];

    memset(erased, 0xff, sizeof erased);
    while (from < size) {
        size_t len = size - from < sizeof erased ? (size_t)(size - from) : sizeof erased;
        ssize_t n = pwrite(fd, erased, len, (off_t)from);
        if (n <= 0)
            return false;
        from += (uint64_t)n;
    }
    return true;
}

uint8_t *sim_ends_map_flash(const char *path, uint32_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    struct stat st;
    void *mem = MAP_FAILED;

    if (fd < 0 || fstat(fd, &st) != 0) {
        complain("open", path);
    } else if (st.st_size > (off_t)size) {
        (void)fprintf(stderr, "tandem-sim: %s is larger than the flash of %u bytes; give --flash-size\n", path,
                      (unsigned)size);
    } else if (!fill_up(fd, (uint64_t)st.st_size, size)) {
        complain("fill", path);
    } else {
        mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (mem == MAP_FAILED)
            complain("map", path);
    }
    close_fd(&fd);
    return mem == MAP_FAILED ? NULL : mem;
}

/* ---- traffic -------------------------------------------------------------------------------------------------------- */

size_t sim_ends_poll_set(const struct sim_ends *e, struct pollfd set[SIM_ENDS_POLL_MAX])
{
    size_t n = 0;
    bool has_room = false;

    for (size_t i = 0; i < SIM_CONTROL_CLIENTS; i++) {
        if (e->clients[i].fd >= 0)
            set[n++] = (struct pollfd){.fd = e->clients[i].fd, .events = POLLIN};
        else
            has_room = true;
    }
    if (e->control_listen >= 0 && has_room)
        set[n++] = (struct pollfd){.fd = e->control_listen, .events = POLLIN};
    if (e->pty_is_open)
        set[n++] = (struct pollfd){.fd = e->pty, .events = POLLIN};
    if (e->tcp >= 0)
        set[n++] = (struct pollfd){.fd = e->tcp, .events = POLLIN};
    else if (e->tcp_listen >= 0)
        set[n++] = (struct pollfd){.fd = e->tcp_listen, .events = POLLIN};
    if (e->rfc2217 >= 0)
        set[n++] = (struct pollfd){.fd = e->rfc2217, .events = POLLIN};
    else if (e->rfc2217_listen >= 0)
        set[n++] = (struct pollfd){.fd = e->rfc2217_listen, .events = POLLIN};
    return n;
}

static bool would_wait(ssize_t n)
{
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

/* 0 also when the client has gone. */
static size_t receive_tcp(int *fd, uint8_t *buf, size_t cap)
{
    ssize_t n = *fd < 0 ? 0 : recv(*fd, buf, cap, 0);

    if (*fd >= 0 && n <= 0 && !would_wait(n))
        close_fd(fd);
    return n > 0 ? (size_t)n : 0;
}

static void send_tcp(int *fd, const uint8_t *data, size_t len)
{
    if (*fd >= 0 && len > 0 && send(*fd, data, len, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
        close_fd(fd);
}

static size_t receive_rfc2217(struct sim_ends *e, uint8_t *buf, enum sim_rfc2217_act *act)
{
    const uint8_t *data = NULL;
    size_t len = 0;

    while (*act == SIM_RFC2217_NOTHING) {
        if (e->raw_pos == e->raw_len) {
            e->raw_pos = 0;
            e->raw_len = receive_tcp(&e->rfc2217, e->raw, sizeof e->raw);
            if (e->raw_len == 0)
                return 0;
        }
        e->raw_pos += sim_rfc2217_take(&e->server, e->raw + e->raw_pos, e->raw_len - e->raw_pos, act, &data, &len);
        send_tcp(&e->rfc2217, e->server.reply, e->server.reply_len);
    }
    if (*act != SIM_RFC2217_DATA)
        return 0;
    memcpy(buf, data, len);
    return len;
}

size_t sim_ends_receive(struct sim_ends *e, uint8_t *buf, size_t cap, uint32_t *baud, enum sim_rfc2217_act *act)
{
    *act = SIM_RFC2217_NOTHING;
    look_at_pty(e);
    accept_waiting(e);
    if (e->pty >= 0) { /* what a program sent before it closed the line is still there */
        *baud = pty_baud(e->pty);
        ssize_t n = read(e->pty, buf, cap);
        if (n > 0)
            return (size_t)n;
    }
    *baud = SIM_BAUD_ANY;
    size_t n = receive_tcp(&e->tcp, buf, cap);
    if (n > 0)
        return n;
    n = receive_rfc2217(e, buf, act);
    *baud = e->server.baud;
    return n;
}

uint32_t sim_ends_listen_baud(const struct sim_ends *e)
{
    if (e->rfc2217 >= 0)
        return e->server.baud;
    return e->pty_is_open ? pty_baud(e->pty) : SIM_BAUD_ANY;
}

static void send_rfc2217(struct sim_ends *e, const uint8_t *data, size_t len)
{
    uint8_t wire[2048];
    size_t used;

    for (; len > 0 && e->rfc2217 >= 0; data += used, len -= used)
        send_tcp(&e->rfc2217, wire, rfc2217_encode(wire, sizeof wire, data, len, &used));
}

/* A receiver that is not there, or does not take its bytes in time, loses them: so does a UART. */
void sim_ends_send(struct sim_ends *e, const uint8_t *data, size_t len)
{
    look_at_pty(e);
    if (e->pty_is_open && write(e->pty, data, len) < 0 && errno != EAGAIN && errno != EIO)
        complain("write to", "the pty");
    send_tcp(&e->tcp, data, len);
    send_rfc2217(e, data, len);
}

/* ---- control -------------------------------------------------------------------------------------------------------- */

static void hear_client(struct sim_control_client *c)
{
    ssize_t n = recv(c->fd, c->line + c->len, sizeof c->line - 1 - c->len, 0);

    if (n > 0)
        c->len += (size_t)n;
    else if (!would_wait(n)) /* also when a line is longer than any that means something: no room gives 0 */
        close_fd(&c->fd);
}

static bool take_line(struct sim_control_client *c, char line[SIM_CONTROL_LINE_MAX])
{
    char *end = memchr(c->line, '\n', c->len);
    size_t used;

    if (end == NULL)
        return false;
    used = (size_t)(end - c->line) + 1;
    memcpy(line, c->line, used - 1);
    line[used - 1] = '\0';
    c->len -= used;
    memmove(c->line, c->line + used, c->len);
    return true;
}

bool sim_ends_control_line(struct sim_ends *e, char line[SIM_CONTROL_LINE_MAX], size_t *client)
{
    for (size_t i = 0; i < SIM_CONTROL_CLIENTS; i++) {
        struct sim_control_client *c = &e->clients[i];
        *client = i;
        if (c->fd < 0)
            continue;
        if (take_line(c, line))
            return true;
        hear_client(c);
        if (c->fd >= 0 && take_line(c, line))
            return true;
    }
    return false;
}

void sim_ends_control_answer(struct sim_ends *e, size_t client, const char *answer)
{
    struct sim_control_client *c = &e->clients[client];

    if (c->fd >= 0 && send(c->fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
        close_fd(&c->fd);
}
