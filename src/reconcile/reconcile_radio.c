/* SPDX-License-Identifier: Apache-2.0 */
/* The recovery ladder: ask, reset, compare, flash; every flash is counted durably before it begins. */
#include "reconcile/reconcile_parts.h"

#include <string.h>

#include "base/crc.h"
#include "reconcile/pair_edit.h"
#include "reconcile/radio_table.h"

/* ---- what is known ----------------------------------------------------------------------------------------------- */

static uint32_t text_crc(const struct reconcile *r)
{
    return crc32_add(CRC32_START, (const uint8_t *)r->radio.version, strlen(r->radio.version));
}

static uint16_t bounded(uint32_t api)
{
    return api < UINT16_MAX ? (uint16_t)api : UINT16_MAX;
}

static bool keep_proof(struct reconcile *r)
{
    const struct radio_proof proof = {text_crc(r), bounded(r->radio.api), bounded(r->radio.min_host_api)};

    return radio_proven(&r->record, &proof);
}

static bool is_text_as_proven(const struct reconcile *r)
{
    return r->record.radio.text_crc != 0 && r->record.radio.text_crc == text_crc(r);
}

static struct radio_facts facts_of(const struct reconcile *r)
{
    const uint8_t *wanted = r->record.rcp[r->slot].id;
    struct radio_facts f = {.answers = r->radio_answers, .is_compared = r->is_compared};

    f.holds = !r->record.radio.is_known                      ? RADIO_HOLDS_UNKNOWN
              : slot_id_equal(r->record.radio.holds, wanted) ? RADIO_HOLDS_WANTED
                                                             : RADIO_HOLDS_OTHER;
    f.text = strcmp(r->radio.version, r->wanted) == 0 ? RADIO_TEXT_WANTED
             : is_text_as_proven(r)                   ? RADIO_TEXT_AS_PROVEN
                                                      : RADIO_TEXT_OTHER;
    return f;
}

static bool may_heal(tdm_err err)
{
    return err != TDM_E_MISMATCH && err != TDM_E_UNSUPPORTED && err != TDM_E_REFUSED && err != TDM_E_NO_ROOM &&
           err != TDM_E_POWER && err != TDM_E_CANCELLED && err != TDM_E_UNREACHABLE;
}

/* ---- rungs ------------------------------------------------------------------------------------------------------- */

/*
 * Is all of the bundle in the radio already? Then it counts as held, without a flash. When that cannot be found out,
 * nothing is known of its contents, and the rung that counts its attempts comes next.
 */
static tdm_err compare(struct reconcile *r)
{
    bool is_equal = false;

    tdm_err err = r->bundle_fault.err == TDM_OK ? reconcile_regions_compare(r, &is_equal) : TDM_OK;
    if (err == TDM_E_POWER || err == TDM_E_CANCELLED)
        return err;
    if (r->bundle_fault.err == TDM_OK)
        reconcile_ask_after_reset(r);
    r->is_compared = true;
    r->record.radio.is_known = false;
    if (!is_equal)
        return TDM_OK;
    radio_holds(&r->record, r->record.rcp[r->slot].id);
    return reconcile_commit(r);
}

static tdm_err count_failure(struct reconcile *r)
{
    tdm_err cause = r->attempt.err;

    tdm_log_note(r->cfg.log, TDM_LOG_WARNING, r->attempt.what, 0); /* its number means something with its code alone */
    radio_failed(&r->record);
    tdm_err err = reconcile_commit(r);
    return err != TDM_OK ? err : may_heal(cause) ? TDM_OK : cause;
}

/* How often the bundle in hand may be flashed, counted since the radio was last proven. */
struct radio_bounds {
    uint8_t failed, begun;
    void (*begin)(struct slot_record *rec);
};

static const struct radio_bounds own_bounds = {RECONCILE_FAILED_MAX, RECONCILE_BEGUN_MAX, radio_begin};
static const struct radio_bounds other_bounds = {RECONCILE_OTHER_FAILED_MAX, RECONCILE_OTHER_BEGUN_MAX,
                                                 radio_begin_other};

static bool is_used_up(const struct reconcile *r, const struct radio_bounds *bounds)
{
    return r->record.radio.failed >= bounds->failed || r->record.radio.begun >= bounds->begun;
}

/* May it be flashed? Then that is on record before it begins. */
static tdm_err begin_flash(struct reconcile *r, const struct radio_bounds *bounds)
{
    if (r->bundle_fault.err != TDM_OK) {
        r->attempt = r->bundle_fault;
        return r->attempt.err;
    }
    if (reconcile_is_portless(r))
        return r->attempt.err; /* not begun, so not counted */
    if (is_used_up(r, bounds))
        return reconcile_fail(r, TDM_E_REFUSED, "flash_limit", "flashing the radio has failed too often",
                              r->record.radio.begun);
    bounds->begin(&r->record);
    return reconcile_commit(r);
}

