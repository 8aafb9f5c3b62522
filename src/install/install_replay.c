/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install_facts.h"
#include "install/install_stream.h"

static tdm_err on_stored(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct install_body *body = (struct install_body *)(void *)sink;

    body->got += len;
    tdm_log_progress(body->in->cfg.log, TDM_PHASE_VERIFY, "slots", body->got, body->total);
    return judge_push(&body->in->judge, data, len);
}

static tdm_err replay(struct install *in, struct tdm_flash *flash, uint64_t length)
{
    tdm_err err = slot_replay(flash, length, in->cfg.buf, in->cfg.buf_len, &in->body.sink);
    if (err == TDM_OK)
        return TDM_OK;
    (void)tdm_fault_from(&in->fault, &in->judge.fault);
    return install_fail(in, err, "slot_not_read", "a slot cannot be read back");
}

static tdm_err stream_back(struct install *in, uint64_t bundle_size, uint64_t host_size, bool has_host)
{
    struct judge_facts facts = install_facts(in);

    in->body = (struct install_body){.sink = {on_stored}, .in = in, .total = bundle_size + (has_host ? host_size : 0)};
    judge_init(&in->judge, in->cfg.crypto, &facts, NULL);
    tdm_err err = replay(in, in->cfg.rcp_slots[in->plan.rcp], bundle_size);
    if (err == TDM_OK && has_host)
        err = replay(in, in->cfg.host->slots[in->plan.host], host_size);
    if (err != TDM_OK) {
        judge_drop(&in->judge);
        return err;
    }
    struct judge_verdict *seen = &in->judge.verdict;
    err = has_host ? judge_end(&in->judge, seen) : judge_end_bundle(&in->judge, seen);
    return err == TDM_OK ? TDM_OK : tdm_fault_from(&in->fault, &in->judge.fault);
}

tdm_err install_stream_back(struct install *in, uint64_t bundle_size, uint64_t host_size)
{
    return stream_back(in, bundle_size, host_size, in->plan.kind == SLOT_TRIAL_HOST);
}

tdm_err install_stream_bundle(struct install *in, uint64_t size)
{
    return stream_back(in, size, 0, false);
}
