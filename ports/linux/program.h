/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program: run another program, bounded in time and in what it may say.
 *
 * Used by   lines_command.c, bootsel_command.c, exclusive.c, apps/.
 * Contract  argv is NULL-ended; argv[0] is looked up in PATH when it has no slash; no shell reads it. The program gets
 *           nothing to read, and a process group of its own: a signal from the terminal is not for it, and all of it
 *           is ended when its time is over. What it prints goes to our standard error (our output may be JSON), or
 *           into `said`.
 * Failures  NOT_FOUND, ACCESS, IO: it could not be started. TIMEOUT: ended by us. PEER: it ended with another status
 *           than 0. NO_ROOM: it said more than cap - 1 bytes. No child is left behind.
 */
#ifndef TANDEM_LINUX_PROGRAM_H
#define TANDEM_LINUX_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include <tandem/err.h>

/* said: NULL, or cap bytes for its standard output, NUL-ended. */
TDM_MUST_USE tdm_err program_run(const char *const argv[], uint32_t timeout_ms, char *said, size_t cap);

/* The cause behind an errno of starting or finding a program. */
tdm_err program_start_err(int error);

#endif
