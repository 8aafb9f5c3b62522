/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/cancel.h"
#include "linux/tandem_linux.h"

#define CHUNK 16384

static tdm_err fail(struct tdm_http_reply *reply, tdm_err err, const char *code, const char *what, int number)
{
    if (number != 0)
        (void)snprintf(reply->detail, sizeof reply->detail, "%s", strerror(number));
    return tdm_fault_set(&reply->fault, err, code, what, (uint64_t)number);
}

static tdm_err fail_open(struct tdm_http_reply *reply)
{
    if (errno == ENOENT || errno == ENOTDIR)
        return fail(reply, TDM_E_NOT_FOUND, "no_such_file", "there is no such file", 0);
    if (errno == EACCES || errno == EPERM)
        return fail(reply, TDM_E_ACCESS, "not_permitted", "not permitted to read the file", 0);
    return fail(reply, TDM_E_IO, "read_failed", "the file cannot be opened", errno);
}

/* Look at what was opened; a pipe has no length and no position. */
static tdm_err place(int fd, uint64_t from, struct tdm_http_reply *reply)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fail(reply, TDM_E_IO, "read_failed", "the file cannot be examined", errno);
    if (S_ISDIR(st.st_mode))
        return fail(reply, TDM_E_FORMAT, "not_a_file", "this is a directory", 0);
    off_t at = lseek(fd, 0, SEEK_CUR); /* standard input may have been read from before */
    if (S_ISREG(st.st_mode) && at >= 0 && at <= st.st_size) {
        reply->has_length = true;
        reply->length = (uint64_t)(st.st_size - at);
    }
    if (from > 0 && (from > INT64_MAX || lseek(fd, (off_t)from, SEEK_SET) < 0))
        return fail(reply, TDM_E_IO, "read_failed", "the file cannot be read from there", errno);
    return TDM_OK;
}

/* A pipe may be silent for long: the operator's signal ends the wait. */
static tdm_err await(int fd, struct tdm_http_reply *reply)
{
    struct pollfd wait[] = {{.fd = fd, .events = POLLIN}, {.fd = cancel_fd(), .events = POLLIN}};

    while (!cancel_is_asked() && poll(wait, 2, -1) < 0) {
        if (errno != EINTR)
            return fail(reply, TDM_E_IO, "read_failed", "the file cannot be read", errno);
    }
    return cancel_is_asked() ? fail(reply, TDM_E_CANCELLED, "stopped_by_operator", "stopped by the operator", 0)
                             : TDM_OK;
}

static tdm_err pump(int fd, struct tdm_sink *body, struct tdm_http_reply *reply)
{
    uint8_t buf[CHUNK];
    tdm_err err = await(fd, reply);

    while (err == TDM_OK) {
        ssize_t n = read(fd, buf, sizeof buf);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(reply, TDM_E_IO, "read_failed", "the file cannot be read", errno);
        if (n == 0)
            break;
        err = tdm_sink_push(body, buf, (size_t)n);
        if (err == TDM_OK)
            err = await(fd, reply);
    }
    return err;
}

static tdm_err file_get(struct tdm_http *h, const char *url, uint64_t from, struct tdm_sink *body,
                        struct tdm_http_reply *reply)
{
    const struct http_file *f = (struct http_file *)h; /* h is its first member */
    bool is_input = f->takes_input && strcmp(url, "-") == 0;
    int fd = is_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(url, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_open(reply);
    tdm_err err = place(fd, from, reply);
    if (err == TDM_OK)
        err = pump(fd, body, reply);
    (void)close(fd); /* only read */
    return err;
}

void http_file_init(struct http_file *h)
{
    static const struct tdm_http_ops ops = {.get = file_get};
    h->port.ops = &ops;
    h->takes_input = false;
}
