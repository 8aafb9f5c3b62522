/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imagefile: what stands in an image file, for people to look at. It describes; the judge (src/judge) believes or not.
 *
 * Used by   image info, image extract, image sign.   Uses  the push parser, the crypto port.
 * Memory    the caller owns the struct.
 */
#ifndef TANDEM_IMAGEFILE_H
#define TANDEM_IMAGEFILE_H

#include <cjson/cJSON.h>

#include <tandem/crypto.h>
#include <tandem/image.h>

#include "front.h"
#include "image/esp_app.h"
#include "image/flash_args.h"

struct imagefile_part { /* by tag */
    uint8_t digest[TDM_SHA256_LEN];
    bool is_esp; /* esp is filled */
    struct esp_app_info esp;
};

struct imagefile {
    struct tdm_fault fault; /* of file or image; at: offset in the image, or errno */
    struct image_layout layout;
    char version[IMAGE_VERSION_MAX + 1];
    uint8_t front[IMAGE_FRONT_MAX]; /* the beginning of the file */
    size_t front_len;
    size_t manifest_size; /* bytes behind the version text's NUL, 0: a plain image */
    bool has_flash_args;  /* part 1 is as it should be */
    struct flash_args args;
    struct imagefile_part parts[IMAGE_PARTS_MAX];
    uint8_t id[TDM_SHA256_LEN]; /* of a plain image: SHA-256 of the file up to the end of the last part */
    uint64_t trailing;
};

/* Gets each part's bytes while the file is read; an error stops the reading and is returned. */
typedef tdm_err (*imagefile_part_fn)(void *ctx, const struct image_part *part, const uint8_t *data, size_t len);

/* on_part NULL: nobody wants the bytes. */
TDM_MUST_USE tdm_err imagefile_read(struct imagefile *f, const char *path, struct tdm_crypto *crypto,
                                    imagefile_part_fn on_part, void *ctx);

/* Header table and part 0 of an image with a manifest. BUG for a plain one. */
TDM_MUST_USE tdm_err imagefile_front(const struct imagefile *f, struct tdm_crypto *crypto, struct front *out,
                                     struct tdm_fault *why);

/* The description as a result: kind, version, parts with offsets, digests and flash offsets; without a manifest, the id. */
void imagefile_describe(const struct imagefile *f, cJSON *result);

/* File name without extension of a part ("rcp_firmware"), also its name in results. */
const char *imagefile_part_name(uint32_t tag);

#endif
