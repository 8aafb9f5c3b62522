/* SPDX-License-Identifier: Apache-2.0 */
#include "filework.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 65536

static const struct {
    int number;
    tdm_err err;
    const char *code, *what;
} causes[] = {
    {ENOENT, TDM_E_NOT_FOUND, "not_found", "there is no such file or folder"},
    {ENOTDIR, TDM_E_NOT_FOUND, "not_found", "there is no such file or folder"},
    {EISDIR, TDM_E_NOT_FOUND, "not_a_file", "is a folder, not a file"},
    {EACCES, TDM_E_ACCESS, "access", "the system does not permit it"},
    {EPERM, TDM_E_ACCESS, "access", "the system does not permit it"},
    {EROFS, TDM_E_ACCESS, "access", "lies on a read-only file system"},
    {ENOSPC, TDM_E_NO_ROOM, "no_room", "no room left on the file system"},
    {EDQUOT, TDM_E_NO_ROOM, "no_room", "no room left on the file system"},
};

tdm_err filework_fault(struct tdm_fault *fault, const char *what)
{
    int number = errno;

    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (causes[i].number == number)
            return tdm_fault_set(fault, causes[i].err, causes[i].code, causes[i].what, 0);
    }
    return tdm_fault_set(fault, TDM_E_IO, "io", what, (uint64_t)number);
}

static ssize_t read_again(int fd, uint8_t *buf, size_t len)
{
    ssize_t n;
    do
        n = read(fd, buf, len);
    while (n < 0 && errno == EINTR);
    return n;
}

/* An open regular file and its size; -1 and the fault otherwise. */
static int open_file(const char *path, uint64_t *size, struct tdm_fault *fault)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        (void)filework_fault(fault, "cannot be opened");
        return -1;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)tdm_fault_set(fault, TDM_E_NOT_FOUND, "not_a_file", "is not a file", 0);
        (void)close(fd);
        return -1;
    }
    *size = (uint64_t)st.st_size;
    return fd;
}

/* Up to `cap` bytes, until the end of the file. */
static ssize_t read_full(int fd, uint8_t *buf, size_t cap)
{
    size_t have = 0;

    while (have < cap) {
        ssize_t n = read_again(fd, buf + have, cap - have);
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

tdm_err filework_read(const char *path, size_t limit, uint8_t **data, size_t *len, struct tdm_fault *fault)
{
    uint64_t size = 0;
    ssize_t got = -1;
    int fd = open_file(path, &size, fault);

    *data = NULL;
    *len = 0;
    if (fd < 0)
        return fault->err;
    if (size > limit) {
        (void)tdm_fault_set(fault, TDM_E_NO_ROOM, "too_large", "is larger than such a file may be", size);
        goto out;
    }
    *data = malloc((size_t)size + 1);
    if (!*data) {
        (void)tdm_fault_set(fault, TDM_E_NO_ROOM, "no_room", "does not fit into memory", size);
        goto out;
    }
    got = read_full(fd, *data, (size_t)size);
    if (got < 0) {
        (void)filework_fault(fault, "cannot be read");
        goto out;
    }
    *len = (size_t)got;
    (*data)[*len] = 0;
out:
    (void)close(fd); /* nothing was written through it */
    return fault->err;
}

tdm_err filework_push(const char *path, struct tdm_sink *into, struct tdm_fault *fault)
{
    static uint8_t piece[PIECE];
    uint64_t size = 0;
    tdm_err err = TDM_OK;
    ssize_t n = 0;
    int fd = open_file(path, &size, fault);

    if (fd < 0)
        return fault->err;
    while (err == TDM_OK && (n = read_again(fd, piece, sizeof piece)) > 0)
        err = tdm_sink_push(into, piece, (size_t)n);
    if (err == TDM_OK && n < 0)
        err = filework_fault(fault, "cannot be read");
    (void)close(fd); /* nothing was written through it */
    return err;
}

static struct outfile *outfile_of(struct tdm_sink *sink)
{
    return (struct outfile *)(void *)((char *)sink - offsetof(struct outfile, sink));
}

static tdm_err outfile_push(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct outfile *o = outfile_of(sink);

    while (len > 0) {
        ssize_t n = write(o->fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return filework_fault(&o->fault, "cannot be written");
        data += n;
        len -= (size_t)n;
    }
    return TDM_OK;
}

tdm_err outfile_begin(struct outfile *o, const char *path)
{
    mode_t mask = umask(0);
    struct stat st;

    (void)umask(mask);
    *o = (struct outfile){.sink = {outfile_push}, .fd = -1};
    tdm_fault_clear(&o->fault);
    int n = snprintf(o->path, sizeof o->path, "%s", path);
    int m = snprintf(o->temp, sizeof o->temp, "%s.XXXXXX", path);
    if (n < 0 || m < 0 || (size_t)m >= sizeof o->temp)
        return tdm_fault_set(&o->fault, TDM_E_NO_ROOM, "too_large", "has too long a name", 0);
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) /* a device would be replaced by a file */
        return tdm_fault_set(&o->fault, TDM_E_NOT_FOUND, "not_a_file", "is not a file", 0);
    o->fd = mkostemp(o->temp, O_CLOEXEC);
    if (o->fd < 0)
        return filework_fault(&o->fault, "cannot be made");
    o->is_open = true;
    if (fchmod(o->fd, 0666 & ~mask) != 0) {
        (void)filework_fault(&o->fault, "cannot be made");
        outfile_drop(o);
    }
    return o->fault.err;
}

static tdm_err sync_folder(struct outfile *o)
{
    char copy[FILEWORK_PATH_MAX];
    int fd;

    (void)snprintf(copy, sizeof copy, "%s", o->path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return filework_fault(&o->fault, "folder cannot be opened");
    if (fsync(fd) != 0 && errno != EINVAL) /* EINVAL: a file system without such a thing */
        (void)filework_fault(&o->fault, "folder cannot be synced");
    (void)close(fd); /* nothing was written through it */
    return o->fault.err;
}

tdm_err outfile_commit(struct outfile *o)
{
    if (!o->is_open)
        return tdm_fault_set(&o->fault, TDM_E_BUG, "not_open", "was not begun", 0);
    if (o->fault.err == TDM_OK && fsync(o->fd) != 0)
        (void)filework_fault(&o->fault, "cannot be synced");
    if (close(o->fd) != 0)
        (void)filework_fault(&o->fault, "cannot be written");
    o->is_open = false;
    if (o->fault.err == TDM_OK && rename(o->temp, o->path) != 0)
        (void)filework_fault(&o->fault, "cannot be renamed into place");
    if (o->fault.err != TDM_OK) {
        (void)unlink(o->temp);
        return o->fault.err;
    }
    return sync_folder(o);
}

void outfile_drop(struct outfile *o)
{
    if (!o->is_open)
        return;
    (void)close(o->fd);
    (void)unlink(o->temp);
    o->is_open = false;
}
