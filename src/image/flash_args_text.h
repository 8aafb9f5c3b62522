/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flash_args_text: the flash_args file that an RCP build leaves behind -> which file goes where.
 *
 * Used by   the packer.   Uses  flash_args.
 * Memory    the result points into the caller's text.
 * Faults    code bad_flash_args; `at` is the line number, from 1.
 *
 *   --flash-mode dio --flash-freq 48m --flash-size 2MB        options, older builds write --flash_size
 *   0x0 bootloader/bootloader.bin                             flash offset in hex, path below the build directory
 *   0x10000 esp_ot_rcp.bin
 *   0x8000 partition_table/partition-table.bin                three files in any order; the last line end may be missing
 *
 * A path with "bootloader" in it is part 2, one with "partition_table" or "partition-table" part 3, any other part 4.
 */
#ifndef TANDEM_IMAGE_FLASH_ARGS_TEXT_H
#define TANDEM_IMAGE_FLASH_ARGS_TEXT_H

#include "image/flash_args.h"

#define FLASH_ARGS_PATH_MAX 1023

struct flash_args_file {
    const char *path; /* not NUL ended */
    size_t path_len;
    uint32_t tag, offset;
    uint32_t line;
};

struct flash_args_text {
    uint32_t flash_size; /* bytes; 0: the options do not say */
    uint32_t line_count;
    struct flash_args_file files[FLASH_ARGS_RECORDS]; /* in the order of their lines */
};

TDM_MUST_USE tdm_err flash_args_text_read(const char *text, size_t len, struct flash_args_text *out,
                                          struct tdm_fault *fault);

/* The file of a part; NULL cannot happen with a text that was read without fault. */
const struct flash_args_file *flash_args_text_file(const struct flash_args_text *text, uint32_t tag);

/* The records of part 1, in the order of the lines. */
void flash_args_text_records(const struct flash_args_text *text, struct flash_args *out);

#endif
