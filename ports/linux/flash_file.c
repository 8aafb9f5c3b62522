/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/tandem_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/ioctl_request.h"

/*
 * Erase writes nothing: files and block devices are overwritten in place, and the contract leaves an erased range
 * unspecified. So its size costs nothing; 4096 keeps the two copies of a record in pages of their own.
 */
#define ERASE_SIZE 4096u
/* Whole sectors on a device, where less would make the system read the sector first; single bytes in a file. */
#define PROG_SIZE_DEVICE 512u
#define PROG_SIZE_FILE   1u
#define EARLY_STEP       0x100000u

_Static_assert(sizeof(off_t) >= sizeof(uint64_t), "built without _FILE_OFFSET_BITS=64, a slot would wrap at 2 GiB");

static struct flash_file *self(struct tdm_flash *port)
{
    return (struct flash_file *)(void *)port;
}

static tdm_err cause_of(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENXIO: /* a name in /dev with no device behind it any more */
    case ENODEV:
        return TDM_E_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return TDM_E_ACCESS;
    case EBUSY:
    case EWOULDBLOCK:
    case ETXTBSY:
        return TDM_E_BUSY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return TDM_E_NO_ROOM;
    default:
        return TDM_E_IO;
    }
}

/* ---- the port ---------------------------------------------------------------------------------------------------- */

static tdm_err file_read(struct tdm_flash *port, uint64_t off, void *buf, uint32_t len)
{
    uint8_t *to = buf;

    while (len > 0) {
        ssize_t n = pread(self(port)->fd, to, len, (off_t)off);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) /* 0: the file has become shorter */
            return TDM_E_IO;
        to += n;
        off += (uint64_t)n;
        len -= (uint32_t)n;
    }
    return TDM_OK;
}

static tdm_err write_all(int fd, uint64_t off, const uint8_t *from, uint32_t len)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, from, len, (off_t)off);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? cause_of(errno) : TDM_E_IO;
        from += n;
        off += (uint64_t)n;
        len -= (uint32_t)n;
    }
    return TDM_OK;
}

/* The medium begins with what is there already: a sync has less to wait for then. Only a wish, so nobody asks how it went. */
static void start_early(struct flash_file *f, uint64_t off, uint32_t len)
{
    if (off != f->prog_end)
        f->early_from = off;
    f->prog_end = off + len;
    if (f->prog_end - f->early_from < EARLY_STEP)
        return;
    (void)sync_file_range(f->fd, (off_t)f->early_from, (off_t)(f->prog_end - f->early_from), SYNC_FILE_RANGE_WRITE);
    f->early_from = f->prog_end;
}

static tdm_err file_prog(struct tdm_flash *port, uint64_t off, const void *buf, uint32_t len)
{
    if (!self(port)->is_writable)
        return TDM_E_ACCESS;
    tdm_err err = write_all(self(port)->fd, off, buf, len);
    if (err == TDM_OK)
        start_early(self(port), off, len);
    return err;
}

static tdm_err file_erase(struct tdm_flash *port, uint64_t off, uint64_t len)
{
    (void)off;
    (void)len;
    return self(port)->is_writable ? TDM_OK : TDM_E_ACCESS;
}

static tdm_err file_sync(struct tdm_flash *port)
{
    return fdatasync(self(port)->fd) == 0 ? TDM_OK : TDM_E_IO;
}

