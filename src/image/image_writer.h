/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_writer: what must be known of the parts -> the front of an image, by the rules the parser has.
 *
 * Used by   the packer (apps/), tests.   Uses  image_header, manifest.
 * Memory    nothing is kept. The other parts are copied behind the front by the caller, in the layout's order.
 */
#ifndef TANDEM_IMAGE_WRITER_H
#define TANDEM_IMAGE_WRITER_H

#include <tandem/manifest.h>

#include "image/image_format.h"

/* Set by the caller. */
struct image_front {
    enum image_kind kind;
    const char *text; /* version text; none in a host-only image */
    size_t text_len;
    const struct manifest
        *manifest; /* its digests, too, are the caller's; NULL: a plain image, never a host-only one */
    uint32_t
        sizes[IMAGE_PARTS_MAX]; /* of the other parts, by tag; those that the kind does not have are not looked at */
};

/*
 * Header table and part 0, its signature cells blank. *len: in the room, out the bytes written; IMAGE_FRONT_MAX is
 * always enough. Faults bad_header, bad_version_text, bad_manifest and too_new as for an image that is read; NO_ROOM.
 */
TDM_MUST_USE tdm_err image_writer_front(const struct image_front *front, uint8_t *out, size_t *len,
                                        struct image_layout *layout, struct tdm_fault *fault);

/*
 * The layout alone. Set by the caller: kind, and sizes by tag, part 0's too (those that the kind does not have are not
 * looked at). Fault bad_header, as for a table that is read.
 */
TDM_MUST_USE tdm_err image_writer_plan(enum image_kind kind, const uint32_t sizes[IMAGE_PARTS_MAX],
                                       struct image_layout *out, struct tdm_fault *fault);

/* The table of a planned layout, out->header_size bytes. */
TDM_MUST_USE tdm_err image_writer_table(const struct image_layout *layout, uint8_t *out, size_t cap, size_t *len);

#endif
