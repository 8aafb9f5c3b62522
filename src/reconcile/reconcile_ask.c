/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the radio who it is, as far as it is worth it, and what its silence means. */
#include "reconcile/reconcile_parts.h"

#include <string.h>

static void keep_answer(struct reconcile *r, tdm_err err)
{
    r->radio_answers = err == TDM_OK;
    if (err == TDM_OK && r->is_off_air) {
        r->cost.off_air_ms = tdm_clock_now_ms(r->cfg.clock) - r->off_since_ms;
        r->is_off_air = false;
    }
    if (err == TDM_OK)
        return;
    tdm_fault_clear(&r->attempt);
    (void)tdm_fault_from(&r->attempt, &r->spinel.fault);
    (void)tdm_fault_set(&r->attempt, err, "radio_silent", "the radio does not answer", 0);
}

static tdm_err start_firmware(struct spinel_starter *port, struct tdm_fault *fault)
{
    struct reconcile_starter *s = (struct reconcile_starter *)(void *)port;
    return reconcile_start_firmware(s->r, fault);
}

static void open_spinel(struct reconcile *r, unsigned tries, bool hears_rom)
{
    r->starter = (struct reconcile_starter){{start_firmware}, r};
    struct spinel_config cfg = {
        .serial = r->cfg.serial,
        .lines = r->cfg.lines,
        .clock = r->cfg.clock,
        .log = r->cfg.log,
        .baud = r->cfg.app_baud,
        .tries = tries,
        .starter = hears_rom ? &r->starter.port : NULL,
    };

    spinel_init(&r->spinel, &cfg);
}

static void ask(struct reconcile *r, enum spinel_effort effort, unsigned tries, bool hears_rom)
{
    tdm_log_progress(r->cfg.log, TDM_PHASE_ASK, "radio", 0, 1);
    open_spinel(r, tries, hears_rom);
    keep_answer(r, spinel_probe(&r->spinel, effort, &r->radio));
    tdm_log_progress(r->cfg.log, TDM_PHASE_ASK, "radio", 1, 1);
}

void reconcile_ask(struct reconcile *r)
{
    ask(r, SPINEL_ASK, 0, false);
}

void reconcile_ask_once(struct reconcile *r)
{
    ask(r, SPINEL_ASK, 1, false);
}

void reconcile_ask_all(struct reconcile *r, bool hears_rom)
{
    ask(r, SPINEL_RESET_HARD, 0, hears_rom);
}

void reconcile_ask_after_reset(struct reconcile *r)
{
    tdm_log_progress(r->cfg.log, TDM_PHASE_PROVE, "radio", 0, 1);
    open_spinel(r, 0, false);
    keep_answer(r, spinel_probe_after_reset(&r->spinel, &r->radio));
    tdm_log_progress(r->cfg.log, TDM_PHASE_PROVE, "radio", 1, 1);
}

/* ---- what silence means ---- */

/* The port itself is not there: nothing was asked of the radio, so nothing is known against it. */
bool reconcile_is_portless(const struct reconcile *r)
{
    return !r->radio_answers && r->attempt.err == TDM_E_UNREACHABLE;
}

/* The operator stopped it: nothing is decided about the radio, as after a power cut. */
bool reconcile_is_stopped(const struct reconcile *r)
{
    return !r->radio_answers && r->attempt.err == TDM_E_CANCELLED;
}

/* Flashed and proven by its digests, and nothing but a hand can start it: more flashing would change nothing. */
bool reconcile_waits_for_hand(const struct reconcile *r)
{
    return !r->radio_answers && strcmp(r->attempt.code, "needs_reset") == 0;
}
