/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/fetch.h"

static tdm_err on_body(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct fetch *f = (struct fetch *)(void *)sink; /* its first member */

    if (f->limit > 0 && len > f->limit - f->got)
        return tdm_fault_set(&f->fault, TDM_E_NO_ROOM, "too_long", "more bytes than there is room for", f->limit);
    f->got += len;
    tdm_err err = tdm_sink_push(f->to, data, len);
    if (err == TDM_OK)
        tdm_log_progress(f->log, TDM_PHASE_FETCH, "image", f->got, *f->total);
    return err;
}

tdm_err fetch_run(struct fetch *f, const char *url)
{
    f->sink.push = on_body;
    f->got = 0;
    tdm_fault_clear(&f->fault);
    tdm_err err = tdm_http_get(f->source, url, 0, &f->sink, f->reply);
    if (f->reply->fault.err != TDM_OK)
        (void)tdm_fault_from(&f->fault, &f->reply->fault);
    return err;
}
