/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/fetch_retry.h"

#include <string.h>

/* ---- what a failure means ---- */

static enum fetch_next after_status(uint64_t status)
{
    static const uint16_t passing[] = {408, 425, 429, 500, 502, 503, 504};

    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        if (passing[i] == status)
            return FETCH_AGAIN;
    }
    return FETCH_ELSEWHERE;
}

static enum fetch_next after_code(const char *code, enum fetch_next other)
{
    static const struct {
        const char *code;
        enum fetch_next next;
    } rows[] = {
        {"deadline", FETCH_END}, {"plain_http", FETCH_END},     {"bad_scheme", FETCH_END},
        {"bad_url", FETCH_END},  {"http_library", FETCH_END},   {"no_memory", FETCH_END},
        {"bad_pin", FETCH_END},  {"bad_trust_file", FETCH_END},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].code, code) == 0)
            return rows[i].next;
    }
    return other;
}

/* Whoever answers so can still send the whole file, or a part of the one that lies there now. */
bool fetch_begins_anew(const struct tdm_http_reply *reply)
{
    static const char *const codes[] = {"range_beyond_end", "range_of_other_file", "range_missing", "range_refused",
                                        "wrong_range",      "multipart_range",     "long_range"};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0] && reply->fault.err == TDM_E_PEER; i++) {
        if (strcmp(codes[i], reply->fault.code) == 0)
            return true;
    }
    return false;
}

static enum fetch_next after_source(const struct tdm_http_reply *reply)
{
    switch (reply->fault.err) {
    case TDM_E_UNREACHABLE:
    case TDM_E_TIMEOUT:
        return after_code(reply->fault.code, FETCH_AGAIN);
    case TDM_E_PEER:
        if (strcmp(reply->fault.code, "http_status") == 0 || strcmp(reply->fault.code, "proxy_refused") == 0)
            return reply->retry_after_s > FETCH_ASKED_MAX_S ? FETCH_ELSEWHERE : after_status(reply->fault.at);
        return fetch_begins_anew(reply) ? FETCH_AGAIN : FETCH_ELSEWHERE;
    case TDM_E_CANCELLED:
    case TDM_E_BUG:
    case TDM_E_NO_ROOM:
    case TDM_E_POWER:
        return FETCH_END;
    default:
        return after_code(reply->fault.code, FETCH_ELSEWHERE);
    }
}

enum fetch_next fetch_after(const struct tdm_fault *fault, const struct tdm_http_reply *reply)
{
    if (reply->fault.err != TDM_OK)
        return after_source(reply);
    if (strcmp(fault->code, "changed_on_server") == 0)
        return FETCH_END;
    if (fault->err == TDM_E_TRUNCATED && !reply->has_length)
        return FETCH_AGAIN; /* who tells no length breaks off in just this way */
    if (fault->err == TDM_E_TRUNCATED || fault->err == TDM_E_FORMAT || fault->err == TDM_E_CORRUPT)
        return FETCH_ELSEWHERE;
    return FETCH_END;
}

/* ---- how long to wait ---- */

static uint32_t mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}

uint32_t fetch_wait_ms(uint32_t first_ms, uint32_t round, uint32_t seed)
{
    uint32_t full = first_ms < FETCH_WAIT_MAX_MS ? first_ms : FETCH_WAIT_MAX_MS;

    for (uint32_t i = 1; i < round && full < FETCH_WAIT_MAX_MS; i++)
        full = full * 2 < FETCH_WAIT_MAX_MS ? full * 2 : FETCH_WAIT_MAX_MS;
    uint32_t least = full - full / 2;
    return least + mix(seed + round * 0x9e3779b9u) % (full / 2 + 1);
}

static bool is_stopped(const struct fetch_tour *t)
{
    return t->cfg->is_stopped != NULL && t->cfg->is_stopped();
}

static tdm_err wait(struct fetch_tour *t, uint32_t ms, struct tdm_fault *fault)
{
    if (ms == 0)
        return TDM_OK;
    struct tdm_deadline over = tdm_deadline_in(t->cfg->clock, ms);

    while (!tdm_deadline_passed(&over) && !is_stopped(t)) {
        uint32_t left = tdm_deadline_left_ms(&over);
        tdm_clock_sleep_ms(t->cfg->clock, left < FETCH_LOOK_MS ? left : FETCH_LOOK_MS);
    }
    if (!is_stopped(t))
        return TDM_OK;
    tdm_fault_clear(fault);
    return tdm_fault_set(fault, TDM_E_CANCELLED, "stopped_by_operator", "stopped by the operator", 0);
}

/* ---- the tour ---- */

static size_t place_count(const struct fetch_tour *t)
{
    size_t mirrors = t->cfg->mirror_count;
    return 1 + (mirrors < FETCH_PLACES_MAX ? mirrors : FETCH_PLACES_MAX - 1);
}

void fetch_tour_begin(struct fetch_tour *t, const struct fetch_retry *cfg, const char *url, struct tdm_log *log)
{
    *t = (struct fetch_tour){.cfg = cfg, .first = url, .log = log, .attempts = 1};
    if (cfg->clock != NULL && cfg->deadline_ms > 0)
        t->ends = tdm_deadline_in(cfg->clock, cfg->deadline_ms);
}

const char *fetch_tour_url(const struct fetch_tour *t)
{
    return t->place == 0 ? t->first : t->cfg->mirrors[t->place - 1];
}

/* The next place that is left, from this one on; false: none in this round. */
static bool find_place(struct fetch_tour *t, size_t from)
{
    for (size_t i = from; i < place_count(t); i++) {
        if (!t->is_dropped[i]) {
            t->place = i;
            return true;
        }
    }
    return false;
}

/* The wait before the next round: 0 rounds left, or no time for it: false. */
static bool plan_round(struct fetch_tour *t, uint32_t *wait_ms)
{
    if (t->cfg->clock == NULL || t->round >= t->cfg->retries)
        return false;
    t->round++;
    uint32_t own = fetch_wait_ms(t->cfg->wait_ms, t->round, t->cfg->seed), asked = t->asked_s * 1000u;
    *wait_ms = own > asked ? own : asked;
    t->asked_s = 0;
    return t->ends.clock == NULL || *wait_ms < tdm_deadline_left_ms(&t->ends);
}

tdm_err fetch_tour_next(struct fetch_tour *t, const struct tdm_http_reply *reply, struct tdm_fault *fault)
{
    enum fetch_next next = fetch_after(fault, reply);
    size_t tried = t->place;
    uint32_t wait_ms = 0;

    if (next == FETCH_END)
        return fault->err;
    t->is_dropped[tried] = next == FETCH_ELSEWHERE;
    if (next == FETCH_AGAIN && reply->retry_after_s > t->asked_s)
        t->asked_s = reply->retry_after_s;
    bool is_here = find_place(t, tried + 1);
    if (!is_here && (!find_place(t, 0) || !plan_round(t, &wait_ms))) {
        t->place = tried;
        return fault->err;
    }
    t->attempts++;
    tdm_log_note(t->log, TDM_LOG_WARNING, fault->what, 0);
    if (is_here)
        tdm_log_note(t->log, TDM_LOG_INFO, "trying the next address", t->place);
    else
        tdm_log_note(t->log, TDM_LOG_INFO, "trying again; milliseconds to wait", wait_ms);
    return wait(t, wait_ms, fault);
}
