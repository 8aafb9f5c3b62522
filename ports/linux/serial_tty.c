/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's own termios2 and not the C library's termios: it takes any rate as a number, also 2 000 000 and odd ones,
 * and its header cannot be included beside <termios.h>. */
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "linux/holder.h"
#include "linux/ioctl_request.h"
#include "linux/serial_backend.h"

#define PTY_SLAVE_MAJOR_FIRST 136u /* Linux' list of devices */
#define PTY_SLAVE_MAJOR_LAST  143u
#define PTY_MASTER_MAJOR      5u
#define PTY_MASTER_MINOR      2u
#define DRAIN_SLACK_MS        500u
#define BITS_PER_BYTE         10u

static tdm_err open_fault(struct tdm_fault *why, int err)
{
    switch (err) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
    case ENOTDIR:
        return tdm_fault_set(why, TDM_E_NOT_FOUND, "port_not_found", "there is no such serial port", (uint64_t)err);
    case EACCES:
    case EPERM:
        return tdm_fault_set(why, TDM_E_ACCESS, "port_no_access", "no permission to open the serial port",
                             (uint64_t)err);
    case EBUSY:
    case EWOULDBLOCK:
        return tdm_fault_set(why, TDM_E_BUSY, "port_busy", "another program uses the serial port", (uint64_t)err);
    default:
        return tdm_fault_set(why, TDM_E_IO, "port_io", "the serial port could not be opened", (uint64_t)err);
    }
}

static uint32_t rate_of(const struct termios2 *t)
{
    return (uint32_t)t->c_ospeed;
}

static bool is_near(uint32_t rate, uint32_t wanted)
{
    uint32_t off = rate > wanted ? rate - wanted : wanted - rate;
    return off <= wanted / 100 * 3;
}

/* A rate that has a code is asked for by its code, which every driver and every program at a pty's other end knows. */
static const struct {
    uint32_t baud;
    tcflag_t code;
} rate_codes[] = {
    {9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},     {115200, B115200},
    {230400, B230400},   {460800, B460800},   {500000, B500000},   {576000, B576000},   {921600, B921600},
    {1000000, B1000000}, {1152000, B1152000}, {1500000, B1500000}, {2000000, B2000000},
};

static tcflag_t rate_code(uint32_t baud)
{
    for (size_t i = 0; i < sizeof rate_codes / sizeof rate_codes[0]; i++) {
        if (rate_codes[i].baud == baud)
            return rate_codes[i].code;
    }
    return BOTHER;
}

/* VMIN 1 lets a non-blocking read tell "nothing yet" (EAGAIN) from "hung up" (0). Without HUPCL closing the port leaves
 * DTR and RTS as they are, so that it does not reset the chip behind them. */
tdm_err serial_tty_set_raw(int fd, uint32_t baud)
{
    struct termios2 t;

    if (baud == 0)
        return TDM_E_UNSUPPORTED;
    if (ioctl(fd, (ioctl_request)TCGETS2, &t) != 0)
        return TDM_E_IO;
    t.c_iflag = t.c_oflag = t.c_lflag = 0;
    t.c_cflag = CS8 | CREAD | CLOCAL | rate_code(baud) | rate_code(baud) << IBSHIFT;
    t.c_ispeed = t.c_ospeed = baud;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (ioctl(fd, (ioctl_request)TCSETS2, &t) != 0)
        return errno == EINVAL ? TDM_E_UNSUPPORTED : TDM_E_IO;
    if (ioctl(fd, (ioctl_request)TCGETS2, &t) != 0)
        return TDM_E_IO;
    return is_near(rate_of(&t), baud) ? TDM_OK : TDM_E_UNSUPPORTED;
}

/* The queue is watched under a deadline of our own, since the kernel's drain waits for ever behind a stuck line; once
 * the queue is empty the kernel's drain only waits for the UART's FIFO. */
tdm_err serial_tty_drain(int fd)
{
    struct clock_posix clock;
    struct termios2 t;
    int queued = 0;

    if (ioctl(fd, (ioctl_request)TCGETS2, &t) != 0 || ioctl(fd, TIOCOUTQ, &queued) != 0)
        return TDM_E_UNREACHABLE;
    uint64_t line_ms = rate_of(&t) > 0 ? (uint64_t)(unsigned)queued * BITS_PER_BYTE * 1000u / rate_of(&t) : 0;
    clock_posix_init(&clock);
    struct tdm_deadline deadline = tdm_deadline_in(&clock.port, (uint32_t)line_ms + DRAIN_SLACK_MS);
    while (queued > 0) {
        if (tdm_deadline_passed(&deadline))
            return TDM_E_TIMEOUT;
        tdm_clock_sleep_ms(&clock.port, 1);
        if (ioctl(fd, TIOCOUTQ, &queued) != 0)
            return TDM_E_UNREACHABLE;
    }
    return ioctl(fd, TCSBRK, 1) == 0 || errno == EINTR ? TDM_OK : TDM_E_UNREACHABLE;
}

