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
    if (errno == EINTR && cancel_is_asked()) /* a named pipe that nobody writes to */
        return fail(reply, TDM_E_CANCELLED, "stopped_by_operator", "stopped by the operator", 0);
    if (errno == ENOENT || errno == ENOTDIR)
        return fail(reply, TDM_E_NOT_FOUND, "no_such_file", "there is no such file", 0);
    if (errno == EACCES || errno == EPERM)
        return fail(reply, TDM_E_ACCESS, "not_permitted", "not permitted to read the file", 0);
    return fail(reply, TDM_E_IO, "read_failed", "the file cannot be opened", errno);
}

/* By which the same content is known again: the file, how long it is, and when it was last written to. */
static void name_content(const struct stat *st, struct tdm_http_reply *reply)
{
    (void)snprintf(reply->validator, sizeof reply->validator, "file-%jx-%jx-%jx-%jx.%lx", (uintmax_t)st->st_dev,
                   (uintmax_t)st->st_ino, (uintmax_t)st->st_size, (uintmax_t)st->st_mtim.tv_sec,
                   (unsigned long)st->st_mtim.tv_nsec);
}

static bool is_other(const struct tdm_http_ask *ask, const struct tdm_http_reply *reply)
{
    bool is_named = ask->validator != NULL && ask->validator[0] != '\0';
    return (is_named && strcmp(ask->validator, reply->validator) != 0) ||
           (ask->length > 0 && ask->length != reply->length);
}

/* Go to the part. left: how much of the file is wanted from there on. */
static tdm_err seek(int fd, const struct tdm_http_ask *ask, struct tdm_http_reply *reply, uint64_t *left)
{
    reply->is_changed = is_other(ask, reply);
    if (!tdm_http_is_part(ask) || reply->is_changed)
        return TDM_OK;
    if (ask->from > 0 && ask->from >= reply->length)
        return fail(reply, TDM_E_PEER, "range_beyond_end", "the file ends before the part that is asked for", 0);
    if (lseek(fd, (off_t)ask->from, SEEK_SET) < 0)
        return fail(reply, TDM_E_IO, "read_failed", "the file cannot be read from there", errno);
    reply->start = ask->from;
    if (ask->count > 0)
        *left = ask->count;
    return TDM_OK;
}

/* Look at what was opened. A pipe has no length and no position; standard input may have been read from before. */
static tdm_err place(int fd, bool is_input, const struct tdm_http_ask *ask, struct tdm_http_reply *reply,
                     uint64_t *left)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fail(reply, TDM_E_IO, "read_failed", "the file cannot be examined", errno);
    if (S_ISDIR(st.st_mode))
        return fail(reply, TDM_E_FORMAT, "not_a_file", "this is a directory", 0);
    off_t at = S_ISREG(st.st_mode) ? lseek(fd, 0, SEEK_CUR) : -1;
    if (at < 0 || at > st.st_size)
        return TDM_OK;
    reply->has_length = true;
    reply->length = (uint64_t)(st.st_size - at);
    reply->has_ranges = !is_input;
    if (is_input)
        return TDM_OK;
    name_content(&st, reply);
    return seek(fd, ask, reply, left);
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

static tdm_err pump(int fd, uint64_t left, struct tdm_sink *body, struct tdm_http_reply *reply)
{
    uint8_t buf[CHUNK];
    tdm_err err = await(fd, reply);

    while (err == TDM_OK && left > 0) {
        ssize_t n = read(fd, buf, left < sizeof buf ? (size_t)left : sizeof buf);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(reply, TDM_E_IO, "read_failed", "the file cannot be read", errno);
        if (n == 0)
            break;
        left -= (uint64_t)n;
        err = tdm_sink_push(body, buf, (size_t)n);
        if (err == TDM_OK && left > 0)
            err = await(fd, reply);
    }
    return err;
}

static tdm_err file_get(struct tdm_http *h, const char *url, const struct tdm_http_ask *ask, struct tdm_sink *body,
                        struct tdm_http_reply *reply)
{
    const struct http_file *f = (struct http_file *)h; /* h is its first member */
    bool is_input = f->takes_input && strcmp(url, "-") == 0;
    uint64_t left = UINT64_MAX;
    int fd = is_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(url, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return fail_open(reply);
    tdm_err err = place(fd, is_input, ask, reply, &left);
    if (err == TDM_OK)
        err = pump(fd, left, body, reply);
    (void)close(fd); /* only read */
    return err;
}

void http_file_init(struct http_file *h)
{
    static const struct tdm_http_ops ops = {.get = file_get};
    h->port.ops = &ops;
    h->takes_input = false;
}
