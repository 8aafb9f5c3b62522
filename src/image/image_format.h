/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_format: numbers of the OTA image that only the codecs need; the C twin of docs/FORMAT.md, "OTA image".
 *
 * Used by   the files of this room.   Uses  include/tandem/image.h, which has the tags and limits everybody may see.
 *
 *      0              H               H+T  H+T+1                   E = H + size of part 0
 *      | header table | version text  | 00 | manifest (if any)     | part 1 ... | end of file
 *
 * All numbers are little-endian, nothing is aligned.
 */
#ifndef TANDEM_IMAGE_FORMAT_H
#define TANDEM_IMAGE_FORMAT_H

#include <tandem/image.h>

#define IMAGE_ENTRY_LEN 12 /* tag, size, offset: u32 each */

/* Tag of the first entry, whose size is that of the whole table. */
#define IMAGE_LEAD_RADIO 0xffu /* there is a radio part: what existing readers take  */
#define IMAGE_LEAD_HOST  0xfeu /* there is none: existing readers refuse at byte 12   */

#define IMAGE_LEAD_HOST_SIZE_MIN 24u /* what later formats may give a table under FE */
#define IMAGE_LEAD_HOST_SIZE_MAX 4092u

#endif
