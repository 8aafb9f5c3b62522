/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install_replay.h"

#include <string.h>

#include "install/install_digest.h"
#include "install/install_facts.h"
#include "install/install_stream.h"

/* ---- through the judge ---- */

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

/* ---- against digests ---- */

/* The host slot against a digest: that of what came in, or the record's. */
static tdm_err digest_host(struct install *in, uint64_t length, const uint8_t *meant, const char *code)
{
    uint8_t digest[TDM_SHA256_LEN];
    tdm_err err = install_digest_of(in, in->cfg.host->slots[in->plan.host], 0, length, digest);

    if (err != TDM_OK)
        return install_fail(in, err, "slot_not_read", "a slot cannot be read back");
    bool is_same = memcmp(digest, meant, sizeof digest) == 0;
    return is_same ? TDM_OK : install_fail(in, TDM_E_CORRUPT, code, "what the host slot holds is not what was stored");
}

static bool has_bundle_changed(const struct install *in, uint64_t length, const uint8_t *digest)
{
    return install_has_changed(in, in->cfg.rcp_slots[in->plan.rcp], length, digest);
}

static bool has_host_changed(const struct install *in, uint64_t length, const uint8_t *digest)
{
    bool has_host = in->plan.kind == SLOT_TRIAL_HOST && length > 0;
    return has_host && install_has_changed(in, in->cfg.host->slots[in->plan.host], length, digest);
}

/* Of bytes that nobody sent, what the judge makes of them is not what is wrong. */
static tdm_err blame_medium(struct install *in, const char *code, const char *what)
{
    tdm_fault_clear(&in->fault);
    return install_fail(in, TDM_E_CORRUPT, code, what);
}

tdm_err install_read_back(struct install *in)
{
    const struct judge_verdict *meant = &in->verdict, *seen = &in->judge.verdict;

    if (in->plan.is_host_alone) /* its front was judged and is not stored */
        return digest_host(in, meant->layout.host_size, meant->host_digest, "staged_differs");
    tdm_err err = stream_back(in, meant->layout.bundle_size, meant->layout.host_size, in->plan.kind == SLOT_TRIAL_HOST);
    if (err != TDM_OK && (has_bundle_changed(in, meant->layout.bundle_size, meant->bundle_digest) ||
                          has_host_changed(in, meant->layout.host_size, meant->host_digest)))
        return blame_medium(in, "staged_differs", "what was stored is not what was received");
    if (err != TDM_OK)
        return err;
    bool is_same = memcmp(seen->bundle_digest, meant->bundle_digest, TDM_SHA256_LEN) == 0 &&
                   (in->plan.kind != SLOT_TRIAL_HOST || memcmp(seen->id, meant->id, TDM_SHA256_LEN) == 0);
    if (is_same)
        in->verdict = *seen;
    return is_same ? TDM_OK
                   : install_fail(in, TDM_E_CORRUPT, "staged_differs", "what was stored is not what was received");
}

tdm_err install_read_older(struct install *in)
{
    const struct slot_content *bundle = &in->record.rcp[in->plan.rcp];
    const struct slot_content *host = &in->record.host[in->plan.host].content;

    tdm_err err = stream_back(in, bundle->length, 0, false);
    if (err != TDM_OK && has_bundle_changed(in, bundle->length, bundle->digest))
        return blame_medium(in, "stored_differs", "the older radio bundle has changed");
    if (err != TDM_OK)
        return err;
    if (memcmp(in->judge.verdict.bundle_digest, bundle->digest, TDM_SHA256_LEN) != 0)
        return install_fail(in, TDM_E_CORRUPT, "stored_differs", "the older radio bundle has changed");
    in->verdict = in->judge.verdict;
    memcpy(in->verdict.id, in->plan.kind == SLOT_TRIAL_HOST ? host->id : bundle->id, SLOT_ID_LEN);
    if (in->plan.kind != SLOT_TRIAL_HOST)
        return TDM_OK;
    slot_text_set(in->verdict.host_version, sizeof in->verdict.host_version, host->version);
    if (host->length > 0)
        return digest_host(in, host->length, host->digest, "stored_differs");
    tdm_log_note(in->cfg.log, TDM_LOG_WARNING, "the older host came with the router: nothing to check it against", 0);
    return TDM_OK;
}
