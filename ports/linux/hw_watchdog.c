/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/hw_watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "linux/ioctl_request.h"

static void feed(const struct watchdog *w)
{
    const char any = '\0'; /* every byte feeds; 'V' alone means more */
    (void)!write(w->fd, &any, 1);
}

bool watchdog_beat(struct watchdog *w)
{
    int left = atomic_load(&w->beats_left);

    if (left <= 0)
        return false;
    (void)atomic_compare_exchange_strong(&w->beats_left, &left, left - 1); /* or somebody has just given it more */
    feed(w);
    return true;
}

void watchdog_alive(struct watchdog *w)
{
    atomic_store(&w->beats_left, w->patience_beats);
}

/* A beat's time, or less when it is over: then our end of the pipe is closed. */
static bool is_over_within_a_beat(const struct watchdog *w)
{
    struct pollfd p = {.fd = w->over[0]};

    return poll(&p, 1, WATCHDOG_BEAT_S * 1000) != 0; /* its signals are blocked, so nothing else ends it */
}

static void *feeder(void *arg)
{
    struct watchdog *w = arg;

    while (!is_over_within_a_beat(w))
        (void)watchdog_beat(w);
    return NULL;
}

/* Signals are the main thread's. */
static bool start_feeder(struct watchdog *w)
{
    sigset_t all, before;

    if (pipe2(w->over, O_CLOEXEC) != 0)
        return false;
    (void)sigfillset(&all);
    int err = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (err == 0) {
        err = pthread_create(&w->thread, NULL, feeder, w);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (err != 0) {
        (void)close(w->over[0]);
        (void)close(w->over[1]);
    }
    return err == 0;
}

tdm_err watchdog_open(struct watchdog *w, const char *path, uint32_t patience_s)
{
    int seconds = WATCHDOG_WISH_S;

    memset(w, 0, sizeof *w);
    w->fd = open(path, O_WRONLY | O_CLOEXEC);
    if (w->fd < 0)
        return errno == EBUSY ? TDM_E_BUSY : errno == ENOENT ? TDM_E_NOT_FOUND : TDM_E_ACCESS;
    /* A driver with a fixed or shorter time keeps its own. */
    (void)ioctl(w->fd, (ioctl_request)WDIOC_SETTIMEOUT, &seconds);
    w->patience_beats = (int)(patience_s / WATCHDOG_BEAT_S + 1);
    watchdog_alive(w);
    feed(w);
    if (!start_feeder(w)) {
        (void)!write(w->fd, "V", 1);
        (void)close(w->fd);
        return TDM_E_IO;
    }
    w->is_open = true;
    return TDM_OK;
}

void watchdog_close(struct watchdog *w)
{
    if (!w->is_open)
        return;
    (void)close(w->over[1]);
    (void)pthread_join(w->thread, NULL); /* before the descriptors are somebody else's */
    (void)close(w->over[0]);
    (void)!write(w->fd, "V", 1);
    (void)close(w->fd);
    w->is_open = false;
}

void watchdog_leave(struct watchdog *w)
{
    if (w->is_open)
        atomic_store(&w->beats_left, 0);
}
