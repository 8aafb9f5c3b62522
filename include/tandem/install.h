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
    uint16_t radio_chip;       /* configured ESP chip id, or JUDGE_CHIP_UNKNOWN: any, or the one in the record */
    uint8_t *buf;              /* one half for writing slots, the other for reading them            */
    uint32_t buf_len;          /* at least twice the largest prog_size; 8192 or more is quick       */
    struct tdm_flash *journal; /* INSTALL_JOURNAL_PLACES erase blocks; NULL: no download is gone on with later */
    uint32_t claim_every;      /* bytes that a kill may cost, 0: 32 KiB        */
    uint32_t sync_every;       /* bytes that a power cut may cost, 0: 1 MiB; more from a source so quick that syncing
                                  would take over a tenth of the time: as many as come in ten syncs, at most 64 times this */
};

#define INSTALL_JOURNAL_PLACES 3
#define INSTALL_JOURNAL_LEN    512u /* of one place: a multiple of every usual program unit */

/* What the journal says of a download. It is never believed: the bytes in the slots prove it, or nothing does. */
struct install_claim {
    uint8_t front[TDM_SHA256_LEN];  /* of the image's header and part 0                                    */
    uint8_t source[TDM_SHA256_LEN]; /* of a plain image: of its address, validator and length; else zero   */
    uint8_t rcp, host;              /* slots being filled: enum slot_rcp; enum tdm_host_slot or SLOT_HOST_NONE */
    uint64_t total, host_at;        /* the image's length, and where its host part begins: at its end without one */
    uint64_t offset;                /* so many bytes of the image are there                                       */
    uint8_t bundle_digest[TDM_SHA256_LEN], host_digest[TDM_SHA256_LEN]; /* of those in either slot          */
};

struct install_journal {
    struct tdm_flash *flash; /* NULL: none, or it has failed */
    uint32_t sequence;       /* of the next claim            */
    uint8_t place;           /* of the next that is synced   */
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
    bool is_kept;        /* from a slot: of this very download  */
    uint64_t got, total; /* read back from slots, of how much   */
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

/* A stretch of the image that lies on this router already, in the pair that runs. to 0: none. */
struct install_copy {
    struct tdm_flash *flash;
    uint64_t from, to, at; /* in the image; and where it begins in flash */
};

#define INSTALL_COPIES 2

struct install {
    struct install_config cfg;
    struct tdm_fault fault;
    struct tdm_http_reply reply; /* of the last fetch, for the error text */
    char page[160];              /* printable start of a body that was no image, or "" */
    struct judge_verdict verdict;
    struct slot_record record;
    struct install_plan plan, begun; /* begun: as it was before an image's front was known */

    bool is_adopting;                       /* the bundle alone counts: a host part is passed over          */
    bool is_first;                          /* no bundle of the running host is stored: the radio cannot go back */
    bool may_look;                          /* read an image that may be the running one without storing it */
    bool is_looking;                        /* doing so                                                     */
    bool has_freed;                         /* the slots to fill are given up, durably                      */
    bool has_begun;                         /* the judge, at the first byte                                 */
    bool is_answered;                       /* what the source's answer is has been looked at               */
    bool has_enough;                        /* the source was stopped: no byte more of this answer is wanted */
    bool is_whole;                          /* its answer is the whole file, from its first byte to its last */
    bool wants_whole, asks_whole;           /* parts of this file are not to be had, or cannot be trusted  */
    bool is_alive;                          /* the transfer broke, and its judge can go on where it was     */
    uint32_t attempts;                      /* of the last download                                        */
    size_t place;                           /* of its last one: 0 the address given, else a mirror         */
    struct install_front front;             /* for which the slots were given up                  */
    const char *url;                        /* of the attempt */
    char validator[TDM_HTTP_VALIDATOR_MAX]; /* of the file whose first bytes the judge has seen, or ""    */
    uint64_t length;                        /* of that file, 0: nobody told                                */
    uint64_t at, stored, total;             /* of the image: the judge has seen; it has let go; all        */
    uint64_t asked_to;                      /* the end of the part that was asked for, 0: of the file       */
    uint64_t kept;                          /* bytes that this attempt found in the slots, whoever had put them there */
    uint64_t had, copied;                   /* of the image: there before this call; from the running pair            */
    uint64_t reached;                       /* the farthest byte of it that any attempt has come to                   */
    uint64_t fetched;                       /* bytes from the source, in all attempts                      */
    uint64_t left;                          /* after a failure: bytes that the next call can go on with     */
    bool has_dropped;                       /* by install_cancel: not an update, but what was left of one   */
    struct install_copy copies[INSTALL_COPIES];
    struct install_journal journal;
    struct install_claim claim; /* the last one */
    uint64_t synced;            /* bytes of the image that no power cut takes away */
    uint32_t sync_ended_ms, sync_took_ms;
    uint8_t bad_ids[SLOT_BAD_MAX][TDM_SHA256_LEN];
    struct judge judge;
    struct slot_writer writer;
    struct install_body body;
    struct install_output output;
};

void install_init(struct install *in, const struct install_config *cfg);

/*
 * Steps 1 to 3: fetch, judge, write the free slots, re-read them through the judge, record STAGED. What an earlier call
 * that was cut has left in the slots is gone on with, where it can be proven; a failure leaves that for the next call.
 */
TDM_MUST_USE tdm_err install_stage(struct install *in, const char *url);

/* What is left of a download that was cut, as the journal claims it: bytes, of how many. False: nothing. */
bool install_has_kept(struct tdm_flash *journal, const struct slot_record *rec, uint64_t *bytes, uint64_t *total);

/* Steps 4 and 5: judge the staged slots again, record TRIAL, switch. needs_restart is false for a radio-only trial. */
TDM_MUST_USE tdm_err install_arm(struct install *in, bool *needs_restart);

/*
 * Take back what is staged, what is left of a cut download, or armed while the old pair still runs: its slots are EMPTY afterwards. STATE: trial_running
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
