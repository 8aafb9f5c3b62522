/* SPDX-License-Identifier: Apache-2.0 */
#include "image/flash_args.h"

#include "base/bytes.h"

static tdm_err bad(struct tdm_fault *fault, const char *what, size_t record)
{
    return tdm_fault_set(fault, TDM_E_FORMAT, "bad_flash_args", what, record * FLASH_ARGS_RECORD_LEN);
}

static tdm_err check_records(const struct flash_args *args, struct tdm_fault *fault)
{
    unsigned seen = 0;

    for (size_t i = 0; i < FLASH_ARGS_RECORDS; i++) {
        uint32_t tag = args->records[i].tag;
        if (tag < IMAGE_TAG_BOOTLOADER || tag > IMAGE_TAG_RCP_APP)
            return bad(fault, "flash arguments name a part that is not flashed", i);
        if (seen & 1u << tag)
            return bad(fault, "flash arguments name a part twice", i);
        if (args->records[i].offset % FLASH_ARGS_SECTOR != 0)
            return bad(fault, "flash offset not a multiple of 4096", i);
        seen |= 1u << tag;
    }
    return TDM_OK;
}

tdm_err flash_args_read(const uint8_t *bytes, struct flash_args *out, struct tdm_fault *fault)
{
    struct bytes_reader r = bytes_reader_on(bytes, IMAGE_FLASH_ARGS_LEN);

    for (size_t i = 0; i < FLASH_ARGS_RECORDS; i++) {
        out->records[i].tag = bytes_get_le32(&r);
        out->records[i].offset = bytes_get_le32(&r);
    }
    return check_records(out, fault);
}

void flash_args_write(const struct flash_args *args, uint8_t out[IMAGE_FLASH_ARGS_LEN])
{
    for (size_t i = 0; i < FLASH_ARGS_RECORDS; i++) {
        bytes_store_le32(out + i * FLASH_ARGS_RECORD_LEN, args->records[i].tag);
        bytes_store_le32(out + i * FLASH_ARGS_RECORD_LEN + 4, args->records[i].offset);
    }
}

/* End of a record's range rounded up to a sector; 64 bits, so nothing wraps. */
static uint64_t range_end(const struct flash_args *args, const struct image_layout *layout, size_t record)
{
    const struct image_part *part = image_layout_part(layout, args->records[record].tag);
    uint64_t end = (uint64_t)args->records[record].offset + (part ? part->size : 0);
    return (end + FLASH_ARGS_SECTOR - 1) / FLASH_ARGS_SECTOR * FLASH_ARGS_SECTOR;
}

static bool do_overlap(const struct flash_args *args, const struct image_layout *layout, size_t a, size_t b)
{
    return args->records[a].offset < range_end(args, layout, b) && args->records[b].offset < range_end(args, layout, a);
}

tdm_err flash_args_check(const struct flash_args *args, const struct image_layout *layout, uint32_t bootloader_offset,
                         uint32_t flash_size, struct tdm_fault *fault)
{
    uint64_t limit = flash_size > 0 && flash_size < FLASH_ARGS_SIZE_MAX ? flash_size : FLASH_ARGS_SIZE_MAX;

    if (check_records(args, fault) != TDM_OK)
        return fault->err;
    for (size_t i = 0; i < FLASH_ARGS_RECORDS; i++) {
        if (range_end(args, layout, i) > limit)
            return bad(fault, "a part would lie beyond the end of the radio's flash", i);
        if (args->records[i].tag == IMAGE_TAG_BOOTLOADER && bootloader_offset != FLASH_ARGS_ANYWHERE &&
            args->records[i].offset != bootloader_offset)
            return bad(fault, "bootloader not where the chip looks for it", i);
        for (size_t k = 0; k < i; k++) {
            if (do_overlap(args, layout, i, k))
                return bad(fault, "parts overlap in flash once rounded up to sectors of 4096", i);
        }
    }
    return TDM_OK;
}

tdm_err flash_args_offset(const struct flash_args *args, uint32_t tag, uint32_t *offset)
{
    for (size_t i = 0; i < FLASH_ARGS_RECORDS; i++) {
        if (args->records[i].tag == tag) {
            *offset = args->records[i].offset;
            return TDM_OK;
        }
    }
    return TDM_E_NOT_FOUND;
}
