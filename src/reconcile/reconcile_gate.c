/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The health gate, step 9: what must hold, beside a right radio, before a trial may be confirmed. That the radio holds
 * its bundle, names itself so and has the capabilities of a co-processor was asked on the way here (radio_table, spinel).
 */
#include "reconcile/reconcile_parts.h"

/* OpenThread's own rule, both ways: each side says the oldest version of the other that it works with. */
bool reconcile_radio_fits(const struct reconcile *r, struct tdm_fault *why)
{
    const struct spinel_identity *radio = &r->radio;

    tdm_fault_clear(why);
    if (r->cfg.min_radio_api != 0 && radio->api < r->cfg.min_radio_api)
        (void)tdm_fault_set(why, TDM_E_MISMATCH, "radio_api_too_old", "the radio's API is too old for this host",
                            radio->api);
    if (r->cfg.host_api != 0 && radio->min_host_api > r->cfg.host_api)
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
