/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install: from a URL or file to a staged, armed pair. The order of effects is docs/DESIGN.md, "The pair transaction".
 *
 * Used by   ota download, apply, cancel, rollback and rcp adopt.   Uses  http, crypto, judge, slot, host.
 * Memory    the caller owns the struct and its buffer; nothing is allocated.
 * Power     Whatever call is cut: the running pair and its bundle are untouched, and the record says what may be used.
 * Fault     in `fault`: codes of the judge and of the source, and of install itself (src/install/install_record.h).
 */
#ifndef TANDEM_INSTALL_H
#define TANDEM_INSTALL_H

#include <tandem/clock.h>
#include <tandem/crypto.h>
#include <tandem/fetch.h>
#include <tandem/host.h>
#include <tandem/http.h>
#include <tandem/judge.h>
#include <tandem/log.h>
#include <tandem/slot.h>

#define INSTALL_STARTS 3 /* n: starts granted to a new pair */

/* What an image is asked beside its form: the router's own facts, and the operator's words. */
struct install_policy {
    const struct judge_trust *trust; /* keys are configured: unsigned images are refused; NULL: none are */
    const char *const *compatible;   /* the board's names, most special first */
    size_t compatible_count;
    uint16_t host_family;              /* enum manifest_host_family, 0: not asked               */
    uint16_t host_chip, host_revision; /* of an ESP host, or unknown                            */
    struct judge_half host;            /* when the running host's image stated none             */
    uint64_t now;                      /* of a clock that counts, seconds since 1970; 0: none   */
    const uint8_t *shown_id;           /* the image the operator has looked at, or NULL         */
    bool may_downgrade;
};

struct install_config { /* set by the caller */
    struct tdm_http *source;
    struct tdm_crypto *crypto;
    struct tdm_host *host;
    struct tdm_flash *rcp_slots[SLOT_RCP_SLOTS];
    struct slot_store *store;
    struct tdm_log *log;
    struct fetch_retry retry; /* when the source fails                                                        */
    bool is_source_once;      /* what it gives cannot be had again, as from a pipe: no retries, no reading ahead */
    struct install_policy policy;
    uint16_t radio_chip; /* configured ESP chip id, or JUDGE_CHIP_UNKNOWN: any, or the one in the record */
    uint8_t *buf;        /* for writing slots and for reading them back, one after the other */
    uint32_t buf_len;    /* at least the largest prog_size; 4096 or more is quick            */
};

/* What is done to which slots. */
struct install_plan {
    uint8_t kind;                     /* enum slot_trial_kind: HOST for a pair, RADIO for the radio alone */
    enum tdm_host_slot running, host; /* host: the slot to fill, unless kind is RADIO                     */
    bool is_host_alone; /* kind HOST, and the new host keeps the running one's bundle: rcp names it, nothing fills it */
    uint8_t rcp;        /* the RCP slot to fill                                             */
    bool is_back;       /* a rollback: both slots hold the older pair already               */
    char pair_version[SLOT_VERSION_MAX + 1]; /* RADIO: of the pair that results, "" if nobody states one */
};

struct install;

struct install_body {
    struct tdm_sink sink;
    struct install *in;
    struct tdm_sha256 *sha; /* of a host slot alone */
};

struct install_output {
    struct judge_output port;
    struct install *in;
};

/* What a second attempt must find again. */
struct install_front {
    uint32_t bundle_size, host_size;
    uint8_t id[TDM_SHA256_LEN]; /* an image with manifest has one at its front; else zero */
    char version[IMAGE_VERSION_MAX + 1];
};

struct install {
    struct install_config cfg;
    struct tdm_fault fault;
    struct tdm_http_reply reply; /* of the last fetch, for the error text */
    char page[160];              /* printable start of a body that was no image, or "" */
    struct judge_verdict verdict;
    struct slot_record record;
    struct install_plan plan;

    bool is_adopting;           /* the bundle alone counts: a host part is passed over          */
    bool is_first;              /* no bundle of the running host is stored: the radio cannot go back */
    bool may_look;              /* read an image that may be the running one without storing it */
    bool is_looking;            /* doing so                                                     */
    bool has_freed;             /* the slots to fill are given up, durably                      */
    bool has_begun;             /* the judge, at the first byte                                 */
    bool has_all;               /* no byte more is wanted                                       */
    uint32_t attempts;          /* of the last download                                        */
    size_t place;               /* of its last one: 0 the address given, else a mirror         */
    struct install_front front; /* for which the slots were given up                  */
    uint64_t got, total;
    uint8_t bad_ids[SLOT_BAD_MAX][TDM_SHA256_LEN];
    struct judge judge;
    struct slot_writer writer;
    struct install_body body;
    struct install_output output;
};

void install_init(struct install *in, const struct install_config *cfg);

/* Steps 1 to 3: fetch, judge, write the free slots, re-read them through the judge, record STAGED. */
TDM_MUST_USE tdm_err install_stage(struct install *in, const char *url);

/* Steps 4 and 5: judge the staged slots again, record TRIAL, switch. needs_restart is false for a radio-only trial. */
TDM_MUST_USE tdm_err install_arm(struct install *in, bool *needs_restart);

/*
 * Take back what is staged, or armed while the old pair still runs: its slots are EMPTY afterwards. STATE: trial_running
 * once the new pair runs (reconcile_refuse is for that), nothing_staged.
 */
TDM_MUST_USE tdm_err install_cancel(struct install *in);

/*
 * Back to the older pair, as a trial like any other: judged again, recorded, switched to. The pair that runs now is the
 * one to go back to then. May be repeated until the older pair runs: a cut order is gone on with.
 */
TDM_MUST_USE tdm_err install_back(struct install *in, bool *needs_restart);

/* Is a rollback under way whose pair has yet to start? Any other trial is not to be gone back from by install_back. */
bool install_is_back_armed(const struct slot_record *rec, enum tdm_host_slot running);

/* Store a radio-only image, or the bundle of a pair, as the GOOD bundle of the running host. */
TDM_MUST_USE tdm_err install_adopt(struct install *in, const char *url);

#endif
