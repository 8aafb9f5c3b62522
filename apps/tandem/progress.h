/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress: the core's remarks and counts, as a bar on a terminal, as one JSON object a line with --json, else as one
 * line per phase. Everything goes to standard error; standard output carries the result alone.
 */
#ifndef TANDEM_PROGRESS_H
#define TANDEM_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include <tandem/log.h>

#include "progress_line.h"

struct progress {
    struct tdm_log port;
    bool is_json, is_terminal, is_verbose, is_quiet;
    bool line_is_open; /* a bar stands on the current line       */
    bool is_live;      /* the last thing said was how far it is  */
    int phase;
    const char *what;
    uint64_t done, total, shown_at_ms;
    struct progress_rate rate;
};

void progress_init(struct progress *p, bool is_json, bool is_verbose, bool is_quiet);
/* To be called while nothing comes: what was not shown yet is, and the speed falls. */
void progress_tick(struct progress *p);
/* End the bar's line, before anything else is printed. */
void progress_close(struct progress *p);

#endif