tdm_err serial_tty_drop_input(int fd)
{
    return ioctl(fd, TCFLSH, TCIFLUSH) == 0 ? TDM_OK : TDM_E_UNREACHABLE;
}

bool serial_tty_has_modem(int fd)
{
    int bits = 0;

    return ioctl(fd, TIOCMGET, &bits) == 0;
}

static tdm_err move_line(int fd, int bit, bool on)
{
    return ioctl(fd, on ? TIOCMBIS : TIOCMBIC, &bit) == 0 ? TDM_OK : TDM_E_UNREACHABLE;
}

tdm_err serial_tty_set_modem(int fd, unsigned lines, bool is_one_act)
{
    bool dtr = (lines & SERIAL_DTR) != 0, rts = (lines & SERIAL_RTS) != 0;
    int bits = 0;

    if (!is_one_act) {
        tdm_err err = move_line(fd, TIOCM_DTR, dtr);
        return err != TDM_OK ? err : move_line(fd, TIOCM_RTS, rts);
    }
    if (ioctl(fd, TIOCMGET, &bits) != 0)
        return TDM_E_UNREACHABLE;
    bits = (bits & ~(TIOCM_DTR | TIOCM_RTS)) | (dtr ? TIOCM_DTR : 0) | (rts ? TIOCM_RTS : 0);
    return ioctl(fd, TIOCMSET, &bits) == 0 ? TDM_OK : TDM_E_UNREACHABLE;
}

static bool is_pty(dev_t device)
{
    return major(device) >= PTY_SLAVE_MAJOR_FIRST && major(device) <= PTY_SLAVE_MAJOR_LAST;
}

/* Who made a pty may keep both of its ends open: it is the line, and nobody who wants it. */
static bool find_holder(struct serial_linux *s, dev_t device)
{
    dev_t master = is_pty(device) ? makedev(PTY_MASTER_MAJOR, PTY_MASTER_MINOR) : 0;

    return holder_find(device, master, s->holder, sizeof s->holder);
}

static tdm_err busy(struct serial_linux *s, dev_t device, struct tdm_fault *why, int err)
{
    (void)find_holder(s, device); /* its name is a courtesy */
    return open_fault(why, err);
}

/*
 * flock keeps out programs that ask for it; TIOCEXCL keeps out all the others. A pty would keep that mark after we were
 * killed, for as long as its master lives, so there the lock has to do. Who had the port open before us, without a
 * lock, is found in /proc: two readers of one line each get half of it.
 */
static tdm_err lock(struct serial_linux *s, int fd, struct tdm_fault *why)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return open_fault(why, errno);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return busy(s, st.st_rdev, why, errno);
    if (find_holder(s, st.st_rdev))
        return open_fault(why, EBUSY);
    if (!is_pty(st.st_rdev) && ioctl(fd, TIOCEXCL) != 0)
        return open_fault(why, errno);
    return TDM_OK;
}

static tdm_err prepare(struct serial_linux *s, int fd, uint32_t baud, struct tdm_fault *why)
{
    struct termios2 t;

    if (ioctl(fd, (ioctl_request)TCGETS2, &t) != 0)
        return tdm_fault_set(why, TDM_E_UNSUPPORTED, "port_not_a_tty", "it is not a serial port", (uint64_t)errno);
    tdm_err err = lock(s, fd, why);
    if (err != TDM_OK)
        return err;
    err = serial_tty_set_raw(fd, baud);
    if (err == TDM_E_UNSUPPORTED)
        return tdm_fault_set(why, err, "port_baud", "the serial port cannot run at this rate", baud);
    if (err != TDM_OK)
        return tdm_fault_set(why, err, "port_io", "the serial port could not be set up", (uint64_t)errno);
    return TDM_OK;
}

tdm_err serial_tty_open(struct serial_linux *s, const char *path, uint32_t baud, struct tdm_fault *why)
{
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 && errno == EBUSY) {
        struct stat st; /* TIOCEXCL of somebody else */
        return stat(path, &st) == 0 ? busy(s, st.st_rdev, why, EBUSY) : open_fault(why, EBUSY);
    }
    if (fd < 0)
        return open_fault(why, errno);
    tdm_err err = prepare(s, fd, baud, why);
    if (err != TDM_OK) {
        (void)close(fd);
        return err;
    }
    s->fd = fd;
    s->is_open = s->is_tty = true;
    return TDM_OK;
}

void serial_tty_close(struct serial_linux *s)
{
    (void)ioctl(s->fd, TIOCNXCL); /* closing goes on whatever this says */
}
