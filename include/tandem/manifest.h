/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest: the signed statement behind the version text in part 0. Bytes and limits: docs/FORMAT.md, "The manifest".
 *
 * Used by   judge, the image commands.   Uses  nothing.
 * Memory    the caller owns everything; the extensions point into the bytes that were read.
 * Order     manifest_open(), manifest_cell() for every cell, manifest_read(): the order in which an image is judged.
 *           Nothing that stands in the fields is believed before the cells were.
 * Encoding  one meaning has one encoding: manifest_write(manifest_read(x)) is x, with the cells blank.
 * Fault     codes bad_manifest, bad_cells, too_new; `at` is the offset in the bytes given.
 */
#ifndef TANDEM_MANIFEST_H
#define TANDEM_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/err.h>

#define MANIFEST_FORMAT         1
#define MANIFEST_FIXED_LEN      152 /* bytes before the digests */
#define MANIFEST_DIGEST_LEN     32
#define MANIFEST_DIGESTS_MAX    5 /* one for each part beside part 0, in file order */
#define MANIFEST_VERSION_MAX    31
#define MANIFEST_COMPATIBLE_MAX 63
#define MANIFEST_CELLS_MAX      8
#define MANIFEST_CELL_LEN       80
#define MANIFEST_KEY_ID_LEN     8
#define MANIFEST_TIME_MAX       253402300799u /* 9999-12-31 23:59:59 UTC */
#define MANIFEST_COUNTER_MAX    2147483647u
#define MANIFEST_REVISION_ANY   65535u /* as a maximum: no limit */

enum manifest_radio_family { MANIFEST_RADIO_NONE = 0, MANIFEST_RADIO_ESP = 1 };
enum manifest_host_family { MANIFEST_HOST_NONE = 0, MANIFEST_HOST_ESP = 1, MANIFEST_HOST_OPAQUE = 2 };

enum manifest_algorithm { MANIFEST_ECDSA_P256_SHA256 = 1 };

/* Chips it may run on, and the Spinel API versions its halves speak. All 0 when the image has no such part. */
struct manifest_side {
    uint16_t family;                     /* enum manifest_radio_family or _host_family                       */
    uint16_t chip;                       /* ESP chip id; 0 for an opaque host                                */
    uint16_t revision_min, revision_max; /* major * 100 + minor                          */
    uint16_t api;                        /* Spinel RCP API version it speaks                              */
    uint16_t least_api;                  /* the least one it accepts from the other side                  */
};

struct manifest {
    uint8_t cell_count;       /* 1..MANIFEST_CELLS_MAX                                   */
    uint64_t issued, expires; /* seconds since 1970 UTC; 0: no statement, never          */
    uint32_t counter;         /* security counter                                        */
    uint32_t least_flash;     /* bytes the radio's flash has at least; 0 without radio   */
    char pair_version[MANIFEST_VERSION_MAX + 1];
    char compatible[MANIFEST_COMPATIBLE_MAX + 1];
    struct manifest_side radio, host;
    size_t digest_count;
    uint8_t digests[MANIFEST_DIGESTS_MAX][MANIFEST_DIGEST_LEN];
    const char *label, *notes_url; /* extensions 1 and 2, not NUL ended; NULL: none. For people, never decide      */
    size_t label_len, notes_url_len;
    const uint8_t *others; /* extensions this code does not know and may ignore, as they lie; NULL: none */
    size_t others_len;
};

struct manifest_cell {
    uint8_t key_id[MANIFEST_KEY_ID_LEN]; /* all zero: a blank cell */
    uint16_t algorithm;                  /* enum manifest_algorithm, or unknown */
    uint8_t signature[64];               /* r, s: big-endian */
};

/* Where the pieces lie in the bytes that stand behind the version text's NUL. */
struct manifest_frame {
    const uint8_t *bytes;
    size_t len;          /* of all                                                     */
    size_t signed_len;   /* the cells begin here: what is signed ends here             */
    size_t digest_count; /* as the header table says: parts beside part 0              */
    uint8_t cell_count, used_cells;
};

/* vendor,board: small letters, digits and . _ - behind the first of each. */
bool manifest_compatible_is_valid(const char *text);

/* Checks M1 and M2. used_cells is known after manifest_check_cells(). */
TDM_MUST_USE tdm_err manifest_open(const uint8_t *bytes, size_t len, size_t digest_count, struct manifest_frame *frame,
                                   struct tdm_fault *fault);
/* Check G1: every cell in its one form: used ones first, key ids rising, low s, blank ones zero. Counts the used. */
TDM_MUST_USE tdm_err manifest_check_cells(struct manifest_frame *frame, struct tdm_fault *fault);
/* Cell i of used_cells. */
void manifest_cell_get(const struct manifest_frame *frame, size_t i, struct manifest_cell *cell);
/* Checks F1 to F5. has_radio, has_host: which parts the header table has. */
TDM_MUST_USE tdm_err manifest_read(const struct manifest_frame *frame, bool has_radio, bool has_host,
                                   struct manifest *m, struct tdm_fault *fault);

/*
 * The same bytes from the struct, all cells blank; the packer's half. *len: in the room, out the bytes written. What
 * stands in a text's array behind its NUL is not looked at. FORMAT or TOO_NEW when a field is out of its range, with the
 * fault that reading would give; NO_ROOM when they do not fit.
 */
TDM_MUST_USE tdm_err manifest_write(const struct manifest *m, uint8_t *bytes, size_t *len, struct tdm_fault *fault);
/*
 * Put one more signature into its place among the cells of `bytes` (a whole manifest). A high s is turned low. STATE:
 * this key has signed already (already_signed) or no cell is free (no_free_cell). Nothing is written with a fault.
 */
TDM_MUST_USE tdm_err manifest_add_cell(uint8_t *bytes, size_t len, size_t digest_count,
                                       const struct manifest_cell *cell, struct tdm_fault *fault);

#endif
