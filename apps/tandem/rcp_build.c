/* SPDX-License-Identifier: Apache-2.0 */
#include "rcp_build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/esp_chip.h"
#include "image/image_header.h"
#include "image/image_writer.h"
#include "image/partition_table.h"

#define TEXT_FILE_MAX  65536u
#define RADIO_FILE_MAX FLASH_ARGS_SIZE_MAX
#define HOST_FILE_MAX  UINT32_MAX

/* Sentences begin with the file, as compilers' do. */
static tdm_err problem(struct rcp_build *b, tdm_err err, const char *code, const char *sentence, ...)
    __attribute__((format(printf, 4, 5)));

static tdm_err problem(struct rcp_build *b, tdm_err err, const char *code, const char *sentence, ...)
{
    va_list args;

    va_start(args, sentence);
    (void)vsnprintf(b->problem.sentence, sizeof b->problem.sentence, sentence, args);
    va_end(args);
    b->problem.err = err;
    b->problem.code = code;
    return err;
}

static tdm_err problem_in_file(struct rcp_build *b, const char *path, const struct tdm_fault *f, const char *advice)
{
    return problem(b, f->err, f->code, "%s: %s (offset %llu); %s", path, f->what, (unsigned long long)f->at, advice);
}

static tdm_err problem_in_line(struct rcp_build *b, uint64_t line, const char *what, const char *advice)
{
    return problem(b, TDM_E_FORMAT, "bad_flash_args", "%s:%llu: %s; %s", b->flash_args_path, (unsigned long long)line,
                   what, advice);
}

static tdm_err set_path(struct rcp_build *b, char out[FILEWORK_PATH_MAX], const char *dir, const char *name,
                        size_t name_len)
{
    int n = snprintf(out, FILEWORK_PATH_MAX, "%s/%.*s", dir, (int)name_len, name);

    if (n < 0 || n >= FILEWORK_PATH_MAX)
        return problem(b, TDM_E_NO_ROOM, "too_large", "%.200s...: path too long; move the build directory", dir);
    return TDM_OK;
}

static tdm_err read_file(struct rcp_build *b, const char *path, size_t limit, uint8_t **data, size_t *len,
                         const char *advice)
{
    struct tdm_fault fault;

    tdm_fault_clear(&fault);
    if (filework_read(path, limit, data, len, &fault) != TDM_OK)
        return problem(b, fault.err, fault.code, "%s: %s; %s", path, fault.what, advice);
    return TDM_OK;
}

static tdm_err load_flash_args(struct rcp_build *b, const char *dir)
{
    struct tdm_fault fault;
    size_t len;

    tdm_fault_clear(&fault);
    if (set_path(b, b->flash_args_path, dir, "flash_args", 10) != TDM_OK ||
        read_file(b, b->flash_args_path, TEXT_FILE_MAX, &b->flash_args_file, &len,
                  "name the build directory of the RCP project, and build it first") != TDM_OK)
        return b->problem.err;
    if (flash_args_text_read((const char *)b->flash_args_file, len, &b->text, &fault) != TDM_OK)
        return problem_in_line(b, fault.at, fault.what,
                               "an image holds exactly bootloader, partition table and RCP firmware");
    flash_args_text_records(&b->text, &b->args);
    b->parts[IMAGE_TAG_FLASH_ARGS].data = malloc(IMAGE_FLASH_ARGS_LEN);
    if (!b->parts[IMAGE_TAG_FLASH_ARGS].data)
        return problem(b, TDM_E_NO_ROOM, "no_room", "out of memory");
    b->parts[IMAGE_TAG_FLASH_ARGS].len = IMAGE_FLASH_ARGS_LEN;
    flash_args_write(&b->args, b->parts[IMAGE_TAG_FLASH_ARGS].data);
    return TDM_OK;
}

static tdm_err load_version(struct rcp_build *b, const char *dir)
{
    static const char advice[] = "it must hold what the radio answers as its version, nothing more: configure the RCP "
                                 "project again";
    struct rcp_build_part *part = &b->parts[IMAGE_TAG_VERSION];
    const char *what;
    size_t at;

    if (set_path(b, part->path, dir, "rcp_version", 11) != TDM_OK ||
        read_file(b, part->path, TEXT_FILE_MAX, &part->data, &part->len,
                  "the RCP project writes it when it is configured") != TDM_OK)
        return b->problem.err;
    what = image_text_problem(part->data, part->len, &at);
    if (what)
        return problem(b, TDM_E_FORMAT, "bad_version_text", "%s:1: %s (byte %zu); %s", part->path, what, at + 1,
                       advice);
    return TDM_OK;
}

