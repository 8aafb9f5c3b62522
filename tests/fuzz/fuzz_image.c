/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_image: every reader of src/image on any bytes. Fed at once and in pieces (of the size that the first byte
 * says) each must give the same answer; the sanitizers watch the rest. scripts/campaigns/fuzz builds and runs it.
 */
#include <stdlib.h>
#include <string.h>

#include <tandem/image.h>

#include "image/esp_app.h"
#include "image/flash_args_text.h"
#include "image/partition_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_so)
{
    if (!is_so)
        abort();
}

static void same_fault(const struct tdm_fault *a, const struct tdm_fault *b)
{
    must(a->err == b->err && a->at == b->at && strcmp(a->code, b->code) == 0);
}

static tdm_err on_header(void *ctx, const struct image_layout *layout)
{
    (void)ctx;
    must(layout->part_count >= 2 && layout->part_count <= IMAGE_PARTS_MAX);
    return TDM_OK;
}

static tdm_err on_version(void *ctx, const char *text, size_t len)
{
    (void)ctx;
    must(strlen(text) == len && len <= IMAGE_VERSION_MAX);
    return TDM_OK;
}

static tdm_err on_manifest(void *ctx, const uint8_t *bytes, size_t len)
{
    volatile uint8_t last = bytes[len - 1]; /* readable to its end */
    (void)ctx;
    (void)last;
    must(len <= IMAGE_MANIFEST_MAX);
    return TDM_OK;
}

static tdm_err on_part_data(void *ctx, const struct image_part *part, uint32_t at, const uint8_t *data, size_t len)
{
    (void)ctx;
    (void)data;
    must(len > 0 && at <= part->size && len <= part->size - at);
    return TDM_OK;
}

static tdm_err on_part_end(void *ctx, const struct image_part *part)
{
    (void)ctx;
    (void)part;
    return TDM_OK;
}

static const struct image_events events = {on_header, on_version, on_manifest, on_part_data, on_part_end};

/* The engines keep their failure and answer it again at the end, so a push's own answer need not be looked at. */
#define IGNORE(call)                                                                                                   \
    do {                                                                                                               \
        if (call)                                                                                                      \
            break;                                                                                                     \
    } while (0)

static void parse(struct image_parser *p, const uint8_t *data, size_t size, size_t step)
{
    image_init(p, &events, NULL);
    for (size_t at = 0; at < size; at += step)
        IGNORE(image_push(p, data + at, size - at < step ? size - at : step));
    IGNORE(image_end(p));
}

static size_t check_app(struct esp_app *a, const uint8_t *data, size_t size, size_t step)
{
    size_t hashed = 0, n;

    esp_app_init(a);
    for (size_t at = 0; at < size; at += step) {
        IGNORE(esp_app_push(a, data + at, size - at < step ? size - at : step, &n));
        hashed += n;
    }
    IGNORE(esp_app_end(a));
    return hashed;
}

static void check_table(struct partition_table *t, const uint8_t *data, size_t size, size_t step)
{
    partition_table_init(t, 0x10000, 0);
    for (size_t at = 0; at < size; at += step)
        IGNORE(partition_table_push(t, data + at, size - at < step ? size - at : step));
    IGNORE(partition_table_end(t));
}

static void read_text(const uint8_t *data, size_t size)
{
    struct flash_args_text text;
    struct tdm_fault fault;
    char *copy = malloc(size + (size == 0)); /* its end is the sanitizer's */

    if (!copy)
        return;
    memcpy(copy, data, size);
    tdm_fault_clear(&fault);
    must(flash_args_text_read(copy, size, &text, &fault) == fault.err);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct image_parser image[2];
    static struct esp_app app[2];
    static struct partition_table table[2];
    size_t step, hashed[2];

    if (size < 2)
        return 0;
    step = data[0] % 40u + 1u;
    data++;
    size--;
    for (int i = 0; i < 2; i++) {
        parse(&image[i], data, size, i == 0 ? size : step);
        hashed[i] = check_app(&app[i], data, size, i == 0 ? size : step);
        check_table(&table[i], data, size, i == 0 ? size : step);
    }
    same_fault(&image[0].fault, &image[1].fault);
    same_fault(&app[0].fault, &app[1].fault);
    same_fault(&table[0].fault, &table[1].fault);
    if (app[0].fault.err == TDM_OK)
        must(hashed[0] == hashed[1] && memcmp(&app[0].info, &app[1].info, sizeof app[0].info) == 0);
    must(image[0].at == image[1].at || image[0].fault.err != TDM_OK);
    read_text(data, size);
    return 0;
}
