/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch_retry: after a failure: over, try another place, or the same one again, and after what wait.
 *
 * Used by   install.   Uses  clock.
 * Rounds    Each round asks every place that is left, one after the other without a wait; then comes the wait, twice as
 *           long each time, half of it by chance so that a thousand routers do not come back at once.
 * Causes    What time may heal (no connection, silence, an overloaded server) is tried again; what is that place's own
 *           (no such file, a certificate, a page, a damaged image) drops the place; what is ours ends it all.
 * Memory    the struct is the caller's.
 */
#ifndef TANDEM_FETCH_RETRY_H
#define TANDEM_FETCH_RETRY_H

#include <tandem/fetch.h>
#include <tandem/http.h>
#include <tandem/log.h>

#define FETCH_WAIT_MAX_MS 60000u
#define FETCH_ASKED_MAX_S 300u /* a server that asks for a longer wait is not asked again   */
#define FETCH_LOOK_MS     100u /* how often a wait looks whether the operator stopped it    */

enum fetch_next { FETCH_END, FETCH_ELSEWHERE, FETCH_AGAIN };

/* fault: of the download. reply: its server's; the failure is the server's when reply->fault is set. */
enum fetch_next fetch_after(const struct tdm_fault *fault, const struct tdm_http_reply *reply);

/*
 * A part came that was not asked for, or there is no such part any more: what is kept of the file is of no use with this
 * place. The next attempt there asks for all of it, and counts like any other, so a file that changes all the time is given up.
 */
bool fetch_begins_anew(const struct tdm_http_reply *reply);

/* Before round 1, 2, ...: between half and all of first_ms doubled each time, no longer than FETCH_WAIT_MAX_MS. */
uint32_t fetch_wait_ms(uint32_t first_ms, uint32_t round, uint32_t seed);

struct fetch_tour {
    const struct fetch_retry *cfg;
    const char *first;
    struct tdm_log *log;
    uint32_t round, attempts;
    size_t place;
    bool is_dropped[FETCH_PLACES_MAX];
    uint32_t asked_s; /* the longest wait that a server of this round asked for */
    struct tdm_deadline ends;
};

void fetch_tour_begin(struct fetch_tour *t, const struct fetch_retry *cfg, const char *url, struct tdm_log *log);
const char *fetch_tour_url(const struct fetch_tour *t);

/* OK: go on at fetch_tour_url(). Else the fault to report, which is that of a stop if it came in a wait. */
TDM_MUST_USE tdm_err fetch_tour_next(struct fetch_tour *t, const struct tdm_http_reply *reply, struct tdm_fault *fault);

#endif
