/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reconcile: the boot flow. The running host's row says which bundle the radio must run; make it so, prove it, and
 * confirm the pair or go back. The tables are docs/DESIGN.md, "The pair transaction".
 *
 * Used by   tandem boot, rcp update.   Uses  host, slot, judge, esprom, spinel.
 * Memory    the caller owns the struct and its buffer; nothing is allocated.
 * Bounds    Every attempt is counted durably before it is made; no path loops without a count.
 */
#ifndef TANDEM_RECONCILE_H
#define TANDEM_RECONCILE_H

#include <tandem/clock.h>
#include <tandem/crypto.h>
#include <tandem/esprom.h>
#include <tandem/host.h>
#include <tandem/judge.h>
#include <tandem/log.h>
#include <tandem/slot.h>
#include <tandem/spinel.h>

#define RECONCILE_FAILED_MAX 3 /* failed flashes of the own bundle */
#define RECONCILE_BEGUN_MAX  8 /* begun flashes of the own bundle  */
#define RECONCILE_RETURNS    8 /* restarts towards the old host after a verdict */

struct reconcile_config { /* set by the caller */
    struct tdm_serial *serial;
    struct tdm_lines *lines;
    struct tdm_clock *clock;
    struct tdm_crypto *crypto;
    struct tdm_host *host;
    struct tdm_flash *rcp_slots[SLOT_RCP_SLOTS];
    struct slot_store *store;
    struct tdm_log *log;
    uint16_t radio_chip; /* configured ESP chip id, or JUDGE_CHIP_UNKNOWN */
    uint32_t app_baud, flash_baud, block_size;
    uint8_t *buf;
    uint32_t buf_len; /* at least 4096 */
};

/* What status says, and why. */
enum reconcile_outcome {
    RECONCILE_OK,         /* the radio wholly holds and runs the running row's bundle                 */
    RECONCILE_UNMANAGED,  /* no bundle belongs to the running host yet; the radio answers             */
    RECONCILE_SUBSTITUTE, /* the radio runs the other known-good bundle                                */
    RECONCILE_RESTART,    /* restart the machine now: a switch was made, or goes on                    */
    RECONCILE_DEGRADED,   /* nothing can be proven; networking and updating go on, `fault` says why    */
};

struct reconcile {
    struct reconcile_config cfg;
    struct tdm_fault fault; /* why it is degraded, or why a trial failed */
    struct slot_record record;
    struct spinel_identity radio; /* the last answer */
    bool radio_answers;
    bool was_flashed, was_confirmed, was_condemned;
    char wanted[IMAGE_VERSION_MAX + 1]; /* version text of the wanted bundle, "" if none */
    /* The owner of src/reconcile completes this struct. */
};

void reconcile_init(struct reconcile *r, const struct reconcile_config *cfg);

/* Once per start of the machine, before the Thread stack starts. */
TDM_MUST_USE tdm_err reconcile_boot(struct reconcile *r, enum reconcile_outcome *outcome);

/* On the operator's word: flash counters start anew, the running row's bundle is flashed if the radio differs. */
TDM_MUST_USE tdm_err reconcile_radio(struct reconcile *r, enum reconcile_outcome *outcome);

#endif
