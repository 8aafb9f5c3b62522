/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge: believes or disbelieves an image, once, before anything of it is stored or flashed.
 *
 * Used by   install (while it arrives, and again from the slots), reconcile (before flashing), the image commands.
 * Uses      image, crypto.
 * Memory    the caller owns the judge; nothing is allocated. judge_end() or judge_drop() gives the digests back.
 * Order     Everything up to the first 24 bytes of the first firmware (which name its chip) is held back until it has been
 *           judged; only then does the output see a byte, verbatim and in order. So an image whose front is refused, or
 *           which is for another chip, never touches a slot.
 * Checks    docs/FORMAT.md, "The order of checks": S and T in the parser, M, G, F and P here, J as far as the caller states
 *           facts. One path: a fact that is not stated leaves its check out, nothing in the image can.
 * Fault     in `fault`; codes are those of docs/FORMAT.md, `at` the offset in the file.
 */
#ifndef TANDEM_JUDGE_H
#define TANDEM_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include <tandem/crypto.h>
#include <tandem/image.h>
#include <tandem/log.h>
#include <tandem/manifest.h>

#define JUDGE_CHIP_UNKNOWN     0xffffu
#define JUDGE_REVISION_UNKNOWN 0xffffu
#define JUDGE_ROOM_WORDS       96
#define JUDGE_COMPATIBLE_MAX   8

/* The caller's, as long as the judge is in use. */
struct judge_trust {
    const struct tdm_key *keys;
    size_t count;      /* at most TDM_KEYS_MAX */
    uint8_t threshold; /* good signatures of different keys an image needs, 1..8; 0 as 1 */
};

/* Spinel API numbers of the half that the device keeps; api 0: not known. */
struct judge_half {
    uint16_t api, least_api;
};

/* What the device knows about itself. Set by the caller; unknown numbers as stated. */
struct judge_facts {
    uint64_t bundle_room;                     /* bytes of an RCP slot, 0: no limit (the desk, not a device)        */
    uint64_t host_room;                       /* bytes of a host slot, 0 likewise                                  */
    bool takes_host;                          /* false: the host has no slots, images with a host part are refused */
    uint16_t radio_chip;                      /* ESP chip id, or JUDGE_CHIP_UNKNOWN                                */
    uint32_t radio_flash_size;                /* bytes, 0: unknown                                                 */
    uint64_t told_length;                     /* what transport or file system says the file has, 0: nothing said  */
    const uint8_t (*bad_ids)[TDM_SHA256_LEN]; /* refused images; a plain image is asked at its end   */
    size_t bad_count;

    const struct judge_trust *trust; /* keys configured: unsigned is refused. NULL: none, signatures not looked at */
    const uint8_t *shown_id;         /* the image the operator was shown, or NULL                              */
    const char *const *compatible;   /* the device's own strings, most special first; none: not asked          */
    size_t compatible_count;
    uint16_t radio_revision;           /* major * 100 + minor, or JUDGE_REVISION_UNKNOWN                         */
    uint16_t host_family;              /* enum manifest_host_family, 0: not known                                */
    uint16_t host_chip, host_revision; /* of an ESP host, or unknown                                             */
    struct judge_half radio, host;     /* the halves the device has now, for a one-sided image                   */
    bool must_know_radio;              /* a host-only image is refused as long as the radio's numbers are not known */
    uint32_t counter_floor;
    uint64_t now;             /* max(time floor, trusted clock), seconds since 1970 UTC; 0: not asked   */
    const char *pair_version; /* of the running pair; NULL or "": not known                             */
    bool may_downgrade;       /* the operator's word; the counter still holds                           */
};

/* What an accepted image is. Complete after judge_end(); up to on_accept only what the front tells. */
struct judge_verdict {
    struct image_layout layout;
    char version[IMAGE_VERSION_MAX + 1]; /* text of part 0                                  */
    uint16_t radio_chip;                 /* from part 2 and 4; JUDGE_CHIP_UNKNOWN if no radio */
    uint64_t radio_flash_end;            /* where the last partition of part 3 ends; 0 if no radio */
    bool host_is_esp;                    /* part 5 is an ESP application, checked as one     */
    uint16_t host_chip;
    char host_version[33], rcp_project[33], host_project[33];
    bool has_manifest;
    struct manifest manifest; /* its extension texts are gone after the judge is                       */
    bool is_signed;           /* enough good signatures of trusted keys                             */
    uint8_t signers[MANIFEST_CELLS_MAX][MANIFEST_KEY_ID_LEN]; /* good ones of trusted keys             */
    size_t signer_count;
    uint8_t id[TDM_SHA256_LEN]; /* image id                                         */
    uint8_t bundle_digest[TDM_SHA256_LEN], host_digest[TDM_SHA256_LEN];
};

/* Where accepted bytes go, verbatim. Every function must be given. */
struct judge_output {
    tdm_err (*on_accept)(struct judge_output *out, const struct judge_verdict *front);
    tdm_err (*on_bundle)(struct judge_output *out, const uint8_t *data, size_t len); /* header and parts 0 to 4 */
    tdm_err (*on_host)(struct judge_output *out, const uint8_t *data, size_t len);   /* part 5                  */
};

struct judge {
    struct tdm_fault fault;
    struct tdm_crypto *crypto;
    struct judge_facts facts;
    struct judge_output *out; /* NULL: only the verdict is wanted */
    struct judge_verdict verdict;
    struct image_parser parser;
    bool is_accepted;
    size_t header_len; /* bytes of the file's start that stand in header */
    uint8_t header[IMAGE_HEADER_MAX], flash_args[IMAGE_FLASH_ARGS_LEN]; /* held back; part 0 is in the parser */
    uint64_t manifest_at; /* its offset in the file                                                  */
    /* running: all of a plain image; else the signed range, then each part. firmware: as ESP files state it themselves */
    struct tdm_sha256 running, bundle, host, firmware; /* host: of a plain image */
    uint64_t room[JUDGE_ROOM_WORDS]; /* checkers of single parts: src/judge/judge_parts.h             */
};

void judge_init(struct judge *j, struct tdm_crypto *crypto, const struct judge_facts *facts, struct judge_output *out);
TDM_MUST_USE tdm_err judge_push(struct judge *j, const uint8_t *data, size_t len);

/* The stream is over. The verdict is given only with TDM_OK. */
TDM_MUST_USE tdm_err judge_end(struct judge *j, struct judge_verdict *verdict);

/* The same for what an RCP slot stores: the image without its host part. id is not known then (all zero) when the
 * image is plain and had a host part; identity is bundle_digest, which the record holds. */
TDM_MUST_USE tdm_err judge_end_bundle(struct judge *j, struct judge_verdict *verdict);

void judge_drop(struct judge *j);

/* SHA-256 of the bundle's and of the host's bytes that went out so far. The judge goes on. */
TDM_MUST_USE tdm_err judge_so_far(const struct judge *j, uint8_t bundle[TDM_SHA256_LEN], uint8_t host[TDM_SHA256_LEN]);

/*
 * An image of a host alone that was accepted once, and whose front lies nowhere any more: G3 by the keys whose signatures
 * were good then, and J by the facts of now. The verdict's layout, manifest, signers and id are the caller's, as it kept
 * them.
 */
TDM_MUST_USE tdm_err judge_host_again(const struct judge_facts *f, const struct judge_verdict *v,
                                      struct tdm_fault *fault);

#endif
