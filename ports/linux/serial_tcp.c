/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/serial_backend.h"

#define CONNECT_MS    5000u
#define HOST_MAX      256
#define PORT_TEXT_MAX 6

struct tcp_address {
    char host[HOST_MAX];
    char port[PORT_TEXT_MAX];
};

static bool copy_text(char *out, size_t cap, const char *text, size_t len)
{
    if (len == 0 || len >= cap)
        return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

/* The last colon parts host and port; an IPv6 host wears brackets. */
static bool split_address(const char *address, struct tcp_address *out)
{
    const char *colon = strrchr(address, ':');

    if (colon == NULL)
        return false;
    const char *host = address;
    size_t host_len = (size_t)(colon - address);
    if (host_len >= 2 && host[0] == '[' && host[host_len - 1] == ']') {
        host++;
        host_len -= 2;
    }
    const char *port = colon + 1;
    if (strspn(port, "0123456789") != strlen(port))
        return false;
    return copy_text(out->host, sizeof out->host, host, host_len) &&
           copy_text(out->port, sizeof out->port, port, strlen(port));
}

/* 0, or errno. */
static int await_connected(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    struct clock_posix clock;
    int err = 0;
    socklen_t len = sizeof err;

    clock_posix_init(&clock);
    struct tdm_deadline deadline = tdm_deadline_in(&clock.port, CONNECT_MS);
    for (;;) {
        int n = poll(&p, 1, (int)tdm_deadline_left_ms(&deadline));
        if (n > 0)
            return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) == 0 ? err : errno;
        if (n < 0 && errno != EINTR)
            return errno;
        if (tdm_deadline_passed(&deadline))
            return ETIMEDOUT;
    }
}

/* A connected descriptor, or -1 with *err. Small requests must leave at once: no delay for coalescing. */
static int connect_one(const struct addrinfo *a, int *err)
{
    const int on = 1;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);

    if (fd < 0) {
        *err = errno;
        return -1;
    }
    *err = connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    if (*err == EINPROGRESS || *err == EINTR)
        *err = await_connected(fd);
    if (*err == 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        *err = errno;
    if (*err != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

tdm_err serial_tcp_open(struct serial_linux *s, const char *address, uint32_t baud, struct tdm_fault *why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    struct tcp_address to;
    int fd = -1, err = 0;

    (void)baud; /* the far end's business */
    if (!split_address(address, &to))
        return tdm_fault_set(why, TDM_E_FORMAT, "port_bad_address", "behind :// there is no HOST:PORT", 0);
    if (getaddrinfo(to.host, to.port, &hints, &found) != 0)
        return tdm_fault_set(why, TDM_E_NOT_FOUND, "port_not_found", "there is no such host", 0);
    for (const struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next)
        fd = connect_one(a, &err);
    freeaddrinfo(found);
    if (fd < 0)
        return tdm_fault_set(why, TDM_E_UNREACHABLE, "port_unreachable", "no connection to the serial server",
                             (uint64_t)err);
    s->fd = fd;
    s->is_open = true;
    s->is_tty = false;
    return TDM_OK;
}
