/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The health gate, step 9: what must hold, beside a right radio, before a trial may be confirmed. That the radio holds
 * its bundle, names itself so and has the capabilities of a co-processor was asked on the way here (radio_table, spinel).
 */
#include "reconcile/reconcile_parts.h"

struct host_numbers {
    uint32_t api, least_radio_api; /* 0: not asked */
};

/* The running host's: what its image states, else what the configuration says. */
static struct host_numbers host_numbers(const struct reconcile *r)
{
    const struct slot_host_row *row = &r->record.host[r->running];

    if (row->api != 0)
        return (struct host_numbers){row->api, row->least_radio_api};
    return (struct host_numbers){r->cfg.host_api, r->cfg.min_radio_api};
}

/*
 * Firmware that reports other numbers than its image states was not judged for what it is. Its name may differ: the text of
 * a build can be stale, and its bytes are the judged ones; that is a warning (radio_table).
 */
static void check_as_stated(const struct reconcile *r, struct tdm_fault *why)
{
    const struct manifest_side *stated = &r->bundle.manifest.radio;

    if (r->bundle_fault.err != TDM_OK || !r->bundle.has_manifest || r->record.host[r->running].rcp == SLOT_RCP_NONE)
        return;
    if (r->radio.api != stated->api || r->radio.min_host_api != stated->least_api)
        (void)tdm_fault_set(why, TDM_E_MISMATCH, "not_proven", "the radio reports another API than its image states",
                            r->radio.api);
}

/* OpenThread's own rule, both ways: each side says the oldest version of the other that it works with. */
bool reconcile_radio_fits(const struct reconcile *r, struct tdm_fault *why)
{
    const struct spinel_identity *radio = &r->radio;
    struct host_numbers host = host_numbers(r);

    tdm_fault_clear(why);
    check_as_stated(r, why);
    if (host.least_radio_api != 0 && radio->api < host.least_radio_api)
        (void)tdm_fault_set(why, TDM_E_MISMATCH, "radio_api_too_old", "the radio's API is too old for this host",
                            radio->api);
    if (host.api != 0 && radio->min_host_api > host.api)
        (void)tdm_fault_set(why, TDM_E_MISMATCH, "radio_api_too_new", "the radio asks for a newer host API",
                            radio->min_host_api);
    return why->err == TDM_OK;
}

tdm_err reconcile_gate(struct reconcile *r, struct tdm_fault *why)
{
    if (!reconcile_radio_fits(r, why))
        return why->err;
    tdm_log_progress(r->cfg.log, TDM_PHASE_PROVE, "health", 0, 1);
    tdm_err err = tdm_health_check(r->cfg.health, why);
    tdm_log_progress(r->cfg.log, TDM_PHASE_PROVE, "health", 1, 1);
    return err;
}
