/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cancel: an operator's signal as an answer of the ports, so that engines unwind as after any failure and leave RESET
 * and BOOT released.
 *
 * Used by   serial_open.c (its read and write answer CANCELLED once it was asked), apps/, tests.
 * Memory    one flag and one descriptor of the process: a signal has no other place to go.
 * Lines     are moved, and the rate is set, all the same: that is how an engine leaves the radio running.
 */
#ifndef TANDEM_LINUX_CANCEL_H
#define TANDEM_LINUX_CANCEL_H

#include <stdbool.h>

/*
 * From now on SIGINT, SIGTERM and SIGHUP ask instead of ending the process, unless they were ignored, and nobody reading
 * our output any more (SIGPIPE) is no reason to leave a radio half done. Again is fine.
 */
void cancel_on_signals(void);
bool cancel_is_asked(void);
/* What was asked is over: a test begins anew. */
void cancel_forget(void);
/* Readable once it was asked, for poll; -1 before cancel_on_signals(). */
int cancel_fd(void);

#endif
