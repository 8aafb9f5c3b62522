/* SPDX-License-Identifier: Apache-2.0 */
#include "http_curl_pace.h"

void http_curl_pace_begin(struct http_curl_pace *p, uint64_t now_ms)
{
    *p = (struct http_curl_pace){.phase = CONNECTING, .since_ms = now_ms};
}

void http_curl_pace_enter(struct http_curl_pace *p, enum http_curl_phase phase, uint64_t now_ms)
{
    if (phase == RECEIVING && p->phase != RECEIVING)
        p->span_ms = now_ms;
    p->phase = phase;
    p->since_ms = now_ms;
}

void http_curl_pace_take(struct http_curl_pace *p, size_t len, uint64_t now_ms)
{
    http_curl_pace_enter(p, RECEIVING, now_ms);
    p->bytes += len;
}

void http_curl_pace_busy(struct http_curl_pace *p, uint64_t from_ms, uint64_t now_ms)
{
    p->since_ms += now_ms - from_ms;
    p->span_ms += now_ms - from_ms;
}

/* One span after the other: each must bring its bytes. */
static bool is_slow(struct http_curl_pace *p, const struct http_curl_config *cfg, uint64_t now_ms)
{
    if (cfg->min_speed == 0 || p->phase != RECEIVING || now_ms - p->span_ms < cfg->min_speed_ms)
        return false;
    bool is_too_few = p->bytes * 1000 < (uint64_t)cfg->min_speed * (now_ms - p->span_ms);
    p->bytes = 0;
    p->span_ms = now_ms;
    return is_too_few;
}

tdm_err http_curl_pace_check(struct http_curl_pace *p, const struct http_curl_config *cfg, uint64_t ends_ms,
                             uint64_t now_ms, struct tdm_fault *why)
{
    static const struct {
        tdm_err err;
        const char *code, *what;
    } late[] = {
        [CONNECTING] = {TDM_E_TIMEOUT, "connect_timeout", "no connection in time"},
        [ASKING] = {TDM_E_TIMEOUT, "first_byte_timeout", "connected, but no answer in time"},
        [RECEIVING] = {TDM_E_TIMEOUT, "stall_timeout", "the transfer stalled"},
    };
    const uint32_t limit[] = {cfg->connect_ms, cfg->first_byte_ms, cfg->stall_ms};

    if (ends_ms > 0 && now_ms >= ends_ms)
        return tdm_fault_set(why, TDM_E_TIMEOUT, "deadline", "the time for the whole download is over", 0);
    if (now_ms - p->since_ms >= limit[p->phase])
        return tdm_fault_set(why, late[p->phase].err, late[p->phase].code, late[p->phase].what, 0);
    if (is_slow(p, cfg, now_ms))
        return tdm_fault_set(why, TDM_E_TIMEOUT, "too_slow", "the transfer is slower than the least speed", 0);
    return TDM_OK;
}
