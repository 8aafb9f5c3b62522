/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/judge_parts.h"

#include <string.h>

#include "base/bytes.h"
#include "image/esp_chip.h"

tdm_err judge_fail_part(struct judge *j, const struct image_part *part, tdm_err err, const char *code, const char *what,
                        uint64_t at)
{
    return tdm_fault_set(&j->fault, err, code, what, part->offset + at);
}

/* A checker's fault, moved from its part to the file. A file that ends early inside a whole image is a bad file. */
static tdm_err take_fault(struct judge *j, const struct image_part *part, const struct tdm_fault *f)
{
    bool is_short = f->err == TDM_E_TRUNCATED;
    return judge_fail_part(j, part, is_short ? TDM_E_FORMAT : f->err, is_short ? "bad_firmware" : f->code, f->what,
                           f->at);
}

/* The same while a part is still passing: with a manifest its digest has the first word, see judge_digest_end(). */
static tdm_err hold_fault(struct judge *j, const struct image_part *part, const struct tdm_fault *f)
{
    if (!j->verdict.has_manifest)
        return take_fault(j, part, f);
    judge_work(j)->late = *f;
    return TDM_OK;
}

/* ---- digests ---- */

static tdm_err no_digest(struct judge *j, const struct image_part *part, tdm_err err)
{
    return judge_fail_part(j, part, err, "hash_failed", "the digest failed", 0);
}

tdm_err judge_digest_push(struct judge *j, const struct image_part *part, uint32_t at, const uint8_t *data, size_t len)
{
    tdm_err err = TDM_OK;

    if (!j->verdict.has_manifest)
        return TDM_OK;
    if (at == 0)
        err = tdm_sha256_begin(&j->running, j->crypto);
    if (err == TDM_OK)
        err = tdm_sha256_update(&j->running, data, len);
    return err == TDM_OK ? TDM_OK : no_digest(j, part, err);
}

tdm_err judge_digest_end(struct judge *j, const struct image_part *part)
{
    size_t row = (size_t)(part - j->parser.layout.parts) - 1; /* part 0 has none */
    uint8_t digest[TDM_SHA256_LEN];

    if (!j->verdict.has_manifest)
        return TDM_OK;
    tdm_err err = tdm_sha256_end(&j->running, digest);
    if (err != TDM_OK)
        return no_digest(j, part, err);
    if (row >= j->verdict.manifest.digest_count)
        return judge_fail_part(j, part, TDM_E_BUG, "bug", "a part without a digest", 0);
    if (memcmp(digest, j->verdict.manifest.digests[row], sizeof digest) != 0)
        return judge_fail_part(j, part, TDM_E_CORRUPT, "bad_digest", "a part is not the one that the manifest states",
                               0);
    if (part->tag == IMAGE_TAG_HOST)
        memcpy(j->verdict.host_digest, digest, sizeof digest); /* the slot holds the part and nothing else */
    return TDM_OK;
}

/* ---- the radio's chip ---- */

/* Where the parts may lie: in the flash that the manifest demands, else in that of the radio that is there. */
static uint32_t flash_size(const struct judge *j)
{
    return j->verdict.has_manifest ? j->verdict.manifest.least_flash : j->facts.radio_flash_size;
}

static tdm_err check_layout(struct judge *j, const struct esp_chip *chip)
{
    const struct image_part *args = image_layout_part(&j->verdict.layout, IMAGE_TAG_FLASH_ARGS);
    struct tdm_fault f;

    if (args == NULL)
        return tdm_fault_set(&j->fault, TDM_E_BUG, "bug", "no flash arguments", 0);
    tdm_fault_clear(&f);
    tdm_err err =
        flash_args_check(&judge_work(j)->args, &j->verdict.layout, chip->bootloader_offset, flash_size(j), &f);
    return err == TDM_OK ? TDM_OK : take_fault(j, args, &f);
}

/* Offsets in a firmware file. */
#define CHIP_AT         12
#define REVISION_MIN_AT 15
#define REVISION_MAX_AT 17

static tdm_err unknown_chip(struct judge *j, const struct image_part *part, uint64_t at)
{
    return judge_fail_part(j, part, TDM_E_UNSUPPORTED, "unknown_chip", "made for a radio chip that is not known", at);
}

tdm_err judge_flash_args(struct judge *j, const struct image_part *part)
{
    struct tdm_fault f;

    tdm_fault_clear(&f);
    if (flash_args_read(j->flash_args, &judge_work(j)->args, &f) != TDM_OK)
        return take_fault(j, part, &f);
    if (!j->verdict.has_manifest)
        return TDM_OK; /* the bootloader will tell the chip */
    const struct esp_chip *chip = esp_chip_by_id(j->verdict.radio_chip);
    return chip != NULL ? check_layout(j, chip) : unknown_chip(j, part, 0);
}

