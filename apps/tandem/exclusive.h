/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exclusive: the programs that use the radio are stopped before Tandem does, and started again after it, whatever
 * happened in between: success, failure, a signal, even a SIGKILL.
 *
 * Used by   device.c.   Uses  linux/program.h.
 * How       [radio] units: systemd units; those that are active, or that systemd is about to restart, are stopped, and
 *           only those are started again, so that a unit which waits for `tandem boot` is not started from within it.
 *           [radio] stop-command and start-command: the operator's own words, read by the shell.
 *           A child process, the minder, is made before anything is stopped. It waits until this process lets go of a
 *           pipe, by exclusive_end() or by its death, and then starts what was stopped.
 * Memory    a struct that begins as {0}; ending what never began is fine.
 */
#ifndef TANDEM_EXCLUSIVE_H
#define TANDEM_EXCLUSIVE_H

#include <stdbool.h>
#include <sys/types.h>

#include "app.h"

#define EXCLUSIVE_UNITS_MAX 8

struct exclusive {
    struct app *app;
    bool has_begun, has_failed;
    int pipe; /* our end; the minder waits for its end */
    pid_t minder;
    char names[CONFIG_TEXT_MAX]; /* of units, each NUL-ended */
    const char *units[EXCLUSIVE_UNITS_MAX + 1];
    int unit_count;
};

/* Reported failures give the exit number and set has_failed; exclusive_end() starts again what was stopped already. */
int exclusive_begin(struct exclusive *x, struct app *app);
/* A failed start is reported, and makes the command fail if nothing else did. */
void exclusive_end(struct exclusive *x);

#endif
