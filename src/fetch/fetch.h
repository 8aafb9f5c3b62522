/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch: one resource from its first byte into a sink, counted, bounded and reported.
 *
 * Used by   install.   Uses  http.
 * Memory    the caller owns the struct; nothing is allocated.
 * Whole     TDM_OK says that the body ended, not that it is whole: the format must tell (include/tandem/http.h).
 * Fault     that of the port, or too_long. An error of the sink is handed on and leaves fault empty.
 */
#ifndef TANDEM_FETCH_H
#define TANDEM_FETCH_H

#include <tandem/http.h>
#include <tandem/log.h>

struct fetch {
    struct tdm_sink sink; /* what the port pushes into */
    struct tdm_http *source;
    struct tdm_sink *to;
    struct tdm_log *log;
    struct tdm_http_reply *reply;
    const uint64_t *total; /* bytes expected, as far as anybody knows: 0 until then */
    uint64_t limit;        /* more than so many bytes are cut off; 0: no limit      */
    uint64_t got;
    struct tdm_fault fault;
};

/* Set by the caller: source, to, log, reply, total, limit. */
TDM_MUST_USE tdm_err fetch_run(struct fetch *f, const char *url);

#endif
