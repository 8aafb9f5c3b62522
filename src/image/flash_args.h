/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flash_args: part 1 of an image <-> three records "this part at this flash offset", and the rules they obey.
 *
 * Used by   judge, reconcile (what to flash), the packer.   Uses  layer 0, image.h.
 * Memory    nothing is kept.
 * Faults    code bad_flash_args; `at` is the offset in part 1 (record number * 8).
 * Units     bytes of the radio's flash.
 */
#ifndef TANDEM_IMAGE_FLASH_ARGS_H
#define TANDEM_IMAGE_FLASH_ARGS_H

#include <tandem/image.h>

#define FLASH_ARGS_RECORDS    3
#define FLASH_ARGS_RECORD_LEN 8
#define FLASH_ARGS_SECTOR     4096u
#define FLASH_ARGS_SIZE_MAX   0x1000000u /* 24-bit addresses            */
#define FLASH_ARGS_ANYWHERE   UINT32_MAX /* no place for the bootloader known */

struct flash_args {
    struct {
        uint32_t tag, offset;
    } records[FLASH_ARGS_RECORDS]; /* in the order in which they are flashed */
};

/* bytes: IMAGE_FLASH_ARGS_LEN of them. Tags 2, 3, 4 once each, offsets multiples of a sector. */
TDM_MUST_USE tdm_err flash_args_read(const uint8_t *bytes, struct flash_args *out, struct tdm_fault *fault);

void flash_args_write(const struct flash_args *args, uint8_t out[IMAGE_FLASH_ARGS_LEN]);

/*
 * Ranges, rounded up to sectors, disjoint and within flash_size (0: within 24-bit addresses); the bootloader at
 * bootloader_offset, or FLASH_ARGS_ANYWHERE. Sizes are those of the layout.
 */
TDM_MUST_USE tdm_err flash_args_check(const struct flash_args *args, const struct image_layout *layout,
                                      uint32_t bootloader_offset, uint32_t flash_size, struct tdm_fault *fault);

/* Flash offset of the part with this tag. NOT_FOUND cannot happen with records that were read without fault. */
TDM_MUST_USE tdm_err flash_args_offset(const struct flash_args *args, uint32_t tag, uint32_t *offset);

#endif
