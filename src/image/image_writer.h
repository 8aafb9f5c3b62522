/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_writer: what must be known of the parts -> the header table, by the rules the parser has.
 *
 * Used by   the packer (apps/), tests.   Uses  image_header.
 * Memory    nothing is kept. The parts themselves are copied behind the table by the caller, in tag order.
 */
#ifndef TANDEM_IMAGE_WRITER_H
#define TANDEM_IMAGE_WRITER_H

#include "image/image_format.h"

/*
 * Set by the caller: kind, and sizes by tag (those that the kind does not have are not looked at). Fills the layout.
 * Fault bad_header, as for a table that is read.
 */
TDM_MUST_USE tdm_err image_writer_plan(enum image_kind kind, const uint32_t sizes[IMAGE_PARTS_MAX],
                                       struct image_layout *out, struct tdm_fault *fault);

/* The table of a planned layout, out->header_size bytes. */
TDM_MUST_USE tdm_err image_writer_table(const struct image_layout *layout, uint8_t *out, size_t cap, size_t *len);

#endif
