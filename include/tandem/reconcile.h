/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reconcile: the boot flow. The running host's row says which bundle the radio must run; make it so, prove it, and
 * confirm the pair or go back. The tables are docs/DESIGN.md, "The pair transaction".
 *
 * Used by   tandem boot, rcp update, ota download (of the radio alone), confirm and rollback.   Uses  host, slot, judge, esprom, spinel.
 * Memory    the caller owns the struct and its buffer; nothing is allocated.
 * Bounds    Every attempt is counted durably before it is made; no path loops without a count.
 * Power     may go at any moment: what is not yet done is done, or undone, by the next boot.
 * Radio     is left running its firmware on every way out, as far as the lines allow.
 * Fault     in `fault`; the functions return its err. Codes of its own: record_lost, record_unreadable,
 *           record_not_writable, select_failed, unknown_host, cannot_go_back, trial_pending, no_bundle, bundle_damaged,
 *           bundle_misfit, wrong_radio, not_proven, tries_used_up, flash_limit, radio_silent, no_firmware, radio_api_too_old,
 *           radio_api_too_new, unhealthy,
 *           no_trial, not_waiting, nothing_to_go_back; else those of judge, esprom, spinel and the health port.
 */
#ifndef TANDEM_RECONCILE_H
#define TANDEM_RECONCILE_H

#include <tandem/clock.h>
#include <tandem/crypto.h>
#include <tandem/esprom.h>
#include <tandem/health.h>
#include <tandem/host.h>
#include <tandem/judge.h>
#include <tandem/log.h>
#include <tandem/slot.h>
#include <tandem/spinel.h>

#define RECONCILE_STARTS           3 /* starts granted to a host that nobody armed, but that runs */
#define RECONCILE_FAILED_MAX       3 /* failed flashes of the own bundle */
#define RECONCILE_BEGUN_MAX        8 /* begun flashes of the own bundle  */
#define RECONCILE_OTHER_FAILED_MAX 5 /* both bundles together: two flashes of the other one */
#define RECONCILE_OTHER_BEGUN_MAX  10
#define RECONCILE_RETURNS          8 /* restarts towards the old host after a verdict */
#define RECONCILE_REGIONS          3 /* bootloader, partition table, firmware */

struct reconcile_config { /* set by the caller */
    struct tdm_serial *serial;
    struct tdm_lines *lines;
    struct tdm_clock *clock;
    struct tdm_crypto *crypto;
    struct tdm_host *host;
    struct tdm_flash *rcp_slots[SLOT_RCP_SLOTS];
    struct slot_store *store;
    struct tdm_log *log;
    uint16_t radio_chip;         /* configured ESP chip id, or JUDGE_CHIP_UNKNOWN */
    struct tdm_deflate *deflate; /* NULL: the radio is sent plain blocks */
    uint32_t app_baud, flash_baud, block_size;
    uint32_t
        hand_ms; /* without lines: how long the radio's buttons are waited for, once; 0: as at a start of the machine */
    uint8_t *buf;
    uint32_t buf_len; /* at least 4096 */

    struct tdm_health *health;        /* the owner's check, NULL: none                                       */
    uint32_t min_radio_api, host_api; /* oldest radio API this host speaks, and its own; 0: not asked        */
    bool waits_for_operator;          /* a trial that passed the gate is confirmed by reconcile_accept alone */
};

/* What status says, and why. */
enum reconcile_outcome {
    RECONCILE_OK,         /* the radio wholly holds and runs the running row's bundle                 */
    RECONCILE_UNMANAGED,  /* no bundle belongs to the running host yet; the radio answers             */
    RECONCILE_SUBSTITUTE, /* the radio runs the other known-good bundle                                */
    RECONCILE_RESTART,    /* restart the machine now: a switch was made, or goes on                    */
    RECONCILE_WAITING,    /* a trial passed its gate and waits for the operator; every start costs a try  */
    RECONCILE_STOPPED,    /* the operator stopped it: nothing is decided, the next boot goes on            */
    RECONCILE_DEGRADED,   /* nothing can be proven; networking and updating go on, `fault` says why    */
};

