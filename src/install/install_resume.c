/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install_resume.h"

#include <string.h>

#include "install/install_digest.h"
#include "install/install_journal.h"
#include "install/install_record.h"
#include "install/install_stream.h"

#define CLAIM_EVERY (32u * 1024u)
#define SYNC_EVERY  (1024u * 1024u)
#define SYNC_SHARE  10u /* at most one part in so many of the time goes into checkpoints, unless SYNC_MOST are due */
#define SYNC_MOST   64u
#define PROOF_STEP  (UINT64_C(1024) * 1024) /* bytes between two looks at whether the operator has had enough */

/* ---- what is left of it ---- */

/* Another call can tell whether it goes on with the same image. */
static bool is_known(const struct install *in)
{
    return in->judge.verdict.has_manifest || in->validator[0] != '\0';
}

/* Whatever claims: the record alone says that nobody uses these slots. */
static bool is_writing(const struct install *in)
{
    const struct slot_record *rec = &in->record;
    bool has_rcp = in->plan.is_host_alone || rec->rcp[in->plan.rcp].state == SLOT_WRITING;

    if (install_is_staged(rec)) /* which would be armed in place of this one, if it were not taken back */
        return false;
    return has_rcp && (in->plan.kind != SLOT_TRIAL_HOST || rec->host[in->plan.host].content.state == SLOT_WRITING);
}

static bool is_same_download(const struct install_claim *a, const struct install_claim *b)
{
    return memcmp(a->front, b->front, sizeof a->front) == 0 && memcmp(a->source, b->source, sizeof a->source) == 0 &&
           a->rcp == b->rcp && a->host == b->host && a->total == b->total && a->host_at == b->host_at;
}

/* The writer has to go on at the beginning of an erase block. */
static bool can_go_on_at(const struct install *in, const struct install_claim *c)
{
    if (c->offset == c->host_at)
        return c->rcp != SLOT_RCP_NONE;
    if (c->offset < c->host_at)
        return c->rcp != SLOT_RCP_NONE && c->offset % in->cfg.rcp_slots[in->plan.rcp]->erase_size == 0;
    return (c->offset - c->host_at) % in->cfg.host->slots[in->plan.host]->erase_size == 0;
}

/* Those that may be true, from the nearest to the farthest. */
static size_t list_claims(const struct install *in, struct install_claim out[INSTALL_JOURNAL_PLACES])
{
    size_t count = 0;

    for (uint32_t i = 0; i < INSTALL_JOURNAL_PLACES; i++) {
        struct install_claim c;
        uint32_t sequence;
        if (install_journal_get(in->journal.flash, i, &sequence, &c) != TDM_OK || !is_same_download(&c, &in->claim) ||
            !can_go_on_at(in, &c))
            continue;
        size_t k = count++;
        for (; k > 0 && out[k - 1].offset > c.offset; k--)
            out[k] = out[k - 1];
        out[k] = c;
    }
    return count;
}

struct proof {
    uint64_t at; /* bytes of the image so far */
    struct tdm_sha256 bundle, host;
};

static tdm_err read_steps(const struct install *in, struct tdm_flash *flash, uint64_t from, uint64_t to,
                          struct tdm_sha256 *sha)
{
    tdm_err err = TDM_OK;

    for (uint64_t step; err == TDM_OK && from < to; from += step) {
        step = to - from < PROOF_STEP ? to - from : PROOF_STEP;
        err = install_is_stopped(in) ? TDM_E_CANCELLED : install_digest_add(in, flash, from, from + step, sha);
    }
    return err;
}

static tdm_err read_bundle(struct install *in, struct proof *p, uint64_t to)
{
    uint64_t end_at = to < in->claim.host_at ? to : in->claim.host_at;

    if (in->plan.is_host_alone || p->at >= end_at)
        return TDM_OK;
    return read_steps(in, in->cfg.rcp_slots[in->plan.rcp], p->at, end_at, &p->bundle);
}

