/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_flash_args: what goes where in the radio's flash, as part 1 of an image (first byte even) and as the text file of
 * a build (odd). Records that are accepted are written back byte for byte, and never lie on each other or past the end.
 */
#include "fuzz.h"
#include "image/flash_args.h"
#include "image/flash_args_text.h"
#include "image/image_writer.h"

#define BOOTLOADER_AT 0x1000u

enum { BYTES, TEXT };
const char *const fuzz_accepts[] = {[BYTES] = "part 1 of an image", [TEXT] = "a build's text", NULL};

static uint64_t end_of(const struct flash_args *args, const struct image_layout *layout, size_t record)
{
    const struct image_part *part = image_layout_part(layout, args->records[record].tag);

    fuzz_must(part != NULL);
    return (uint64_t)args->records[record].offset + part->size;
}

static void check_places(const struct flash_args *args, const struct image_layout *layout, uint32_t flash_size)
{
    for (size_t i = 0; i < FLASH_ARGS_RECORDS; i++) {
        fuzz_must(end_of(args, layout, i) <= (flash_size > 0 ? flash_size : FLASH_ARGS_SIZE_MAX));
        fuzz_must(args->records[i].tag != IMAGE_TAG_BOOTLOADER || args->records[i].offset == BOOTLOADER_AT);
        for (size_t k = 0; k < FLASH_ARGS_RECORDS; k++)
            fuzz_must(i == k || args->records[i].offset >= end_of(args, layout, k) ||
                      args->records[k].offset >= end_of(args, layout, i));
    }
}

/* A text may name an offset within a sector; bytes may not. */
static void write_again(const struct flash_args *args, uint8_t bytes[IMAGE_FLASH_ARGS_LEN])
{
    struct flash_args again;
    struct tdm_fault fault;
    bool is_aligned = true;

    for (size_t i = 0; i < FLASH_ARGS_RECORDS; i++)
        is_aligned = is_aligned && args->records[i].offset % FLASH_ARGS_SECTOR == 0;
    tdm_fault_clear(&fault);
    flash_args_write(args, bytes);
    fuzz_must((flash_args_read(bytes, &again, &fault) == TDM_OK) == is_aligned);
    fuzz_must(memcmp(&again, args, sizeof again) == 0);
}

static void read_bytes(struct bytes_reader *in)
{
    uint8_t bytes[IMAGE_FLASH_ARGS_LEN], again[IMAGE_FLASH_ARGS_LEN];
    uint32_t sizes[IMAGE_PARTS_MAX] = {[IMAGE_TAG_VERSION] = 1, [IMAGE_TAG_FLASH_ARGS] = IMAGE_FLASH_ARGS_LEN};
    struct image_layout layout;
    struct flash_args args;
    struct tdm_fault fault;
    uint32_t flash_size = bytes_get_le32(in);

    tdm_fault_clear(&fault);
    for (uint32_t tag = IMAGE_TAG_BOOTLOADER; tag <= IMAGE_TAG_RCP_APP; tag++)
        sizes[tag] = bytes_get_le32(in);
    bytes_get(in, bytes, sizeof bytes);
    tdm_err err = flash_args_read(bytes, &args, &fault);
    fuzz_told(err, &fault);
    if (err != TDM_OK)
        return;
    write_again(&args, again);
    fuzz_must(memcmp(again, bytes, sizeof bytes) == 0);
    if (image_writer_plan(IMAGE_KIND_RADIO, sizes, &layout, &fault) != TDM_OK)
        return;
    err = flash_args_check(&args, &layout, BOOTLOADER_AT, flash_size, &fault);
    fuzz_told(err, &fault);
    if (err == TDM_OK) {
        check_places(&args, &layout, flash_size);
        fuzz_accept(BYTES);
    }
}

static void read_text(struct bytes_reader *in)
{
    struct flash_args_text text;
    struct tdm_fault fault;
    struct flash_args args;
    uint8_t bytes[IMAGE_FLASH_ARGS_LEN];
    size_t len;
    const uint8_t *rest = fuzz_rest(in, &len);
    char *copy = (char *)fuzz_copy(rest, len);

    tdm_fault_clear(&fault);
    tdm_err err = flash_args_text_read(copy, len, &text, &fault);
    fuzz_told(err, &fault);
    for (size_t i = 0; err == TDM_OK && i < FLASH_ARGS_RECORDS; i++) {
        const struct flash_args_file *f = &text.files[i];
        fuzz_must(f->path >= copy && f->path_len > 0 && f->path_len <= FLASH_ARGS_PATH_MAX);
        fuzz_must(f->path + f->path_len <= copy + len && memchr(f->path, '\n', f->path_len) == NULL);
        fuzz_must(f->line >= 1 && f->line <= text.line_count && flash_args_text_file(&text, f->tag) == f);
    }
    if (err == TDM_OK) {
        fuzz_accept(TEXT);
        flash_args_text_records(&text, &args);
        write_again(&args, bytes);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes_reader in = bytes_reader_on(data, size);

    if (bytes_get_u8(&in) % 2 == 0)
        read_bytes(&in);
    else
        read_text(&in);
    return 0;
}
