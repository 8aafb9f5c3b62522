/* SPDX-License-Identifier: Apache-2.0 */
/*
 * board_shim: a board between a program and tandem-sim. Preloaded, it is libgpiod of both majors with the lines 17 (RESET)
 * and 18 (BOOT), gives every terminal DTR and RTS behind the usual two transistors, and writes down what the program
 * does with them and how long it sleeps.
 *
 * Used by   test_holds.py.   Uses  libc, the control socket in BOARD_PINS.
 * Log       BOARD_LOG: "reset 1 boot 0" at each change of the levels, "sleep 100" in milliseconds.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LINE_RESET = 17, LINE_BOOT = 18 };

static struct {
    bool reset, boot;
    int modem;
    unsigned offset; /* libgpiod 2: of the line that is asked for next */
} board;

static void note(const char *what, int a, const char *more, int b)
{
    FILE *log = fopen(getenv("BOARD_LOG"), "a");

    fprintf(log, more != NULL ? "%s %d %s %d\n" : "%s %d\n", what, a, more, b);
    fclose(log);
}

static void pull(const char *pin, bool level)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char line[32];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(to.sun_path, sizeof to.sun_path, "%s", getenv("BOARD_PINS"));
    int len = snprintf(line, sizeof line, "%s %d\n", pin, level);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 || write(fd, line, (size_t)len) != len ||
        read(fd, line, sizeof line) != 3 || memcmp(line, "ok\n", 3) != 0)
        abort();
    close(fd);
}

static void move(bool reset, bool boot)
{
    if (reset == board.reset && boot == board.boot)
        return;
    note("reset", reset, "boot", boot);
    if (boot != board.boot)
        pull("boot", boot);
    if (reset != board.reset)
        pull("reset", reset);
    board.reset = reset;
    board.boot = boot;
}

/* ---- time ---------------------------------------------------------------------------------------------------------- */

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *t, struct timespec *left)
{
    note("sleep", (int)(t->tv_sec * 1000 + t->tv_nsec / 1000000), NULL, 0);
    return syscall(SYS_clock_nanosleep, clock, flags, t, left) == 0 ? 0 : errno;
}

/* ---- DTR and RTS --------------------------------------------------------------------------------------------------- */

int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;

    va_start(arguments, request);
    int *bits = va_arg(arguments, int *);
    va_end(arguments);
    if (request == TIOCMGET)
        *bits = board.modem;
    else if (request == TIOCMSET)
        board.modem = *bits;
    else if (request == TIOCMBIS)
        board.modem |= *bits;
    else if (request == TIOCMBIC)
        board.modem &= ~*bits;
    else
        return (int)syscall(SYS_ioctl, fd, request, bits);
    bool dtr = (board.modem & TIOCM_DTR) != 0, rts = (board.modem & TIOCM_RTS) != 0;
    if (request != TIOCMGET && !(dtr && rts)) /* EN rises slower than both can change */
        move(rts, dtr);
    return 0;
}

/* ---- libgpiod ------------------------------------------------------------------------------------------------------ */

static char thing; /* what all handles but a line's point to */

static int set(unsigned offset, int value)
{
    if (offset == LINE_RESET)
        move(value != 0, board.boot);
    else if (offset == LINE_BOOT)
        move(board.reset, value != 0);
    return 0;
}

void *gpiod_chip_open(const char *path)
{
    return strcmp(path, "/dev/gpiochip0") == 0 ? &thing : NULL;
}
void gpiod_chip_close(void *chip)
{
    (void)chip;
}

/* 1 */
void *gpiod_chip_get_line(void *chip, unsigned offset)
{
    return (void)chip, (void *)(uintptr_t)offset;
}
int gpiod_line_request_output_flags(void *line, const char *who, int flags, int value)
{
    (void)who, (void)flags;
    return set((unsigned)(uintptr_t)line, value);
}
int gpiod_line_set_value(void *line, int value)
{
    return set((unsigned)(uintptr_t)line, value);
}
void gpiod_line_release(void *line)
{
    (void)line;
}

/* 2 */
void *gpiod_line_settings_new(void)
{
    return &thing;
}
void gpiod_line_settings_free(void *s)
{
    (void)s;
}
int gpiod_line_settings_set_direction(void *s, int direction)
{
    return (void)s, (void)direction, 0;
}
int gpiod_line_settings_set_drive(void *s, int drive)
{
    return (void)s, (void)drive, 0;
}
void gpiod_line_settings_set_active_low(void *s, bool on)
{
    (void)s, (void)on;
}
int gpiod_line_settings_set_output_value(void *s, int value)
{
    return (void)s, (void)value, 0;
}
void *gpiod_line_config_new(void)
{
    return &thing;
}
void gpiod_line_config_free(void *c)
{
    (void)c;
}
int gpiod_line_config_add_line_settings(void *c, const unsigned *offsets, size_t count, void *s)
{
    (void)c, (void)count, (void)s;
    board.offset = offsets[0];
    return 0;
}
void *gpiod_request_config_new(void)
{
    return &thing;
}
void gpiod_request_config_free(void *c)
{
    (void)c;
}
void gpiod_request_config_set_consumer(void *c, const char *who)
{
    (void)c, (void)who;
}
void *gpiod_chip_request_lines(void *chip, void *who, void *lines)
{
    (void)chip, (void)who, (void)lines;
    set(board.offset, 0);
    return &thing;
}
int gpiod_line_request_set_value(void *request, unsigned offset, int value)
{
    return (void)request, set(offset, value);
}
void gpiod_line_request_release(void *request)
{
    (void)request;
}
