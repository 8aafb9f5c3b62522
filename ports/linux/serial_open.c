/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/cancel.h"
#include "linux/serial_backend.h"

/* Enough for any backlog of a line; a peer that talks without a pause must not keep us here. */
#define DROP_READS_MAX 64

static struct serial_linux *self(struct tdm_serial *port)
{
    return (struct serial_linux *)port;
}

/* A device that was pulled out and a peer that went away are the same to the caller. */
static tdm_err wire_err(int err)
{
    switch (err) {
    case EIO:
    case ENXIO:
    case ENODEV:
    case EPIPE:
    case ECONNRESET:
    case ETIMEDOUT:
    case ENETUNREACH:
    case EHOSTUNREACH:
        return TDM_E_UNREACHABLE;
    default:
        return TDM_E_IO;
    }
}

static bool is_transient(int err)
{
    return err == EAGAIN || err == EWOULDBLOCK || err == EINTR;
}

/* TDM_OK: worth trying, which includes a hang-up, since read and write then say so. */
static tdm_err wait_for(int fd, short events, const struct tdm_deadline *deadline, enum serial_heed heed)
{
    struct pollfd p[2] = {{.fd = fd, .events = events},
                          {.fd = heed == SERIAL_HEEDS_CANCEL ? cancel_fd() : -1, .events = POLLIN}};

    for (;;) {
        int n = poll(p, 2, (int)tdm_deadline_left_ms(deadline));
        if (heed == SERIAL_HEEDS_CANCEL && cancel_is_asked())
            return TDM_E_CANCELLED;
        if (n > 0)
            return TDM_OK;
        if (n < 0 && errno != EINTR)
            return TDM_E_IO;
        if (tdm_deadline_passed(deadline))
            return TDM_E_TIMEOUT;
    }
}

tdm_err serial_wire_receive(const struct serial_linux *s, uint8_t *buf, size_t cap, const struct tdm_deadline *deadline,
                            enum serial_heed heed, size_t *got)
{
    for (;;) {
        tdm_err err = wait_for(s->fd, POLLIN, deadline, heed);
        if (err != TDM_OK)
            return err;
        ssize_t n = read(s->fd, buf, cap);
        if (n > 0) {
            *got = (size_t)n;
            return TDM_OK;
        }
        if (n == 0)
            return TDM_E_UNREACHABLE;
        if (!is_transient(errno))
            return wire_err(errno);
        if (tdm_deadline_passed(deadline))
            return TDM_E_TIMEOUT;
    }
}

static ssize_t send_some(const struct serial_linux *s, const uint8_t *data, size_t len)
{
    return s->is_tty ? write(s->fd, data, len) : send(s->fd, data, len, MSG_NOSIGNAL);
}

tdm_err serial_wire_send(const struct serial_linux *s, const uint8_t *data, size_t len,
                         const struct tdm_deadline *deadline, enum serial_heed heed, size_t *sent)
{
    for (*sent = 0; *sent < len;) {
        if (heed == SERIAL_HEEDS_CANCEL && cancel_is_asked())
            return TDM_E_CANCELLED;
        ssize_t n = send_some(s, data + *sent, len - *sent);
        if (n > 0) {
            *sent += (size_t)n;
            continue;
        }
        if (n < 0 && !is_transient(errno))
            return wire_err(errno);
        tdm_err err = wait_for(s->fd, POLLOUT, deadline, heed);
        if (err != TDM_OK)
            return err;
    }
    return TDM_OK;
}

static tdm_err serial_linux_read(struct tdm_serial *port, uint8_t *buf, size_t cap, uint32_t timeout_ms, size_t *got)
{
    const struct serial_linux *s = self(port);
    struct clock_posix clock;

    if (!s->is_open)
        return TDM_E_STATE;
    clock_posix_init(&clock);
    struct tdm_deadline deadline = tdm_deadline_in(&clock.port, timeout_ms);
    return serial_wire_receive(s, buf, cap, &deadline, SERIAL_HEEDS_CANCEL, got);
}

static tdm_err serial_linux_write(struct tdm_serial *port, const uint8_t *data, size_t len, uint32_t timeout_ms)
{
    const struct serial_linux *s = self(port);
    struct clock_posix clock;
    size_t sent;

    if (!s->is_open)
        return TDM_E_STATE;
    clock_posix_init(&clock);
    struct tdm_deadline deadline = tdm_deadline_in(&clock.port, timeout_ms);
    return serial_wire_send(s, data, len, &deadline, SERIAL_HEEDS_CANCEL, &sent);
}

/* A TCP connection has no rate of its own: whoever serves the far end decides how fast its line is. */
static tdm_err serial_linux_set_baud(struct tdm_serial *port, uint32_t baud)
{
    struct serial_linux *s = self(port);

    if (!s->is_open)
        return TDM_E_STATE;
    if (!s->is_tty)
        return TDM_OK;
    tdm_err err = serial_tty_drain(s->fd);
    return err != TDM_OK ? err : serial_tty_set_raw(s->fd, baud);
}

static tdm_err serial_linux_drop_input(struct tdm_serial *port)
{
    struct serial_linux *s = self(port);
    uint8_t dropped[1024];

    if (!s->is_open)
        return TDM_E_STATE;
    if (s->is_tty) {
        tdm_err err = serial_tty_drop_input(s->fd);
        if (err != TDM_OK)
            return err;
    }
    for (int i = 0; i < DROP_READS_MAX; i++) {
        size_t got = 0;
        tdm_err err = serial_linux_read(port, dropped, sizeof dropped, 0, &got);
        if (err != TDM_OK)
            return err == TDM_E_TIMEOUT ? TDM_OK : err;
    }
    return TDM_OK;
}

bool serial_linux_has_modem(const struct serial_linux *s)
{
    return s->is_rfc2217 || (s->is_tty && serial_tty_has_modem(s->fd));
}

tdm_err serial_linux_set_modem(struct serial_linux *s, unsigned lines, bool is_one_act)
{
    if (s->is_rfc2217)
        return serial_rfc2217_set_modem(s, lines);
    return s->is_tty ? serial_tty_set_modem(s->fd, lines, is_one_act) : TDM_E_UNSUPPORTED;
}

static const struct tdm_serial_ops serial_linux_ops = {
    .read = serial_linux_read,
    .write = serial_linux_write,
    .set_baud = serial_linux_set_baud,
    .drop_input = serial_linux_drop_input,
};

static const struct {
    const char *prefix;
    tdm_err (*open)(struct serial_linux *s, const char *address, uint32_t baud, struct tdm_fault *why);
} networks[] = {{SERIAL_TCP_PREFIX, serial_tcp_open}, {SERIAL_RFC2217_PREFIX, serial_rfc2217_open}};

tdm_err serial_linux_open(struct serial_linux *s, const char *where, uint32_t baud, struct tdm_fault *why)
{
    *s = (struct serial_linux){.port.ops = &serial_linux_ops, .fd = -1};
    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++) {
        size_t prefix = strlen(networks[i].prefix);
        if (strncmp(where, networks[i].prefix, prefix) == 0)
            return networks[i].open(s, where + prefix, baud, why);
    }
    return serial_tty_open(s, where, baud, why);
}

void serial_linux_close(struct serial_linux *s)
{
    if (!s->is_open)
        return;
    if (s->is_tty)
        serial_tty_close(s);
    (void)close(s->fd);
    s->fd = -1;
    s->is_open = false;
}