/* ---- the chip in a firmware file ---- */

/* Check P2: the file is for what the manifest states, and for all of it. */
static tdm_err check_stated(struct judge *j, const struct image_part *part)
{
    const struct judge_work *w = judge_work(j);
    const struct manifest *m = &j->verdict.manifest;
    const struct manifest_side *side = part->tag == IMAGE_TAG_HOST ? &m->host : &m->radio;
    uint16_t revision_max = bytes_le16(w->head + REVISION_MAX_AT);

    if (w->head_len < sizeof w->head || w->head[0] != ESP_APP_MAGIC)
        return judge_fail_part(j, part, TDM_E_FORMAT, "wrong_chip_inside", "no ESP firmware where some is stated", 0);
    if (bytes_le16(w->head + CHIP_AT) != side->chip)
        return judge_fail_part(j, part, TDM_E_FORMAT, "wrong_chip_inside",
                               "a firmware is for another chip than the manifest states", CHIP_AT);
    if (part->tag == IMAGE_TAG_BOOTLOADER)
        return TDM_OK;
    if (side->revision_min < bytes_le16(w->head + REVISION_MIN_AT))
        return judge_fail_part(j, part, TDM_E_FORMAT, "wrong_chip_inside",
                               "a firmware demands a newer chip revision than the manifest states", REVISION_MIN_AT);
    if (revision_max != 0 && side->revision_max > revision_max)
        return judge_fail_part(j, part, TDM_E_FORMAT, "wrong_chip_inside",
                               "a firmware demands an older chip revision than the manifest states", REVISION_MAX_AT);
    return TDM_OK;
}

static tdm_err check_bootloader_chip(struct judge *j, const struct image_part *part, uint16_t id)
{
    const struct esp_chip *chip = esp_chip_by_id(id);

    if (chip == NULL)
        return unknown_chip(j, part, CHIP_AT);
    if (j->facts.radio_chip != JUDGE_CHIP_UNKNOWN && j->facts.radio_chip != id)
        return judge_fail_part(j, part, TDM_E_MISMATCH, "wrong_radio", "made for another radio chip", CHIP_AT);
    j->verdict.radio_chip = id;
    return check_layout(j, chip);
}

static tdm_err check_chip(struct judge *j, const struct image_part *part, uint16_t id)
{
    if (part->tag == IMAGE_TAG_BOOTLOADER)
        return check_bootloader_chip(j, part, id);
    if (part->tag == IMAGE_TAG_RCP_APP && id != j->verdict.radio_chip)
        return judge_fail_part(j, part, TDM_E_FORMAT, "wrong_chip_inside",
                               "bootloader and firmware are for different chips", CHIP_AT);
    if (part->tag == IMAGE_TAG_HOST)
        j->verdict.host_chip = id;
    return TDM_OK;
}

/* ---- firmware files: parts 2, 4 and 5 ---- */

static tdm_err push_firmware(struct judge *j, const struct image_part *part, const uint8_t *data, size_t len)
{
    struct judge_work *w = judge_work(j);
    size_t hashed;

    if (esp_app_push(&w->check.app, data, len, &hashed) != TDM_OK)
        return hold_fault(j, part, &w->check.app.fault);
    tdm_err err = tdm_sha256_update(&j->firmware, data, hashed);
    return err == TDM_OK ? TDM_OK : no_digest(j, part, err);
}

/* A manifest says what the host part is, and an opaque one is not looked into; a plain image leaves it to a guess. */
static bool is_esp_file(const struct judge *j, const struct image_part *part, const struct judge_work *w)
{
    if (part->tag != IMAGE_TAG_HOST)
        return true;
    return j->verdict.has_manifest ? j->verdict.manifest.host.family == MANIFEST_HOST_ESP
                                   : esp_app_is_likely(w->head, w->head_len);
}

static tdm_err begin_firmware(struct judge *j, const struct image_part *part)
{
    struct judge_work *w = judge_work(j);
    bool is_stated = j->verdict.has_manifest;

    w->is_esp = is_esp_file(j, part, w);
    if (!w->is_esp)
        return TDM_OK;
    if (is_stated && check_stated(j, part) != TDM_OK)
        return j->fault.err;
    if (part->tag == IMAGE_TAG_BOOTLOADER && w->head_len < sizeof w->head)
        return judge_fail_part(j, part, TDM_E_FORMAT, "bad_firmware", "firmware too short to name its chip", 0);
    esp_app_init(&w->check.app);
    tdm_err err = tdm_sha256_begin(&j->firmware, j->crypto);
    if (err != TDM_OK)
        return no_digest(j, part, err);
    err = push_firmware(j, part, w->head, w->head_len);
    if (err == TDM_OK && !is_stated && w->head_len == sizeof w->head)
        err = check_chip(j, part, w->check.app.info.chip_id);
    return err;
}