/*
 * One part of the bundle: where it lies in the RCP slot, and where it belongs in the radio's flash. The digest is that of
 * the bytes that were judged, so a slot that says something else at its next reading does not get it into a proven radio.
 */
struct reconcile_region {
    uint32_t tag, slot_offset, flash_offset, size;
    uint8_t md5[ESPROM_MD5_LEN];
};

/* What flashing has cost in this call; or, after reconcile_predict, would cost. */
struct reconcile_cost {
    uint32_t sectors, rewritten; /* of the bundle; erased and written, each time it was                */
    uint32_t recoveries;         /* failures of the wire or the loader that were overcome              */
    uint32_t baud;               /* of the last flash                                                  */
    uint32_t flash_ms;           /* from the first reset into the loader to the last out of it         */
    uint32_t off_air_ms;         /* from the first reset into the loader until its firmware answered; 0: it did not */
    uint64_t sent;               /* bytes of firmware as sent, compressed or not */
};

struct reconcile {
    struct reconcile_config cfg;
    struct tdm_fault fault; /* why it is degraded, or why a trial failed */
    struct slot_record record;
    enum tdm_host_slot running;
    struct spinel_identity radio; /* the last answer */
    bool radio_answers;
    bool was_flashed, was_confirmed, was_condemned, was_substituted;
    bool text_differs;                  /* proven by digests, but it names itself otherwise than its bundle does */
    bool bundle_is_damaged;             /* the radio may still be right; the next repair could not flash it      */
    char wanted[IMAGE_VERSION_MAX + 1]; /* version text of the wanted bundle, "" if none */

    /* Of the bundle in hand: judged whole in this call, or why not. */
    uint8_t slot; /* enum slot_rcp */
    struct tdm_fault bundle_fault;
    struct judge_verdict bundle;
    struct reconcile_region regions[RECONCILE_REGIONS]; /* in the order in which they are written */
    bool is_compared;         /* in this call, region by region, after the last write            */
    struct tdm_fault attempt; /* why the radio was not right when last looked at */
    struct reconcile_cost cost;
    uint32_t off_since_ms; /* of the first reset into the loader */
    bool is_off_air;
    struct tdm_fault settled; /* why the running host could not be made the next to start */

    bool is_half_flashed; /* a flash was begun and not ended, in this call or before  */

    struct judge judge;
    struct esprom esprom;
    struct spinel spinel;
    struct reconcile_starter {
        struct spinel_starter port;
        struct reconcile *r;
    } starter;
};

void reconcile_init(struct reconcile *r, const struct reconcile_config *cfg);

/*
 * Once per start of the machine, before the Thread stack starts. The outcome is always told; the error is that of
 * `fault`: TDM_OK unless the device is degraded or a trial has failed.
 */
TDM_MUST_USE tdm_err reconcile_boot(struct reconcile *r, enum reconcile_outcome *outcome);

/*
 * The rest of a radio-only update, in the process that has just armed it: no start was needed, so none is charged. STATE
 * when no such trial is under way.
 */
TDM_MUST_USE tdm_err reconcile_armed(struct reconcile *r, enum reconcile_outcome *outcome);

/*
 * On the operator's word: flash counters start anew, the running row's bundle is flashed if the radio differs. STATE
 * while a trial is under way or the running host is not a proven one; nothing is touched then.
 */
TDM_MUST_USE tdm_err reconcile_radio(struct reconcile *r, enum reconcile_outcome *outcome);

/*
 * What reconcile_radio would cost, in r->cost; nothing is written, to the record neither. A radio that runs the bundle is
 * only asked; any other is reset into its loader, compared, and started again.
 */
TDM_MUST_USE tdm_err reconcile_predict(struct reconcile *r);

/*
 * The operator is content: confirm a trial that passed its gate in this start. The radio is not asked: the Thread stack
 * may have it. STATE when no trial waits for that.
 */
TDM_MUST_USE tdm_err reconcile_accept(struct reconcile *r, enum reconcile_outcome *outcome);

/* The operator is not content: a verdict of the trial. Its image is refused from then on. */
TDM_MUST_USE tdm_err reconcile_refuse(struct reconcile *r, enum reconcile_outcome *outcome);

#endif
