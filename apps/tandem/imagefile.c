/* SPDX-License-Identifier: Apache-2.0 */
#include "imagefile.h"

#include <stdio.h>
#include <string.h>

#include "app.h"
#include "filework.h"
#include "image/esp_chip.h"

/* One reading of a file: the sink that feeds the parser, and what is under way. */
struct reading {
    struct tdm_sink sink;
    struct imagefile *file;
    struct tdm_crypto *crypto;
    struct image_parser parser;
    struct tdm_sha256 part_sha, file_sha;
    uint64_t file_hashed;
    struct esp_app esp;
    bool esp_goes_on;
    uint8_t flash_args[IMAGE_FLASH_ARGS_LEN];
    imagefile_part_fn on_part;
    void *ctx;
};

static tdm_err on_header(void *ctx, const struct image_layout *layout)
{
    struct reading *r = ctx;
    r->file->layout = *layout;
    return TDM_OK;
}

static tdm_err hash_once(struct reading *r, const uint8_t *data, size_t len, uint8_t out[TDM_SHA256_LEN])
{
    struct tdm_sha256 sha = {0};
    tdm_err err = tdm_sha256_begin(&sha, r->crypto);

    if (err == TDM_OK)
        err = tdm_sha256_update(&sha, data, len);
    if (err == TDM_OK)
        return tdm_sha256_end(&sha, out);
    tdm_sha256_drop(&sha);
    return err;
}

static tdm_err on_version(void *ctx, const char *text, size_t len)
{
    struct reading *r = ctx;
    const struct image_part *part = &r->file->layout.parts[0];

    memcpy(r->file->version, text, len + 1);
    /* The parser hands the text from part 0 as it lies there: manifest, if any, right behind the NUL. */
    tdm_err err = hash_once(r, (const uint8_t *)text, part->size, r->file->parts[IMAGE_TAG_VERSION].digest);
    return err == TDM_OK && r->on_part ? r->on_part(r->ctx, part, (const uint8_t *)text, part->size) : err;
}

static tdm_err on_manifest(void *ctx, const uint8_t *bytes, size_t len)
{
    struct reading *r = ctx;
    (void)bytes;
    r->file->manifest_size = len;
    return TDM_OK;
}

static bool may_be_esp(uint32_t tag)
{
    return tag == IMAGE_TAG_BOOTLOADER || tag == IMAGE_TAG_RCP_APP || tag == IMAGE_TAG_HOST;
}

static tdm_err begin_part(struct reading *r, const struct image_part *part)
{
    r->esp_goes_on = may_be_esp(part->tag);
    esp_app_init(&r->esp);
    return tdm_sha256_begin(&r->part_sha, r->crypto);
}

static tdm_err on_part_data(void *ctx, const struct image_part *part, uint32_t at, const uint8_t *data, size_t len)
{
    struct reading *r = ctx;
    tdm_err err = at == 0 ? begin_part(r, part) : TDM_OK;
    size_t hashed;

    if (err == TDM_OK)
        err = tdm_sha256_update(&r->part_sha, data, len);
    if (err != TDM_OK)
        return err;
    if (r->esp_goes_on)
        r->esp_goes_on = esp_app_push(&r->esp, data, len, &hashed) == TDM_OK;
    if (part->tag == IMAGE_TAG_FLASH_ARGS) /* the parser lets no other size through */
        memcpy(r->flash_args + at, data, len);
    return r->on_part ? r->on_part(r->ctx, part, data, len) : TDM_OK;
}

static tdm_err on_part_end(void *ctx, const struct image_part *part)
{
    struct reading *r = ctx;
    struct imagefile_part *out = &r->file->parts[part->tag];
    struct tdm_fault ignored;

    tdm_fault_clear(&ignored);
    if (part->tag == IMAGE_TAG_FLASH_ARGS)
        r->file->has_flash_args = flash_args_read(r->flash_args, &r->file->args, &ignored) == TDM_OK;
    if (r->esp_goes_on && esp_app_end(&r->esp) == TDM_OK) {
        out->is_esp = true;
        out->esp = r->esp.info;
    }
    return tdm_sha256_end(&r->part_sha, out->digest);
}

static const struct image_events events = {on_header, on_version, on_manifest, on_part_data, on_part_end};

/* The id covers the image, not what stands behind it; the image's end is known once the table has been read. */
static tdm_err hash_file(struct reading *r, const uint8_t *data, size_t len)
{
    uint64_t end = r->file->layout.total_size;
    uint64_t left = end > 0 && end > r->file_hashed ? end - r->file_hashed : 0;
    size_t n = end == 0 || len < left ? len : (size_t)left;

    r->file_hashed += n;
    return n > 0 ? tdm_sha256_update(&r->file_sha, data, n) : TDM_OK;
}

static void keep_front(struct imagefile *f, const uint8_t *data, size_t len)
{
    size_t room = sizeof f->front - f->front_len;
    size_t n = len < room ? len : room;

    memcpy(f->front + f->front_len, data, n);
    f->front_len += n;
}

static tdm_err push(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct reading *r = (struct reading *)(void *)((char *)sink - offsetof(struct reading, sink));

    keep_front(r->file, data, len);
    tdm_err err = image_push(&r->parser, data, len);

    return err == TDM_OK ? hash_file(r, data, len) : err;
}

