/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot: what is stored where, and the one durable record about it.
 *
 * Used by   install, reconcile, the status commands.   Uses  flash.
 * Memory    the caller owns every struct; nothing is allocated, so there is nothing to close.
 * The record and its rules are docs/DESIGN.md, "The pair transaction"; its bytes are docs/FORMAT.md.
 */
#ifndef TANDEM_SLOT_H
#define TANDEM_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/copies.h>
#include <tandem/err.h>
#include <tandem/flash.h>
#include <tandem/host.h>
#include <tandem/sink.h>

#define SLOT_ID_LEN      32 /* image id: SHA-256 */
#define SLOT_VERSION_MAX 31 /* bytes of a stored version text, without its NUL */
#define SLOT_RCP_SLOTS   2
#define SLOT_BAD_MAX     8
#define SLOT_REASON_MAX  47
#define SLOT_BOARD_MAX   63
#define SLOT_SIGNERS_MAX 8
#define SLOT_KEY_ID_LEN  8

/* ---- states ---------------------------------------------------------------------------------------------------- */

enum slot_state {
    SLOT_EMPTY = 0,   /* nothing usable                                   */
    SLOT_WRITING = 1, /* being filled, unusable                           */
    SLOT_STAGED = 2,  /* whole, verified from what was stored             */
    SLOT_TRIAL = 3,   /* switched to, not yet proven                      */
    SLOT_GOOD = 4,    /* proven                                           */
    SLOT_BAD = 5,     /* refused for good                                 */
    SLOT_STATE_COUNT
};

enum slot_event {
    SLOT_EV_FREE,
    SLOT_EV_WHOLE,
    SLOT_EV_ARM,
    SLOT_EV_PROVE,
    SLOT_EV_VERDICT,
    SLOT_EV_CANCEL,
    SLOT_EVENT_COUNT
};

const char *slot_state_name(enum slot_state s);

/* STATE when the table has no row for the pair; *to is untouched then. */
TDM_MUST_USE tdm_err slot_next(enum slot_state from, enum slot_event event, enum slot_state *to);

/* ---- record ---------------------------------------------------------------------------------------------------- */

enum slot_rcp { SLOT_R0 = 0, SLOT_R1 = 1, SLOT_RCP_NONE = 0xff };
#define SLOT_HOST_NONE 0xffu

/* What one slot holds. id all zero: not known (the firmware the router was made with). */
struct slot_content {
    uint8_t state; /* enum slot_state */
    uint8_t id[SLOT_ID_LEN];
    char version[SLOT_VERSION_MAX + 1];
    uint32_t counter; /* what its image states, as the next one; a plain image states 0 */
    uint64_t issued;  /* seconds since 1970 */
    bool is_signed;   /* by enough of the keys that were configured when it was judged */
    uint64_t length;
    uint8_t digest[SLOT_ID_LEN]; /* SHA-256 of the stored bytes */
};

struct slot_host_row {
    struct slot_content content;
    uint8_t rcp;                             /* enum slot_rcp: the bundle that belongs to this host */
    bool is_mixed;                           /* the bundle is a substitute, not the image's own     */
    char pair_version[SLOT_VERSION_MAX + 1]; /* of host and bundle together, "": nobody stated one        */
    uint16_t api, least_radio_api;           /* Spinel RCP API the host speaks, and accepts; api 0: not known */
};

/*
 * Of a staged image of a host alone: what its front stated, and whose signatures were good. That front lies in no slot, and
 * is asked for once more before the switch. All zero when no such image is staged.
 */
struct slot_front {
    uint64_t expires; /* seconds since 1970, 0: never */
    char compatible[SLOT_BOARD_MAX + 1];
    uint16_t family, chip, revision_min, revision_max;  /* of the host it runs on, as its manifest has them */
    uint8_t signers[SLOT_SIGNERS_MAX][SLOT_KEY_ID_LEN]; /* key ids, rising; all zero: no more               */
};

enum slot_trial_kind { SLOT_TRIAL_NONE = 0, SLOT_TRIAL_HOST = 1, SLOT_TRIAL_RADIO = 2 };

