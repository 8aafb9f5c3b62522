/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch: how often, and where else, a download is tried again.
 *
 * Used by   install.h, apps/.   Uses  clock.
 * Memory    everything is borrowed and must live as long as the download.
 */
#ifndef TANDEM_FETCH_AGAIN_H
#define TANDEM_FETCH_AGAIN_H

#include <stddef.h>

#include <tandem/clock.h>

#define FETCH_PLACES_MAX 8 /* the address that was given, and its mirrors */

/* {0}: one place, one attempt. */
struct fetch_retry {
    struct tdm_clock *clock;    /* of the waits; NULL: no second round             */
    const char *const *mirrors; /* other addresses of the same file, in this order */
    size_t mirror_count;        /* at most FETCH_PLACES_MAX - 1                    */
    uint32_t retries;           /* rounds through all places, after the first      */
    uint32_t wait_ms;           /* before the second round; then twice as long ... */
    uint32_t deadline_ms;       /* no wait ends later than so much after the beginning; 0: no limit */
    uint32_t seed;              /* of the jitter: another one on each router       */
    bool (*is_stopped)(void);   /* has the operator had enough? NULL: never        */
};

#endif