/* All of it is in the radio, by its digests. */
static tdm_err end_flash(struct reconcile *r, uint32_t asked_baud)
{
    bool was_easy = r->cost.baud == asked_baud && r->esprom.tally.recoveries == 0;

    r->is_compared = true;
    r->is_half_flashed = false;
    radio_keep_rate(&r->record, r->cfg.flash_baud, r->cost.baud, was_easy);
    radio_holds(&r->record, r->record.rcp[r->slot].id);
    return reconcile_commit(r);
}

static tdm_err ask_flashed(struct reconcile *r)
{
    reconcile_ask_after_reset(r);
    if (r->radio_answers)
        return TDM_OK;
    if (reconcile_is_stopped(r))
        return TDM_E_CANCELLED;
    if (!r->esprom.needs_hand)
        return count_failure(r);
    tdm_fault_clear(&r->attempt);
    return reconcile_fail(r, TDM_E_STATE, "needs_reset", "flashed and right, but no line can restart it", 0);
}

/* One attempt. TDM_OK: look at the radio again, it may be right now. */
static tdm_err flash(struct reconcile *r, const struct radio_bounds *bounds)
{
    tdm_err err = begin_flash(r, bounds);

    if (err != TDM_OK)
        return err;
    uint32_t baud = radio_rate(&r->record, r->cfg.flash_baud);
    r->was_flashed = r->is_half_flashed = true;
    r->is_compared = false;
    err = reconcile_regions_write(r, baud);
    if (err == TDM_E_CANCELLED)
        return err; /* it was counted as begun; the radio did nothing wrong */
    if (err != TDM_OK)
        return count_failure(r);
    err = end_flash(r, baud);
    return err == TDM_OK ? ask_flashed(r) : err;
}

/* ---- the ladder -------------------------------------------------------------------------------------------------- */

/* The bundle in hand, until the radio is right or the counts say stop. */
static tdm_err climb(struct reconcile *r, const struct radio_bounds *bounds)
{
    while (!reconcile_is_stopped(r)) {
        struct radio_facts facts = facts_of(r);
        enum radio_next next = radio_decide(&facts);
        if (next == RADIO_RIGHT || next == RADIO_RIGHT_MISNAMED) {
            r->text_differs = next == RADIO_RIGHT_MISNAMED;
            return TDM_OK;
        }
        tdm_err err = next == RADIO_COMPARE ? compare(r) : flash(r, bounds);
        if (err != TDM_OK)
            return err;
    }
    return TDM_E_CANCELLED;
}

static bool is_record_lost(const struct reconcile *r)
{
    return r->fault.err != TDM_OK && strcmp(r->fault.code, "record_not_writable") == 0;
}

/* To the next bundle, after the one in hand. */
static bool may_go_on(const struct reconcile *r, tdm_err err)
{
    return err != TDM_E_POWER && err != TDM_E_CANCELLED && !is_record_lost(r) && !reconcile_waits_for_hand(r) &&
           !reconcile_is_portless(r);
}

/* The last rung: never in a trial, where it would keep a mixed pair. */
static bool may_substitute(const struct reconcile *r, uint8_t other, tdm_err err)
{
    const struct slot_content *c = &r->record.rcp[other];

    return may_go_on(r, err) && r->record.trial.kind == SLOT_TRIAL_NONE && c->state == SLOT_GOOD &&
           c->counter >= r->record.counter_floor && slot_record_bad_reason(&r->record, c->id) == NULL;
}

/* The own bundle cannot be had: the other proven one, when its radio fits this host. */
static tdm_err substitute(struct reconcile *r, uint8_t other, const char *reason)
{
    struct tdm_fault unfit;

    tdm_log_note(r->cfg.log, TDM_LOG_WARNING, "the own bundle cannot be had; trying that of RCP slot", other);
    tdm_err err = reconcile_bundle_load(r, other);
    if (err == TDM_OK)
        err = climb(r, &other_bounds);
    if (err != TDM_OK)
        return err;
    if (!reconcile_radio_fits(r, &unfit))
        return unfit.err;
    (void)keep_proof(r); /* the commit is due either way */
    pair_substitute(&r->record, r->running, other, reason);
    err = reconcile_commit(r);
    r->was_substituted = err == TDM_OK;
    return err;
}

/* The running row's bundle, or, when that cannot be had, the other one. */
static tdm_err managed(struct reconcile *r, uint8_t own)
{
    uint8_t other = own == SLOT_R0 ? SLOT_R1 : SLOT_R0;
    struct tdm_fault why;

    tdm_err err = climb(r, &own_bounds);
    if (err == TDM_OK || !may_substitute(r, other, err))
        return err;
    why = r->attempt;
    tdm_err tried = substitute(r, other, why.what);
    if (tried == TDM_OK || tried == TDM_E_CANCELLED)
        return tried;
    r->attempt = why; /* what the own bundle failed of is what is told */
    if (reconcile_bundle_load(r, own) != TDM_OK)
        tdm_log_note(r->cfg.log, TDM_LOG_WARNING, r->bundle_fault.what, r->bundle_fault.at);
    return err;
}