tdm_err imagefile_read(struct imagefile *f, const char *path, struct tdm_crypto *crypto, imagefile_part_fn on_part,
                       void *ctx)
{
    static struct reading r; /* large: keep it off the stack */
    tdm_err err;

    *f = (struct imagefile){0};
    tdm_fault_clear(&f->fault);
    r = (struct reading){.sink = {push}, .file = f, .crypto = crypto, .on_part = on_part, .ctx = ctx};
    image_init(&r.parser, &events, &r);
    err = tdm_sha256_begin(&r.file_sha, crypto);
    if (err == TDM_OK)
        err = filework_push(path, &r.sink, &f->fault);
    if (err == TDM_OK)
        err = image_end(&r.parser);
    if (err == TDM_OK)
        err = tdm_sha256_end(&r.file_sha, f->id);
    f->trailing = r.parser.trailing;
    tdm_sha256_drop(&r.file_sha);
    tdm_sha256_drop(&r.part_sha);
    if (r.parser.fault.err != TDM_OK)
        return tdm_fault_from(&f->fault, &r.parser.fault);
    return err == TDM_OK ? TDM_OK : tdm_fault_set(&f->fault, err, "crypto", "the digest library does not work", 0);
}

tdm_err imagefile_front(const struct imagefile *f, struct tdm_crypto *crypto, struct front *out, struct tdm_fault *why)
{
    size_t len = f->layout.parts[0].offset + (size_t)f->layout.parts[0].size;

    tdm_fault_clear(why);
    if (f->manifest_size == 0 || len > f->front_len)
        return tdm_fault_set(why, TDM_E_BUG, "bug", "has no manifest", 0);
    *out = (struct front){.len = len, .manifest_at = len - f->manifest_size, .crypto = crypto};
    out->digest_count = f->layout.part_count - 1;
    memcpy(out->bytes, f->front, len);
    return front_open(out, why);
}

static const char *const part_names[IMAGE_PARTS_MAX] = {"version",         "flash_args",   "bootloader",
                                                        "partition_table", "rcp_firmware", "host_firmware"};

const char *imagefile_part_name(uint32_t tag)
{
    return tag < IMAGE_PARTS_MAX ? part_names[tag] : "unknown";
}

static void add_firmware(cJSON *to, const struct imagefile_part *part)
{
    const struct esp_chip *chip;
    char text[32];

    if (!part->is_esp)
        return;
    chip = esp_chip_by_id(part->esp.chip_id);
    (void)snprintf(text, sizeof text, "chip id %u", (unsigned)part->esp.chip_id);
    cJSON_AddStringToObject(to, "chip", chip ? chip->name : text);
    cJSON_AddNumberToObject(to, "revision_min", part->esp.revision_min);
    cJSON_AddNumberToObject(to, "revision_max", part->esp.revision_max);
    cJSON_AddStringToObject(to, "project", part->esp.project);
    cJSON_AddStringToObject(to, "version", part->esp.version);
    cJSON_AddStringToObject(to, "idf_version", part->esp.idf_version);
}

static void add_parts(const struct imagefile *f, cJSON *result)
{
    cJSON *list = cJSON_AddArrayToObject(result, "parts");

    for (size_t i = 0; i < f->layout.part_count; i++) {
        const struct image_part *part = &f->layout.parts[i];
        cJSON *row = cJSON_CreateObject();
        uint32_t at;

        cJSON_AddItemToArray(list, row);
        cJSON_AddNumberToObject(row, "tag", part->tag);
        cJSON_AddStringToObject(row, "part", imagefile_part_name(part->tag));
        cJSON_AddNumberToObject(row, "offset", part->offset);
        cJSON_AddNumberToObject(row, "size", part->size);
        if (f->has_flash_args && flash_args_offset(&f->args, part->tag, &at) == TDM_OK)
            cJSON_AddNumberToObject(row, "flash_offset", at);
        else
            cJSON_AddNullToObject(row, "flash_offset");
        app_add_hex(row, "sha256", f->parts[part->tag].digest, TDM_SHA256_LEN);
    }
}

void imagefile_describe(const struct imagefile *f, cJSON *result)
{
    static const char *const kinds[] = {"radio", "pair", "host"};
    static const uint32_t firmware[] = {IMAGE_TAG_BOOTLOADER, IMAGE_TAG_RCP_APP, IMAGE_TAG_HOST};

    cJSON_AddStringToObject(result, "kind", kinds[f->layout.kind]);
    cJSON_AddStringToObject(result, "rcp_version", f->version);
    cJSON_AddNumberToObject(result, "size", f->layout.total_size);
    cJSON_AddNumberToObject(result, "bundle_size", f->layout.bundle_size);
    cJSON_AddNumberToObject(result, "trailing_bytes", (double)f->trailing);
    cJSON_AddNumberToObject(result, "manifest_size", (double)f->manifest_size);
    if (f->manifest_size == 0)
        app_add_hex(result, "image_id", f->id, sizeof f->id);
    add_parts(f, result);
    for (size_t i = 0; i < sizeof firmware / sizeof firmware[0]; i++) {
        if (f->parts[firmware[i]].is_esp)
            add_firmware(cJSON_AddObjectToObject(result, imagefile_part_name(firmware[i])), &f->parts[firmware[i]]);
    }
}
