/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch: one resource, or a part of it, into a sink, counted, bounded and reported.
 *
 * Used by   install.   Uses  http.
 * Memory    the caller owns the struct; nothing is allocated.
 * Whole     TDM_OK says that the body ended, not that it is whole: the format must tell (include/tandem/http.h).
 * Parts     the sink gets the bytes from reply->start on, which is ask.from or 0: it looks before it keeps the first one.
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
    struct tdm_http_ask ask; /* {0}: all of it                                        */
    const uint64_t *total;   /* bytes expected, as far as anybody knows: 0 until then */
    uint64_t limit;          /* a file longer than that is cut off; 0: no limit       */
    uint64_t got;            /* bytes that came, whether they were wanted or not      */
    struct tdm_fault fault;
};

/* Set by the caller: source, to, log, reply, ask, total, limit. */
TDM_MUST_USE tdm_err fetch_run(struct fetch *f, const char *url);

#endif