/* The file as the format's checker and its digest see it. */
static tdm_err check_esp(struct rcp_build *b, struct rcp_build_part *part, struct tdm_crypto *crypto)
{
    static const char advice[] = "build it again";
    struct tdm_sha256 sha = {0};
    uint8_t digest[TDM_SHA256_LEN];
    struct esp_app app;
    size_t hashed;

    esp_app_init(&app);
    if (esp_app_push(&app, part->data, part->len, &hashed) != TDM_OK || esp_app_end(&app) != TDM_OK)
        return problem_in_file(b, part->path, &app.fault, advice);
    part->is_esp = true;
    part->esp = app.info;
    if (!app.info.has_digest)
        return TDM_OK;
    if (tdm_sha256_begin(&sha, crypto) != TDM_OK)
        return problem(b, TDM_E_IO, "crypto", "the digest library does not work");
    tdm_err err = tdm_sha256_update(&sha, part->data, hashed);
    tdm_err ended = tdm_sha256_end(&sha, digest);
    if (err != TDM_OK || ended != TDM_OK)
        return problem(b, TDM_E_IO, "crypto", "the digest library does not work");
    if (memcmp(digest, app.info.digest, sizeof digest) != 0)
        return problem(b, TDM_E_CORRUPT, "bad_digest", "%s: SHA-256 at its end does not fit its contents; %s",
                       part->path, advice);
    return TDM_OK;
}

/* One of the three files that flash_args names. */
static tdm_err load_radio_file(struct rcp_build *b, const char *dir, const struct flash_args_file *file)
{
    struct rcp_build_part *part = &b->parts[file->tag];
    struct tdm_fault fault;

    tdm_fault_clear(&fault);
    if (set_path(b, part->path, dir, file->path, file->path_len) != TDM_OK)
        return b->problem.err;
    if (filework_read(part->path, RADIO_FILE_MAX, &part->data, &part->len, &fault) != TDM_OK)
        return problem(b, fault.err, fault.code, "%s:%u: %s: %s; build the RCP project first", b->flash_args_path,
                       (unsigned)file->line, part->path, fault.what);
    if (part->len == 0 || part->len % 4 != 0)
        return problem(b, TDM_E_FORMAT, "bad_size",
                       "%s: %zu bytes, which is not a multiple of 4 above 0 as the radio's flash wants it; build it "
                       "again",
                       part->path, part->len);
    return TDM_OK;
}

static tdm_err load_radio_files(struct rcp_build *b, const char *dir, struct tdm_crypto *crypto)
{
    for (size_t i = 0; i < FLASH_ARGS_RECORDS; i++) {
        const struct flash_args_file *file = &b->text.files[i];
        if (load_radio_file(b, dir, file) != TDM_OK)
            return b->problem.err;
        if (file->tag != IMAGE_TAG_PARTITION_TABLE && check_esp(b, &b->parts[file->tag], crypto) != TDM_OK)
            return b->problem.err;
    }
    return TDM_OK;
}

static tdm_err load_host(struct rcp_build *b, const char *host_file, struct tdm_crypto *crypto)
{
    struct rcp_build_part *part = &b->parts[IMAGE_TAG_HOST];

    if ((size_t)snprintf(part->path, sizeof part->path, "%s", host_file) >= sizeof part->path)
        return problem(b, TDM_E_NO_ROOM, "too_large", "%.200s...: path too long", host_file);
    if (read_file(b, part->path, HOST_FILE_MAX, &part->data, &part->len, "name the border router's firmware file") !=
        TDM_OK)
        return b->problem.err;
    if (part->len == 0)
        return problem(b, TDM_E_FORMAT, "bad_size", "%s: empty; name the border router's firmware file", part->path);
    return esp_app_is_likely(part->data, part->len) ? check_esp(b, part, crypto) : TDM_OK;
}

static tdm_err check_chips(struct rcp_build *b, const struct esp_chip **chip)
{
    const struct rcp_build_part *boot = &b->parts[IMAGE_TAG_BOOTLOADER], *app = &b->parts[IMAGE_TAG_RCP_APP];
    const struct esp_chip *boot_chip = esp_chip_by_id(boot->esp.chip_id), *app_chip = esp_chip_by_id(app->esp.chip_id);

    *chip = app_chip;
    if (boot->esp.chip_id != app->esp.chip_id)
        return problem(b, TDM_E_MISMATCH, "wrong_chip_inside",
                       "%s is for %s, %s is for %s; build both for one chip, in an empty build directory", boot->path,
                       boot_chip ? boot_chip->name : "an unknown chip", app->path,
                       app_chip ? app_chip->name : "an unknown chip");
    if (!app_chip)
        return problem(b, TDM_E_UNSUPPORTED, "unknown_chip", "%s: for a chip that is not known (id %u)", app->path,
                       (unsigned)app->esp.chip_id);
    return TDM_OK;
}

static tdm_err check_places(struct rcp_build *b, const struct esp_chip *chip, uint32_t flash_size)
{
    struct tdm_fault fault;

    tdm_fault_clear(&fault);
    if (flash_args_check(&b->args, &b->layout, chip->bootloader_offset, flash_size, &fault) != TDM_OK) {
        const struct flash_args_file *file = &b->text.files[fault.at / FLASH_ARGS_RECORD_LEN];
        return problem(b, fault.err, fault.code, "%s:%u: %s (%.*s at 0x%x, %s); correct the RCP project's flash layout",
                       b->flash_args_path, (unsigned)file->line, fault.what, (int)file->path_len, file->path,
                       (unsigned)file->offset, chip->name);
    }
    return TDM_OK;
}