static tdm_err read_host(struct install *in, struct proof *p, uint64_t to)
{
    uint64_t host_at = in->claim.host_at, from = p->at > host_at ? p->at - host_at : 0;

    if (to <= host_at)
        return TDM_OK;
    return read_steps(in, in->cfg.host->slots[in->plan.host], from, to - host_at, &p->host);
}

static bool is_proven(struct install *in, struct proof *p, const struct install_claim *c)
{
    uint8_t bundle[TDM_SHA256_LEN] = {0}, host[TDM_SHA256_LEN] = {0};

    tdm_err err = read_bundle(in, p, c->offset);
    if (err == TDM_OK)
        err = read_host(in, p, c->offset);
    if (err == TDM_OK)
        err = tdm_sha256_peek(&p->bundle, bundle);
    if (err == TDM_OK)
        err = tdm_sha256_peek(&p->host, host);
    p->at = c->offset;
    return err == TDM_OK && memcmp(bundle, c->bundle_digest, sizeof bundle) == 0 &&
           memcmp(host, c->host_digest, sizeof host) == 0;
}

static tdm_err reread(struct install *in)
{
    tdm_err err = in->plan.is_host_alone ? TDM_OK : tdm_flash_reread(in->cfg.rcp_slots[in->plan.rcp]);
    if (err == TDM_OK && in->plan.kind == SLOT_TRIAL_HOST)
        err = tdm_flash_reread(in->cfg.host->slots[in->plan.host]);
    return err;
}

/* The farthest one whose bytes are there; what is behind a wrong byte is wrong too. */
static uint64_t prove(struct install *in, const struct install_claim *claims, size_t count)
{
    struct proof p = {0};
    uint64_t kept = 0;

    tdm_err err = count > 0 ? reread(in) : TDM_OK;
    if (err == TDM_OK)
        err = tdm_sha256_begin(&p.bundle, in->cfg.crypto);
    if (err == TDM_OK)
        err = tdm_sha256_begin(&p.host, in->cfg.crypto);
    for (size_t i = 0; err == TDM_OK && i < count && is_proven(in, &p, &claims[i]); i++)
        kept = claims[i].offset;
    tdm_sha256_drop(&p.bundle);
    tdm_sha256_drop(&p.host);
    return kept;
}

uint64_t install_resume_find(struct install *in)
{
    struct install_claim claims[INSTALL_JOURNAL_PLACES];
    if (in->journal.flash == NULL || in->is_adopting || in->is_whole || !is_known(in) || !is_writing(in))
        return 0;
    size_t count = list_claims(in, claims);
    in->left = count > 0 ? claims[count - 1].offset : 0; /* as the journal claims, until it is proven */
    return prove(in, claims, count);
}

/* ---- what is left for the next one ---- */

static bool makes_claims(const struct install *in)
{
    return in->journal.flash != NULL && in->judge.is_accepted && !in->is_looking && !in->is_adopting &&
           in->at >= in->kept && is_known(in);
}

/* In the slot that in->at lies in: where it begins in the image, and how far claims are apart. */
static uint64_t slot_base(const struct install *in, uint32_t *every)
{
    bool is_host = in->at >= in->claim.host_at;
    const struct tdm_flash *flash = is_host ? in->cfg.host->slots[in->plan.host] : in->cfg.rcp_slots[in->plan.rcp];
    uint32_t wanted = in->cfg.claim_every > 0 ? in->cfg.claim_every : CLAIM_EVERY;

    *every = (wanted + flash->erase_size - 1) / flash->erase_size * flash->erase_size;
    return is_host ? in->claim.host_at : 0;
}

size_t install_resume_until(const struct install *in, size_t len)
{
    uint32_t every;

    if (!makes_claims(in) || in->at >= in->total)
        return len;
    uint64_t base = slot_base(in, &every), next = base + ((in->at - base) / every + 1) * every;
    if (in->at < in->claim.host_at && next > in->claim.host_at)
        next = in->claim.host_at;
    return len < next - in->at ? len : (size_t)(next - in->at);
}

static uint32_t now_ms(const struct install *in)
{
    return in->cfg.retry.clock != NULL ? tdm_clock_now_ms(in->cfg.retry.clock) : 0;
}

