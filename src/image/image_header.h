/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_header: the header table <-> struct image_layout, and the rules for the version text.
 *
 * Used by   image_parser, image_writer, the packer.   Uses  layer 0.
 * Memory    nothing is kept.
 * Faults    codes not_image, bad_header, too_new; `at` is the offset in the file of the entry or field that is wrong.
 */
#ifndef TANDEM_IMAGE_HEADER_H
#define TANDEM_IMAGE_HEADER_H

#include "image/image_format.h"

/* The first entry alone: what kind of image this is and how long its table is. entry: IMAGE_ENTRY_LEN bytes. */
TDM_MUST_USE tdm_err image_header_begin(const uint8_t *entry, struct image_layout *out, struct tdm_fault *fault);

/* The whole table, layout->header_size bytes, of which image_header_begin() has accepted the first entry. */
TDM_MUST_USE tdm_err image_header_read(const uint8_t *table, struct image_layout *layout, struct tdm_fault *fault);

/* Offsets, totals and every rule about sizes, from kind, and tag and size of each part. */
TDM_MUST_USE tdm_err image_layout_finish(struct image_layout *layout, struct tdm_fault *fault);

/* How many parts, in which order: tags of an image of this kind. */
size_t image_kind_tags(enum image_kind kind, uint32_t tags[IMAGE_PARTS_MAX]);

/* Why these bytes cannot be a version text, or NULL when they can. *at: the first wrong byte. */
const char *image_text_problem(const uint8_t *text, size_t len, size_t *at);
/* The same for an image of this kind: without radio parts there is no text. */
const char *image_kind_text_problem(enum image_kind kind, const uint8_t *text, size_t len, size_t *at);

#endif
