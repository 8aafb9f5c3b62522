/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "linux/lines_backend.h"

#define ANSWER_MS  2000u
#define ANSWER_MAX 128

/* One line without its newline; longer ones are not understood. */
static tdm_err read_line(int fd, char *line, size_t cap)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    struct clock_posix clock;
    size_t len = 0;

    clock_posix_init(&clock);
    struct tdm_deadline deadline = tdm_deadline_in(&clock.port, ANSWER_MS);
    while (len + 1 < cap) {
        int ready = poll(&p, 1, (int)tdm_deadline_left_ms(&deadline));
        if (ready == 0)
            return TDM_E_TIMEOUT;
        ssize_t n = ready > 0 ? recv(fd, line + len, 1, 0) : -1;
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return TDM_E_UNREACHABLE;
        if (line[len] == '\n') {
            line[len] = '\0';
            return TDM_OK;
        }
        len++;
    }
    return TDM_E_FORMAT;
}

/* An answer that came too late for its own command must not count for the next one. */
static void forget_late_answers(int fd)
{
    char late[ANSWER_MAX];

    if (recv(fd, late, sizeof late, MSG_DONTWAIT) < 0)
        return; /* nothing there; a broken connection shows at once when the command is sent */
}

static tdm_err command(int fd, const char *line)
{
    char answer[ANSWER_MAX];
    size_t len = strlen(line);

    forget_late_answers(fd);
    ssize_t sent = send(fd, line, len, MSG_NOSIGNAL);
    if (sent < 0 || (size_t)sent != len)
        return TDM_E_UNREACHABLE;
    tdm_err err = read_line(fd, answer, sizeof answer);
    if (err != TDM_OK)
        return err;
    return strcmp(answer, "ok") == 0 ? TDM_OK : TDM_E_PEER;
}

/* The strap first: it must stand when a reset is released. */
static tdm_err lines_control_set(struct tdm_lines *port, bool reset, bool boot)
{
    const struct lines_linux *l = lines_linux_self(port);

    if (l->fd < 0)
        return TDM_E_STATE;
    tdm_err err = command(l->fd, boot ? "boot 1\n" : "boot 0\n");
    return err != TDM_OK ? err : command(l->fd, reset ? "reset 1\n" : "reset 0\n");
}

static const struct tdm_lines_ops lines_control_ops = {.set = lines_control_set};

static tdm_err connect_fault(struct tdm_fault *why, int err)
{
    switch (err) {
    case ENOENT:
    case ENOTDIR:
        return tdm_fault_set(why, TDM_E_NOT_FOUND, "lines_not_found", "there is no such control socket", (uint64_t)err);
    case EACCES:
    case EPERM:
        return tdm_fault_set(why, TDM_E_ACCESS, "lines_no_access", "no permission to use the control socket",
                             (uint64_t)err);
    default:
        return tdm_fault_set(why, TDM_E_UNREACHABLE, "lines_unreachable", "nobody answers at the control socket",
                             (uint64_t)err);
    }
}

tdm_err lines_control_open(struct lines_linux *l, struct tdm_fault *why)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = strlen(l->target);

    if (len >= sizeof to.sun_path)
        return tdm_fault_set(why, TDM_E_FORMAT, "lines_bad_spec", "the name of the control socket is too long", len);
    memcpy(to.sun_path, l->target, len + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return connect_fault(why, errno);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        int err = errno;
        (void)close(fd);
        return connect_fault(why, err);
    }
    l->fd = fd;
    l->port.ops = &lines_control_ops;
    return TDM_OK;
}