static tdm_err check_partitions(struct rcp_build *b, uint32_t flash_size)
{
    const struct rcp_build_part *table = &b->parts[IMAGE_TAG_PARTITION_TABLE], *app = &b->parts[IMAGE_TAG_RCP_APP];
    const struct flash_args_file *file = flash_args_text_file(&b->text, IMAGE_TAG_RCP_APP);
    struct partition_table t;

    partition_table_init(&t, file->offset, flash_size);
    if (partition_table_push(&t, table->data, table->len) != TDM_OK || partition_table_end(&t) != TDM_OK)
        return problem_in_file(b, table->path, &t.fault, "build it again");
    if (!t.has_app)
        return problem(b, TDM_E_MISMATCH, "no_app_partition",
                       "%s: no app partition begins at 0x%x, where %s:%u puts the firmware; correct the RCP project's "
                       "partition table",
                       table->path, (unsigned)file->offset, b->flash_args_path, (unsigned)file->line);
    if (app->len > t.app.size)
        return problem(b, TDM_E_NO_ROOM, "app_too_large",
                       "%s: %zu bytes, but its partition in %s has %u; make the partition larger", app->path, app->len,
                       table->path, (unsigned)t.app.size);
    return TDM_OK;
}

static tdm_err plan(struct rcp_build *b, enum image_kind kind)
{
    uint32_t sizes[IMAGE_PARTS_MAX];
    struct tdm_fault fault;

    tdm_fault_clear(&fault);
    for (size_t i = 0; i < IMAGE_PARTS_MAX; i++)
        sizes[i] = (uint32_t)b->parts[i].len; /* each file was read with a limit below 4 GiB */
    if (image_writer_plan(kind, sizes, &b->layout, &fault) != TDM_OK)
        return problem(b, fault.err, fault.code, "%s: %s", b->parts[kind == IMAGE_KIND_HOST ? IMAGE_TAG_HOST : 0].path,
                       fault.what);
    return TDM_OK;
}

static tdm_err load_radio(struct rcp_build *b, const char *dir, struct tdm_crypto *crypto)
{
    if (load_flash_args(b, dir) != TDM_OK || load_version(b, dir) != TDM_OK)
        return b->problem.err;
    return load_radio_files(b, dir, crypto);
}

tdm_err rcp_build_check_flash(struct rcp_build *b, uint32_t flash_size)
{
    const struct esp_chip *chip;

    if (check_chips(b, &chip) != TDM_OK || check_places(b, chip, flash_size) != TDM_OK)
        return b->problem.err;
    return check_partitions(b, flash_size);
}

tdm_err rcp_build_load(struct rcp_build *b, const char *dir, const char *host_file, struct tdm_crypto *crypto)
{
    *b = (struct rcp_build){0};
    if ((dir && load_radio(b, dir, crypto) != TDM_OK) || (host_file && load_host(b, host_file, crypto) != TDM_OK))
        return b->problem.err;
    if (!dir) {
        b->layout =
            (struct image_layout){.kind = IMAGE_KIND_HOST, .part_count = 2, .parts[1] = {.tag = IMAGE_TAG_HOST}};
        return TDM_OK;
    }
    if (plan(b, host_file ? IMAGE_KIND_PAIR : IMAGE_KIND_RADIO) != TDM_OK ||
        rcp_build_check_flash(b, b->text.flash_size) != TDM_OK)
        return b->problem.err;
    const struct rcp_build_part *app = &b->parts[IMAGE_TAG_RCP_APP], *text = &b->parts[IMAGE_TAG_VERSION];
    b->has_version_inside = memmem(app->data, app->len, text->data, text->len) != NULL;
    return TDM_OK;
}

static tdm_err write_from(const struct rcp_build *b, size_t first, struct tdm_sink *into)
{
    tdm_err err = TDM_OK;

    for (size_t i = first; i < b->layout.part_count && err == TDM_OK; i++) {
        const struct rcp_build_part *part = &b->parts[b->layout.parts[i].tag];
        err = tdm_sink_push(into, part->data, part->len);
    }
    return err;
}

tdm_err rcp_build_write_parts(const struct rcp_build *b, struct tdm_sink *into)
{
    return write_from(b, 1, into);
}

tdm_err rcp_build_write(const struct rcp_build *b, struct tdm_sink *into)
{
    uint8_t table[IMAGE_HEADER_MAX];
    size_t len;
    tdm_err err = image_writer_table(&b->layout, table, sizeof table, &len);

    if (err == TDM_OK)
        err = tdm_sink_push(into, table, len);
    return err == TDM_OK ? write_from(b, 0, into) : err;
}

void rcp_build_free(struct rcp_build *b)
{
    for (size_t i = 0; i < IMAGE_PARTS_MAX; i++)
        free(b->parts[i].data);
    free(b->flash_args_file);
    *b = (struct rcp_build){0};
}