struct slot_record {
    struct slot_host_row host[TDM_HOST_SLOTS];
    struct slot_content rcp[SLOT_RCP_SLOTS];
    struct slot_front front;
    struct {
        uint8_t kind;  /* enum slot_trial_kind             */
        uint8_t to;    /* enum tdm_host_slot               */
        uint8_t tries; /* starts left; after a verdict: returns left */
        bool is_paid;  /* the next start is paid already   */
        bool is_back;  /* a rollback: the pair was proven before */
    } trial;
    struct {
        uint8_t host;  /* enum tdm_host_slot or SLOT_HOST_NONE */
        uint8_t rcp;   /* enum slot_rcp                        */
        bool is_mixed; /* that bundle is a substitute in that row */
        char pair_version[SLOT_VERSION_MAX + 1];
    } back;
    struct {
        bool is_known;
        uint8_t holds[SLOT_ID_LEN];   /* image id of the bundle wholly in the radio, if known */
        uint8_t begun, failed;        /* flashes since the radio was last proven              */
        uint16_t chip;                /* ESP chip id: by its ROM, before that by an adopted bundle; 0xffff: unknown */
        uint16_t revision;            /* major * 100 + minor at the last contact with its ROM, 0xffff: never */
        uint32_t flash_size;          /* bytes, likewise, 0: never                            */
        uint32_t text_crc;            /* CRC-32 of the version text it was last proven with, 0: never */
        uint16_t api, least_host_api; /* Spinel RCP API it spoke, and accepted, then; 0: never        */
        uint32_t baud;                /* the fastest rate its line carried when last flashed, 0: the configured one */
    } radio;
    uint32_t counter_floor;
    uint64_t time_floor;
    struct {
        uint8_t id[SLOT_ID_LEN];
        char reason[SLOT_REASON_MAX + 1];
    } bad[SLOT_BAD_MAX]; /* newest first; unused: id all zero */
    struct {
        uint32_t number; /* rises by one with every result that a history keeps */
        uint8_t code;    /* enum slot_result */
        char reason[SLOT_REASON_MAX + 1];
        uint8_t id[SLOT_ID_LEN]; /* of the image it is about, zero: none */
        char version[SLOT_VERSION_MAX + 1];
    } result;
    struct {          /* of the last update, whatever has become of the radio since */
        uint8_t code; /* NONE, OK, FAILED or CANCELLED */
        char reason[SLOT_REASON_MAX + 1];
    } update;
};

enum slot_result {
    SLOT_RESULT_NONE = 0,
    SLOT_RESULT_OK = 1,         /* an update was proven                             */
    SLOT_RESULT_FAILED = 2,     /* an update was refused or went back               */
    SLOT_RESULT_CANCELLED = 3,  /* the operator took it back before it began        */
    SLOT_RESULT_DEGRADED = 4,   /* no update: the running pair could not be proven  */
    SLOT_RESULT_WAITING = 5,    /* a trial passed its gate in this start and waits for the operator */
    SLOT_RESULT_SUBSTITUTE = 6, /* no update: the radio runs the other bundle now, and why          */
    SLOT_RESULT_COUNT
};

/* No pair to go back to. */
void slot_record_clear_back(struct slot_record *rec);

/* A record as a router that was never updated has it: the running host GOOD with unknown contents, no bundle. */
void slot_record_first(struct slot_record *rec, enum tdm_host_slot running);

/* The reason for which an image was refused for good, or NULL. The zero id is never refused. */
const char *slot_record_bad_reason(const struct slot_record *rec, const uint8_t id[SLOT_ID_LEN]);
/*
 * Remember a refused image as the newest. When the list is full the oldest goes whose image lies in no slot any more;
 * an id that is in the list already moves to the front with its new reason.
 */
void slot_record_add_bad(struct slot_record *rec, const uint8_t id[SLOT_ID_LEN], const char *reason);
/* The last result: code, why ("" if it needs no reason), and what it is about (NULL: no image). */
void slot_record_set_result(struct slot_record *rec, enum slot_result code, const struct slot_content *about,
                            const char *reason);
/* A reason that fits into the record: cut behind a whole clause, else behind a whole word. */
void slot_reason_set(char field[SLOT_REASON_MAX + 1], const char *reason);

/* Copy text into a field of cap bytes: cut to fit, always ended. */
void slot_text_set(char *field, size_t cap, const char *text);