/* A medium takes milliseconds to sync, and a quick source sends many megabytes in that time: it need not wait for each. */
static bool is_sync_due(const struct install *in)
{
    uint64_t every = in->cfg.sync_every > 0 ? in->cfg.sync_every : SYNC_EVERY, behind = in->at - in->synced;

    if (behind < every || in->cfg.retry.clock == NULL)
        return behind >= every;
    return behind >= every * SYNC_MOST || now_ms(in) - in->sync_ended_ms >= in->sync_took_ms * (SYNC_SHARE - 1);
}

/* Everything up to here is in its slot, or on its way to the medium. A bundle that is whole is synced anyway. */
static tdm_err hand_over(struct install *in, bool is_synced)
{
    if (in->at == in->claim.host_at)
        return slot_writer_end(&in->writer);
    tdm_err err = slot_writer_flush(&in->writer);
    return err == TDM_OK && is_synced ? tdm_flash_sync(in->writer.flash) : err;
}

/* A journal that fails costs nothing but what it is for. */
static void put(struct install *in, bool is_synced)
{
    if (install_journal_put(&in->journal, &in->claim, is_synced) == TDM_OK) {
        in->left = in->claim.offset;
        in->synced = is_synced ? in->claim.offset : in->synced;
        return;
    }
    in->journal.flash = NULL;
    in->left = 0;
    tdm_log_note(in->cfg.log, TDM_LOG_WARNING, "the download journal cannot be written", 0);
}

tdm_err install_resume_claim(struct install *in)
{
    uint32_t every, began_ms = now_ms(in);

    /* The judge may hold some bytes back: then the next time. */
    if (!makes_claims(in) || in->stored != in->at || in->at >= in->total || in->at == in->kept ||
        in->writer.flash == NULL)
        return TDM_OK;
    uint64_t base = slot_base(in, &every);
    if (in->at != in->claim.host_at && (in->at - base) % every != 0)
        return TDM_OK;
    bool is_synced = in->at == in->claim.host_at || is_sync_due(in);
    tdm_err err = hand_over(in, is_synced);
    if (err != TDM_OK)
        return install_fail(in, err, "slot_not_written", "a slot cannot be written");
    if (judge_so_far(&in->judge, in->claim.bundle_digest, in->claim.host_digest) != TDM_OK)
        return TDM_OK;
    in->claim.offset = in->at;
    put(in, is_synced);
    if (is_synced) {
        in->sync_ended_ms = now_ms(in);
        in->sync_took_ms = in->sync_ended_ms - began_ms + 1; /* the clock does not see less */
    }
    return TDM_OK;
}

void install_resume_settle(struct install *in)
{
    bool is_due = in->journal.flash != NULL && in->claim.offset > in->synced && in->writer.flash != NULL;

    if (is_due && tdm_flash_sync(in->writer.flash) == TDM_OK)
        put(in, true);
}

void install_resume_forget(struct install *in)
{
    in->claim.offset = in->left = 0;
    if (install_journal_clear(&in->journal) != TDM_OK)
        in->journal.flash = NULL;
}

/* ---- for those who only look ---- */

static bool is_slot_writing(const struct slot_record *rec, const struct install_claim *c)
{
    bool has_rcp = c->rcp == SLOT_RCP_NONE || rec->rcp[c->rcp].state == SLOT_WRITING;
    bool has_host = c->host == SLOT_HOST_NONE || rec->host[c->host].content.state == SLOT_WRITING;

    return has_rcp && has_host;
}

bool install_has_kept(struct tdm_flash *journal, const struct slot_record *rec, uint64_t *bytes, uint64_t *total)
{
    struct install_journal j;
    struct install_claim c;
    uint32_t sequence, newest = 0;

    install_journal_open(&j, journal, NULL);
    for (uint32_t i = 0; j.flash != NULL && i < INSTALL_JOURNAL_PLACES; i++) {
        if (install_journal_get(j.flash, i, &sequence, &c) != TDM_OK || !is_slot_writing(rec, &c) || sequence < newest)
            continue;
        newest = sequence;
        *bytes = c.offset;
        *total = c.total;
    }
    return newest > 0;
}
