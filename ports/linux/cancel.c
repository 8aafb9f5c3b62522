/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/cancel.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static volatile sig_atomic_t is_asked;
static volatile sig_atomic_t event_fd = -1;

/* A signal between a look at the flag and a poll still ends the poll. */
static void on_signal(int number)
{
    const uint64_t one = 1;
    int saved = errno;

    (void)number;
    is_asked = 1;
    if (event_fd >= 0 && write(event_fd, &one, sizeof one) < 0)
        is_asked = 1; /* nothing more can be done here; the flag stands */
    errno = saved;
}

void cancel_on_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction act = {.sa_handler = on_signal}, before;

    if (event_fd < 0)
        event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        /* What our caller ignores (nohup, a background job) stays ignored. */
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            (void)sigaction(signals[i], &act, NULL); /* cannot fail: the number is one that may be handled */
    }
    act.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &act, NULL); /* likewise */
}

void cancel_forget(void)
{
    uint64_t forgotten;

    if (event_fd >= 0 && read(event_fd, &forgotten, sizeof forgotten) < 0)
        forgotten = 0; /* nothing was asked */
    is_asked = 0;
}

bool cancel_is_asked(void)
{
    return is_asked != 0;
}

int cancel_fd(void)
{
    return event_fd;
}
