/* SPDX-License-Identifier: Apache-2.0 */
#include "esprom/esprom_recover.h"

#include <string.h>

#include "esprom/esprom_engine.h"
#include "esprom/esprom_link.h"

#define SYNC_FAILURES   4u /* so many at one rate, and it is the rate */
#define SYNC_TRIES      3u
#define SYNC_TIMEOUT_MS 200u

static bool is_of_wire(tdm_err err)
{
    return err == TDM_E_TIMEOUT || err == TDM_E_NOISE || err == TDM_E_PEER;
}

bool esprom_may_heal(const struct esprom *e)
{
    bool is_ours = strcmp(e->fault.code, "source_failed") == 0 || strcmp(e->fault.code, "compressor_failed") == 0;
    return !is_ours && (is_of_wire(e->fault.err) || e->fault.err == TDM_E_CORRUPT);
}

tdm_err esprom_look(struct esprom *e, bool *answers)
{
    struct esprom_reply reply;

    *answers = false;
    tdm_err err = esprom_drop_input(e);
    if (err != TDM_OK)
        return err;
    for (unsigned i = 0; i < SYNC_TRIES && !*answers; i++) {
        err = esprom_link_sync(&e->link, SYNC_TIMEOUT_MS, &reply);
        if (err != TDM_OK && !is_of_wire(err))
            return esprom_fail_link(e);
        *answers = err == TDM_OK && reply.value == ESPROM_SYNC_VALUE;
    }
    return TDM_OK;
}

static tdm_err start_slower(struct esprom *e)
{
    uint32_t wanted = esprom_rate_below(e->link.baud);

    tdm_err err = esprom_reconnect(e);
    return err == TDM_OK ? esprom_set_speed(e, wanted) : err;
}

/* One that refuses the rate, or did not understand, stays at its own: another round there may get through. */
static tdm_err slow_down(struct esprom *e, const struct esprom_rounds *r)
{
    bool answers;

    tdm_err err = esprom_look(e, &answers);
    if (err == TDM_OK && answers && e->link.baud > ESPROM_BAUD_START)
        err = esprom_slow_down(e);
    if (err == TDM_E_PEER)
        return TDM_OK;
    bool is_lost = err == TDM_OK ? !answers : is_of_wire(err);
    if (!is_lost)
        return err;
    tdm_fault_clear(&e->fault);
    return tdm_fault_from(&e->fault, &r->last);
}

tdm_err esprom_recover(struct esprom *e, struct esprom_rounds *r)
{
    uint32_t baud = e->link.baud;
    bool answers = false;

    tdm_log_note(e->cfg.log, TDM_LOG_INFO, e->fault.what, e->fault.at);
    e->tally.recoveries++;
    tdm_fault_clear(&e->fault);
    tdm_err err = r->stalled == 0 && r->failures % SYNC_FAILURES != 0 ? esprom_look(e, &answers) : TDM_OK;
    if (err != TDM_OK || answers)
        return err;
    err = e->cfg.lines->is_wired ? start_slower(e) : slow_down(e, r);
    if (e->link.baud < baud)
        r->stalled = 0;
    return err;
}
