/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/fetch.h"

static tdm_err on_body(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct fetch *f = (struct fetch *)(void *)sink; /* its first member */

    uint64_t at = f->reply->start + f->got; /* both far below 2^63 */

    f->got += len;
    if (f->limit > 0 && (at > f->limit || len > f->limit - at))
        return tdm_fault_set(&f->fault, TDM_E_NO_ROOM, "too_long", "more bytes than there is room for", f->limit);
    tdm_err err = tdm_sink_push(f->to, data, len);
    if (err == TDM_OK)
        tdm_log_progress(f->log, TDM_PHASE_FETCH, "image", at + len, *f->total);
    return err;
}

tdm_err fetch_run(struct fetch *f, const char *url)
{
    f->sink.push = on_body;
    f->got = 0;
    tdm_fault_clear(&f->fault);
    tdm_err err = tdm_http_get(f->source, url, &f->ask, &f->sink, f->reply);
    if (f->reply->fault.err != TDM_OK)
        (void)tdm_fault_from(&f->fault, &f->reply->fault);
    return err;
}
