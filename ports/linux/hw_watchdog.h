/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hw_watchdog: the kernel's hardware watchdog, while something is under way that must not hang.
 *
 * Used by   apps/tandem/trialdog.c.   Uses  the watchdog device, a thread.
 * Patience  A thread feeds it every two seconds, as long as its owner has said within patience_s that he is alive. So
 *           the hardware's own limit, which may be 15 seconds, does not limit what the owner may take for one step; a
 *           machine or a kernel that hangs stops feeding at once, an owner that hangs stops it after patience_s.
 * Ends      watchdog_close() stops it. A program that ends without that has the machine restarted.
 */
#ifndef TANDEM_LINUX_HW_WATCHDOG_H
#define TANDEM_LINUX_HW_WATCHDOG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <tandem/err.h>

#define WATCHDOG_BEAT_S 2
#define WATCHDOG_WISH_S 30 /* asked of the driver */

struct watchdog { /* starts as {0}; lives until watchdog_close, or as long as the program */
    int fd, patience_beats;
    bool is_open;
    atomic_int beats_left;
    int over[2]; /* a pipe: closing our end ends the thread */
    pthread_t thread;
};

/* BUSY: somebody else feeds it, such as the init system. NOT_FOUND, ACCESS, IO: it cannot be had. */
TDM_MUST_USE tdm_err watchdog_open(struct watchdog *w, const char *path, uint32_t patience_s);
void watchdog_alive(struct watchdog *w);
/* What the thread does at every beat: feed unless the owner's time is over. */
bool watchdog_beat(struct watchdog *w);
void watchdog_close(struct watchdog *w);
/* It goes on without being fed: whatever restarts the machine may take no longer than its time. */
void watchdog_leave(struct watchdog *w);

#endif