bool slot_id_is_zero(const uint8_t id[SLOT_ID_LEN]);
bool slot_id_equal(const uint8_t a[SLOT_ID_LEN], const uint8_t b[SLOT_ID_LEN]);

/* ---- store: two copies of the record on flash -------------------------------------------------------------------- */

#define SLOT_RECORD_ROOM 2048 /* bytes of one copy, for this and every later format version */

struct slot_store {
    struct tdm_copies copies;
    uint8_t buf[SLOT_RECORD_ROOM];
};

enum slot_store_state {
    SLOT_STORE_OK,    /* a valid record was found                                      */
    SLOT_STORE_EMPTY, /* never written: a router that was never updated                */
    SLOT_STORE_LOST,  /* there was a record, and both copies are invalid               */
};

/* flash: two copies of SLOT_RECORD_ROOM bytes, each in erase blocks of its own. prog_size divides SLOT_RECORD_ROOM. */
void slot_store_init(struct slot_store *s, struct tdm_flash *flash);
/*
 * The newest valid copy; a bad or older copy is written anew first. IO when a read fails, TOO_NEW when no copy is
 * usable and one has a newer format version: nothing may be written then. On EMPTY and LOST *out is untouched.
 */
TDM_MUST_USE tdm_err slot_store_load(struct slot_store *s, struct slot_record *out, enum slot_store_state *state);
/* The same without writing anything, for commands that only look; no commit is possible after it. */
TDM_MUST_USE tdm_err slot_store_peek(struct slot_store *s, struct slot_record *out, enum slot_store_state *state);
/*
 * Write the older copy, sync, read back: that is the commit. Then write the other with the same content.
 * Power: after TDM_OK the new record is what the next boot finds. If power goes during the call, the old or the new.
 * After an error the store wants a load before the next commit (STATE).
 */
TDM_MUST_USE tdm_err slot_store_commit(struct slot_store *s, const struct slot_record *rec);

/* ---- contents of a slot ------------------------------------------------------------------------------------------ */

/*
 * A sink: bytes in order, erased ahead, aligned, synced by slot_writer_end. It keeps its first error: every later call
 * answers with it. Power: until slot_writer_end has returned TDM_OK the region holds nothing anybody may trust.
 */
struct slot_writer {
    struct tdm_sink sink;
    struct tdm_flash *flash;
    uint8_t *buf; /* the caller's, until slot_writer_end */
    uint32_t buf_cap, buf_len;
    uint64_t written, erased; /* bytes in flash, bytes of it that are erased or written */
    bool is_ended;
    tdm_err err;
};

/* cap: at least prog_size; what is over a multiple of it is not used. */
TDM_MUST_USE tdm_err slot_writer_begin(struct slot_writer *w, struct tdm_flash *flash, uint8_t *buf, uint32_t cap);
/* The same behind bytes that lie there already: at is a multiple of erase_size. */
TDM_MUST_USE tdm_err slot_writer_begin_at(struct slot_writer *w, struct tdm_flash *flash, uint64_t at, uint8_t *buf,
                                          uint32_t cap);
/* NO_ROOM when the bytes would leave the region: none of them is taken. */
TDM_MUST_USE tdm_err slot_writer_push(struct slot_writer *w, const uint8_t *data, size_t len);
/* Program what is gathered, without a sync. STATE when that is no whole number of program units: nothing happens. */
TDM_MUST_USE tdm_err slot_writer_flush(struct slot_writer *w);
/* Program the rest, its last program unit padded with ff, and sync. written is then the number of bytes pushed. */
TDM_MUST_USE tdm_err slot_writer_end(struct slot_writer *w);

/* Push the first length bytes of a region into any sink, from the medium (cache dropped first). BOUNDS past its end. */
TDM_MUST_USE tdm_err slot_replay(struct tdm_flash *flash, uint64_t length, uint8_t *buf, uint32_t cap,
                                 struct tdm_sink *into);
/* The bytes from `from` to `to` alone, as the system has them: whoever needs the medium's word calls tdm_flash_reread(). */
TDM_MUST_USE tdm_err slot_replay_part(struct tdm_flash *flash, uint64_t from, uint64_t to, uint8_t *buf, uint32_t cap,
                                      struct tdm_sink *into);

#endif