static bool is_whole(const struct slot_content *c)
{
    return c->state != SLOT_EMPTY && c->state != SLOT_WRITING;
}

/* Among whole bundles, whatever became of them: the one with the higher counter, else the proven one. */
static uint8_t best_bundle(const struct slot_record *rec)
{
    const struct slot_content *c0 = &rec->rcp[SLOT_R0], *c1 = &rec->rcp[SLOT_R1];

    if (!is_whole(c0) || !is_whole(c1))
        return is_whole(c0) ? SLOT_R0 : is_whole(c1) ? SLOT_R1 : SLOT_RCP_NONE;
    if (c0->counter != c1->counter)
        return c0->counter > c1->counter ? SLOT_R0 : SLOT_R1;
    return c1->state == SLOT_GOOD && c0->state != SLOT_GOOD ? SLOT_R1 : SLOT_R0;
}

static tdm_err revive(struct reconcile *r, uint8_t slot, const struct radio_bounds *bounds)
{
    tdm_err err = reconcile_bundle_load(r, slot);

    if (err != TDM_OK)
        r->attempt = r->bundle_fault;
    while (err == TDM_OK && !r->radio_answers)
        err = flash(r, bounds);
    return err;
}

/* No bundle belongs to the running host: whatever answers will do, and only silence is repaired with what there is. */
static tdm_err unmanaged(struct reconcile *r)
{
    uint8_t slot = best_bundle(&r->record);

    uint8_t other = slot == SLOT_R0 ? SLOT_R1 : SLOT_R0;

    if (r->radio_answers || slot == SLOT_RCP_NONE || reconcile_is_stopped(r))
        return r->radio_answers ? TDM_OK : r->attempt.err;
    tdm_err err = revive(r, slot, &own_bounds);
    if (err == TDM_OK || !may_go_on(r, err) || !is_whole(&r->record.rcp[other]))
        return err;
    struct tdm_fault why = r->attempt;
    tdm_err tried = revive(r, other, &other_bounds);
    if (tried == TDM_OK || tried == TDM_E_CANCELLED)
        return tried;
    r->attempt = why; /* what the better one failed of is what is told */
    return err;
}

/*
 * The radio is known to hold something else, or nothing whole, and may be flashed: silence or not, that comes next. What it
 * holds is asked of its ROM before a sector is written, and a reset comes with that.
 */
static bool will_flash(const struct reconcile *r)
{
    bool is_other = facts_of(r).holds == RADIO_HOLDS_OTHER;

    return (is_other || r->is_half_flashed) && r->bundle_fault.err == TDM_OK && r->cfg.lines->is_wired &&
           !is_used_up(r, &own_bounds);
}

/* Not where a bundle would replace firmware that is not its own: no digest would keep it from being written. */
static bool may_trust_rom(const struct reconcile *r, bool is_managed)
{
    return is_managed || best_bundle(&r->record) == SLOT_RCP_NONE;
}

tdm_err reconcile_radio_right(struct reconcile *r)
{
    const struct slot_host_row *row = &r->record.host[r->running];
    bool is_managed = row->rcp != SLOT_RCP_NONE;

    tdm_fault_clear(&r->attempt);
    r->text_differs = false;
    if (is_managed && reconcile_bundle_load(r, row->rcp) != TDM_OK)
        tdm_log_note(r->cfg.log, TDM_LOG_WARNING, r->bundle_fault.what, r->bundle_fault.at);
    if (is_managed && will_flash(r))
        reconcile_ask_once(r);
    else
        reconcile_ask_all(r, may_trust_rom(r, is_managed));
    tdm_err err = is_managed ? managed(r, row->rcp) : unmanaged(r);
    if (err != TDM_OK || !keep_proof(r))
        return err;
    return reconcile_commit(r);
}

tdm_err reconcile_radio_predict(struct reconcile *r)
{
    tdm_fault_clear(&r->attempt);
    tdm_err err = reconcile_bundle_load(r, r->record.host[r->running].rcp);
    if (err != TDM_OK) {
        r->attempt = r->bundle_fault;
        return err;
    }
    reconcile_ask(r);
    struct radio_facts facts = facts_of(r);
    enum radio_next next = radio_decide(&facts);
    if (next == RADIO_RIGHT || next == RADIO_RIGHT_MISNAMED)
        return TDM_OK;
    if (reconcile_is_portless(r) || reconcile_is_stopped(r))
        return r->attempt.err;
    err = reconcile_regions_predict(r, radio_rate(&r->record, r->cfg.flash_baud));
    struct tdm_fault why = r->attempt;
    reconcile_ask_after_reset(r); /* silence is no news here: radio_answers tells */
    r->attempt = why;
    return err;
}
