/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image: the push parser of the OTA image. The only code in Tandem that takes an image apart.
 *
 * Used by   judge, reconcile (to feed the flasher), the image commands, tests.   Uses  layer 0.
 * Memory    the caller owns the parser; nothing is allocated.
 * Splits    Any split of the same bytes gives the same events. Every call eats all it is given or fails for good; the
 *           failure is in `fault`, its `at` the offset in the file.
 * Format    docs/FORMAT.md. A header table, then parts by tag, contiguous and in order of tags:
 *
 *             FF/72: 0 1 2 3 4 (radio only)      FF/84: 0 1 2 3 4 5 (pair)      FE/36: 0 5 (host only)
 *
 * Trailing  bytes behind a radio-only image without manifest are legal for existing readers: ignored and counted.
 *           Behind any other image they are refused.
 */
#ifndef TANDEM_IMAGE_H
#define TANDEM_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/err.h>

enum image_tag {
    IMAGE_TAG_VERSION = 0,         /* version text of the RCP firmware; a manifest may follow behind one NUL */
    IMAGE_TAG_FLASH_ARGS = 1,      /* three records: which part goes where in the radio's flash              */
    IMAGE_TAG_BOOTLOADER = 2,      /* RCP second-stage bootloader                                            */
    IMAGE_TAG_PARTITION_TABLE = 3, /* RCP partition table                                                    */
    IMAGE_TAG_RCP_APP = 4,         /* RCP firmware                                                           */
    IMAGE_TAG_HOST = 5,            /* border router firmware                                                 */
};

#define IMAGE_PARTS_MAX      6
#define IMAGE_HEADER_MAX     84   /* 7 entries of 12 bytes: existing readers have room for no more      */
#define IMAGE_FRONT_MAX      4096 /* header and part 0 together                                         */
#define IMAGE_VERSION_MAX    99   /* bytes of version text: existing readers compare 100 with the NUL   */
#define IMAGE_FLASH_ARGS_LEN 24   /* 3 records of 8 bytes                                               */
#define IMAGE_MANIFEST_MAX   (IMAGE_FRONT_MAX - 36 - 1)

enum image_kind { IMAGE_KIND_RADIO, IMAGE_KIND_PAIR, IMAGE_KIND_HOST };

struct image_part {
    uint32_t tag; /* enum image_tag */
    uint32_t size, offset;
};

struct image_layout {
    enum image_kind kind;
    uint32_t header_size;
    size_t part_count;
    struct image_part parts[IMAGE_PARTS_MAX]; /* in file order, which is tag order */
    uint32_t bundle_size; /* what an RCP slot stores: header and parts 0 to 4; 0 in a host-only image */
    uint32_t host_size;   /* part 5; 0 when there is none                                             */
    uint32_t total_size;  /* end of the last part                                                     */
};

/* The part with this tag, or NULL. */
const struct image_part *image_layout_part(const struct image_layout *l, uint32_t tag);

/* Of an image with a manifest of so many signature cells: bytes from the file's start that are signed. Its id is their
 * SHA-256. */
uint32_t image_signed_size(const struct image_layout *l, uint8_t cell_count);

/*
 * What the parser tells, in this order: header, version, manifest (only when one stands behind the text), then for
 * each part from tag 1 on data (once or more, contiguous) and end. An event that answers an error stops the parse with
 * that error; an owner with a fault of its own sets it there. Every event must be given.
 * The text is the start of part 0, which is in memory as a whole, as it lies in the file; the manifest is its end.
 */
struct image_events {
    tdm_err (*on_header)(void *ctx, const struct image_layout *layout);
    tdm_err (*on_version)(void *ctx, const char *text, size_t len); /* NUL ended; len without it; "" if host only */
    tdm_err (*on_manifest)(void *ctx, const uint8_t *bytes, size_t len); /* all that stands behind the NUL */
    tdm_err (*on_part_data)(void *ctx, const struct image_part *part, uint32_t at, const uint8_t *data, size_t len);
    tdm_err (*on_part_end)(void *ctx, const struct image_part *part);
};

enum image_state { IMAGE_HEADER, IMAGE_PART_0, IMAGE_PART, IMAGE_TRAILER, IMAGE_STATES };

struct image_parser {
    const struct image_events *events;
    void *ctx;
    struct tdm_fault fault;
    enum image_state state;
    struct image_layout layout;
    uint64_t at;       /* offset of the next byte        */
    size_t part;       /* index of the part being read   */
    uint32_t part_at;  /* bytes of it already seen       */
    bool has_manifest; /* after on_manifest              */
    uint64_t trailing; /* ignored bytes behind the image */
    size_t front_len;
    uint8_t front[IMAGE_FRONT_MAX]; /* header table, then reused for part 0 */
};

void image_init(struct image_parser *p, const struct image_events *events, void *ctx);
TDM_MUST_USE tdm_err image_push(struct image_parser *p, const uint8_t *data, size_t len);
/* The stream is over: TRUNCATED unless every part was complete. */
TDM_MUST_USE tdm_err image_end(struct image_parser *p);
/* The same for a stored bundle: an image cut off where its host part would begin is whole. */
TDM_MUST_USE tdm_err image_end_bundle(struct image_parser *p);

#endif