static tdm_err file_reread(struct tdm_flash *port)
{
    struct flash_file *f = self(port);

    if (fdatasync(f->fd) != 0 || posix_fadvise(f->fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
        return TDM_E_IO;
    /* A device's pages may be held by others as well; forgetting those takes a privilege that we may not have. */
    if (f->is_device && ioctl(f->fd, BLKFLSBUF, 0) != 0 && errno != EACCES && errno != EPERM)
        return TDM_E_IO;
    return TDM_OK;
}

static const struct tdm_flash_ops file_ops = {
    .read = file_read, .prog = file_prog, .erase = file_erase, .sync = file_sync, .reread = file_reread};

/* ---- making a missing file --------------------------------------------------------------------------------------- */

static tdm_err fill_and_sync(int fd, uint64_t size)
{
    uint8_t blank[ERASE_SIZE];

    memset(blank, 0xff, sizeof blank);
    for (uint64_t off = 0; off < size;) {
        uint32_t part = size - off < sizeof blank ? (uint32_t)(size - off) : (uint32_t)sizeof blank;
        tdm_err err = write_all(fd, off, blank, part);
        if (err != TDM_OK)
            return err;
        off += part;
    }
    return fsync(fd) == 0 ? TDM_OK : TDM_E_IO;
}

/* The directory's entry is on the medium only after the directory is synced. */
static tdm_err sync_directory_of(const char *path)
{
    char copy[LINUX_PATH_MAX];

    (void)snprintf(copy, sizeof copy, "%s", path); /* the caller has checked the length */
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return cause_of(errno);
    tdm_err err = fsync(fd) == 0 ? TDM_OK : TDM_E_IO;
    (void)close(fd); /* only read from */
    return err;
}

/* Under another name first: a file that has its name has its size, also after a power cut in here. */
static tdm_err make_file(const char *path, uint64_t size)
{
    char fresh[LINUX_PATH_MAX];

    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
        return TDM_E_BOUNDS;
    (void)unlink(fresh); /* what a cut has left; a link to elsewhere is not followed */
    int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return cause_of(errno);
    tdm_err err = fill_and_sync(fd, size);
    if (close(fd) != 0 && err == TDM_OK)
        err = TDM_E_IO;
    if (err == TDM_OK && rename(fresh, path) != 0)
        err = cause_of(errno);
    if (err != TDM_OK) {
        int first = errno; /* the first failure is the one to tell */
        (void)unlink(fresh);
        errno = first;
        return err;
    }
    return sync_directory_of(path);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static tdm_err refuse(struct flash_file *f, struct tdm_fault *why, tdm_err err, const char *code, const char *what,
                      uint64_t at)
{
    flash_file_close(f);
    tdm_fault_clear(why);
    return tdm_fault_set(why, err, code, what, at);
}

static tdm_err refuse_cause(struct flash_file *f, struct tdm_fault *why, tdm_err err, int error)
{
    static const struct {
        tdm_err err;
        const char *code, *what;
    } causes[] = {
        {TDM_E_NOT_FOUND, "storage_not_found", "there is no such file, device or directory"},
        {TDM_E_ACCESS, "storage_access", "not permitted to open it"},
        {TDM_E_BUSY, "storage_in_use", "mounted, or in use by another program"},
        {TDM_E_NO_ROOM, "storage_full", "no room left to make the file"},
    };

    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (causes[i].err == err)
            return refuse(f, why, err, causes[i].code, causes[i].what, (uint64_t)error);
    return refuse(f, why, err, "storage_failed", "the system failed to open it", (uint64_t)error);
}

static tdm_err refuse_errno(struct flash_file *f, struct tdm_fault *why)
{
    return refuse_cause(f, why, cause_of(errno), errno);
}

/* O_EXCL on a device: the kernel answers EBUSY while it is mounted or another one holds it so. */
static int open_flags(enum flash_file_mode mode, bool is_device)
{
    if (mode == FLASH_FILE_READ)
        return O_RDONLY | O_CLOEXEC;
    return O_RDWR | O_CLOEXEC | (is_device ? O_EXCL : 0);
}

static int measure(const struct flash_file *f, const struct stat *st, uint64_t *size)
{
    *size = (uint64_t)st->st_size;
    return f->is_device ? ioctl(f->fd, (ioctl_request)BLKGETSIZE64, size) : 0;
}

static void set_geometry(struct flash_file *f, uint64_t size)
{
    f->port = (struct tdm_flash){
        .ops = &file_ops,
        .size = size - size % ERASE_SIZE,
        .erase_size = ERASE_SIZE,
        .prog_size = f->is_device ? PROG_SIZE_DEVICE : PROG_SIZE_FILE,
    };
}

static tdm_err open_existing(struct flash_file *f, const char *path, uint64_t size, enum flash_file_mode mode,
                             struct tdm_fault *why)
{
    struct stat st;
    uint64_t has;

    if (stat(path, &st) != 0)
        return refuse_errno(f, why);
    f->is_device = S_ISBLK(st.st_mode);
    if (!f->is_device && !S_ISREG(st.st_mode))
        return refuse(f, why, TDM_E_UNSUPPORTED, "storage_kind", "neither a file nor a block device", 0);
    f->is_writable = mode != FLASH_FILE_READ;
    f->fd = open(path, open_flags(mode, f->is_device));
    f->is_open = f->fd >= 0;
    if (!f->is_open || fstat(f->fd, &st) != 0)
        return refuse_errno(f, why);
    /* Two of us writing one record would each be right alone. The lock goes with the descriptor, also when killed. */
    if (f->is_writable && flock(f->fd, LOCK_EX | LOCK_NB) != 0)
        return refuse_errno(f, why);
    if (measure(f, &st, &has) != 0)
        return refuse_errno(f, why);
    if (has < ERASE_SIZE || has < size)
        return refuse(f, why, TDM_E_NO_ROOM, "storage_too_small", "smaller than it has to be (bytes)", has);
    set_geometry(f, f->is_device || size == 0 ? has : size);
    return TDM_OK;
}

tdm_err flash_file_open(struct flash_file *f, const char *path, uint64_t size, enum flash_file_mode mode,
                        struct tdm_fault *why)
{
    *f = (struct flash_file){.fd = -1};
    if (strlen(path) + sizeof ".new" > LINUX_PATH_MAX)
        return refuse(f, why, TDM_E_BOUNDS, "storage_path", "path too long (bytes)", strlen(path));
    /* A device that vanished is not replaced by a file in memory under its name. */
    bool may_make = mode == FLASH_FILE_CREATE && strncmp(path, "/dev/", 5) != 0;
    if (may_make && access(path, F_OK) != 0 && errno == ENOENT) {
        if (size < ERASE_SIZE)
            return refuse(f, why, TDM_E_BUG, "storage_size", "no size for the missing file", size);
        tdm_err err = make_file(path, size);
        if (err != TDM_OK)
            return refuse_cause(f, why, err, errno);
    }
    return open_existing(f, path, size, mode, why);
}

void flash_file_close(struct flash_file *f)
{
    if (f->is_open)
        (void)close(f->fd); /* what must last was synced before */
    *f = (struct flash_file){.fd = -1};
}