/* Texts of a firmware file may hold any bytes; what we hand on can be shown. */
static void copy_printable(char *to, const char *from, size_t cap)
{
    size_t i = 0;
    for (; i < cap - 1 && from[i] != '\0'; i++)
        to[i] = (char)(from[i] >= ' ' && from[i] <= '~' ? from[i] : '?');
    to[i] = '\0';
}

static void note_description(struct judge_verdict *v, const struct image_part *part, const struct esp_app_info *info)
{
    if (part->tag == IMAGE_TAG_RCP_APP)
        copy_printable(v->rcp_project, info->project, sizeof v->rcp_project);
    if (part->tag != IMAGE_TAG_HOST)
        return;
    v->host_is_esp = true;
    copy_printable(v->host_version, info->version, sizeof v->host_version);
    copy_printable(v->host_project, info->project, sizeof v->host_project);
}

static tdm_err end_firmware(struct judge *j, const struct image_part *part)
{
    struct judge_work *w = judge_work(j);
    const struct esp_app_info *info = &w->check.app.info;
    uint8_t digest[TDM_SHA256_LEN];

    if (!w->is_esp)
        return TDM_OK;
    if (esp_app_end(&w->check.app) != TDM_OK)
        return take_fault(j, part, &w->check.app.fault);
    tdm_err err = tdm_sha256_end(&j->firmware, digest);
    if (err != TDM_OK)
        return no_digest(j, part, err);
    if (info->has_digest && memcmp(digest, info->digest, sizeof digest) != 0)
        return judge_fail_part(j, part, TDM_E_CORRUPT, "bad_digest", "SHA-256 at the end of a firmware file is wrong",
                               info->image_size - ESP_APP_DIGEST_LEN);
    note_description(&j->verdict, part, info);
    return TDM_OK;
}

/* ---- partition table: part 3 ---- */

static tdm_err begin_table(struct judge *j, const struct image_part *part)
{
    struct judge_work *w = judge_work(j);
    uint32_t offset;

    tdm_err err = flash_args_offset(&w->args, IMAGE_TAG_RCP_APP, &offset);
    if (err != TDM_OK)
        return judge_fail_part(j, part, err, "bug", "no place for the firmware", 0);
    partition_table_init(&w->check.table, offset, j->facts.radio_flash_size);
    return TDM_OK;
}

static tdm_err end_table(struct judge *j, const struct image_part *part)
{
    struct partition_table *t = &judge_work(j)->check.table;
    const struct image_part *app = image_layout_part(&j->verdict.layout, IMAGE_TAG_RCP_APP);

    if (partition_table_end(t) != TDM_OK)
        return take_fault(j, part, &t->fault);
    if (!t->has_app)
        return judge_fail_part(j, part, TDM_E_FORMAT, "bad_partition_table",
                               "the partition table has no app where the firmware goes", 0);
    if (app == NULL || app->size > t->app.size)
        return judge_fail_part(j, part, TDM_E_FORMAT, "bad_partition_table",
                               "the firmware is larger than its partition", 0);
    j->verdict.radio_flash_end = t->end;
    return TDM_OK;
}

/* ---- by part ---- */

tdm_err judge_part_begin(struct judge *j, const struct image_part *part)
{
    tdm_fault_clear(&judge_work(j)->late);
    return part->tag == IMAGE_TAG_PARTITION_TABLE ? begin_table(j, part) : begin_firmware(j, part);
}

tdm_err judge_part_push(struct judge *j, const struct image_part *part, const uint8_t *data, size_t len)
{
    struct judge_work *w = judge_work(j);

    if (w->late.err != TDM_OK)
        return TDM_OK; /* what follows a fault says nothing more; only the digest still wants it */
    if (part->tag != IMAGE_TAG_PARTITION_TABLE)
        return w->is_esp ? push_firmware(j, part, data, len) : TDM_OK;
    return partition_table_push(&w->check.table, data, len) == TDM_OK ? TDM_OK
                                                                      : hold_fault(j, part, &w->check.table.fault);
}

tdm_err judge_part_end(struct judge *j, const struct image_part *part)
{
    const struct tdm_fault *late = &judge_work(j)->late;

    if (late->err != TDM_OK)
        return take_fault(j, part, late);
    return part->tag == IMAGE_TAG_PARTITION_TABLE ? end_table(j, part) : end_firmware(j, part);
}
