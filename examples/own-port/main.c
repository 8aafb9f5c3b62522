/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own-port: reads an OTA image, shows its parts, and keeps its version text in the record, which lies on a storage port
 * of this program's own. Nothing here is checked against keys: that is the judge's work, <tandem/judge.h>.
 */
#include <stdio.h>
#include <string.h>

#include <tandem/image.h>
#include <tandem/slot.h>

#include "ram_flash.h"

#define RECORD_SIZE 8192 /* two copies, each in an erase block of its own */

struct look {
    char version[SLOT_VERSION_MAX + 1];
};

static tdm_err on_header(void *ctx, const struct image_layout *layout)
{
    (void)ctx;
    (void)printf("%zu parts, %u bytes\n", layout->part_count, (unsigned)layout->total_size);
    return TDM_OK;
}

static tdm_err on_version(void *ctx, const char *text, size_t len)
{
    struct look *look = ctx;

    (void)len;
    slot_text_set(look->version, sizeof look->version, text);
    return TDM_OK;
}

static tdm_err on_manifest(void *ctx, const uint8_t *bytes, size_t len)
{
    (void)ctx, (void)bytes;
    (void)printf("manifest, %zu bytes\n", len);
    return TDM_OK;
}

static tdm_err on_part_data(void *ctx, const struct image_part *part, uint32_t at, const uint8_t *data, size_t len)
{
    (void)ctx, (void)part, (void)at, (void)data, (void)len; /* a slot_writer would store it */
    return TDM_OK;
}

static tdm_err on_part_end(void *ctx, const struct image_part *part)
{
    (void)ctx;
    (void)printf("part %u, %u bytes\n", (unsigned)part->tag, (unsigned)part->size);
    return TDM_OK;
}

/* Pieces of any length do: a parser keeps what it needs. */
static tdm_err read_image(FILE *file, struct look *look)
{
    static const struct image_events events = {on_header, on_version, on_manifest, on_part_data, on_part_end};
    static struct image_parser parser; /* 4 KiB: keep it off a small stack */
    uint8_t piece[512];
    tdm_err err = TDM_OK;

    image_init(&parser, &events, look);
    for (size_t n; err == TDM_OK && (n = fread(piece, 1, sizeof piece, file)) > 0;)
        err = image_push(&parser, piece, n);
    if (err == TDM_OK)
        err = image_end(&parser);
    if (err != TDM_OK)
        (void)fprintf(stderr, "%s: %s, at %llu\n", parser.fault.code, parser.fault.what,
                      (unsigned long long)parser.fault.at);
    return err;
}

/* Commit, forget everything, and find it again, as the next start does. */
static tdm_err keep(struct tdm_flash *flash, const char *version)
{
    static struct slot_store store;
    static struct slot_record record;
    enum slot_store_state state;

    slot_store_init(&store, flash);
    tdm_err err = slot_store_load(&store, &record, &state);
    if (err == TDM_OK && state == SLOT_STORE_EMPTY)
        slot_record_first(&record, TDM_HOST_A);
    slot_text_set(record.rcp[SLOT_R0].version, sizeof record.rcp[SLOT_R0].version, version);
    if (err == TDM_OK)
        err = slot_store_commit(&store, &record);
    memset(&record, 0, sizeof record);
    slot_store_init(&store, flash);
    if (err == TDM_OK)
        err = slot_store_load(&store, &record, &state);
    if (err == TDM_OK)
        (void)printf("kept: %s\n", record.rcp[SLOT_R0].version);
    return err;
}

int main(int argc, char **argv)
{
    static uint8_t bytes[RECORD_SIZE];
    struct ram_flash flash;
    struct look look = {0};
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;

    if (file == NULL) {
        (void)fprintf(stderr, "usage: own-port IMAGE\n");
        return 2;
    }
    ram_flash_init(&flash, bytes, sizeof bytes);
    tdm_err err = read_image(file, &look);
    (void)fclose(file); /* only read */
    if (err == TDM_OK)
        err = keep(&flash.port, look.version);
    if (err != TDM_OK)
        (void)fprintf(stderr, "own-port: %s\n", tdm_err_name(err));
    return err != TDM_OK;
}
