/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image_header.h"

#include <tandem/manifest.h>

#include "base/bytes.h"

static const struct kind_row {
    enum image_kind kind;
    uint32_t lead, header_size;
    size_t part_count;
    uint32_t tags[IMAGE_PARTS_MAX];
} kind_rows[] = {
    {IMAGE_KIND_RADIO, IMAGE_LEAD_RADIO, 72, 5, {0, 1, 2, 3, 4}},
    {IMAGE_KIND_PAIR, IMAGE_LEAD_RADIO, 84, 6, {0, 1, 2, 3, 4, 5}},
    {IMAGE_KIND_HOST, IMAGE_LEAD_HOST, 36, 2, {0, 5}},
};

#define KIND_ROWS (sizeof kind_rows / sizeof kind_rows[0])

static const struct kind_row *row_of_kind(enum image_kind kind)
{
    for (size_t i = 0; i < KIND_ROWS; i++) {
        if (kind_rows[i].kind == kind)
            return &kind_rows[i];
    }
    return NULL;
}

static const struct kind_row *row_of_lead(uint32_t lead, uint32_t size)
{
    for (size_t i = 0; i < KIND_ROWS; i++) {
        if (kind_rows[i].lead == lead && kind_rows[i].header_size == size)
            return &kind_rows[i];
    }
    return NULL;
}

const struct image_part *image_layout_part(const struct image_layout *l, uint32_t tag)
{
    for (size_t i = 0; i < l->part_count; i++) {
        if (l->parts[i].tag == tag)
            return &l->parts[i];
    }
    return NULL;
}

uint32_t image_signed_size(const struct image_layout *l, uint8_t cell_count)
{
    uint32_t front = l->header_size + l->parts[0].size, cells = (uint32_t)MANIFEST_CELL_LEN * cell_count;
    return front > cells ? front - cells : 0;
}

size_t image_kind_tags(enum image_kind kind, uint32_t tags[IMAGE_PARTS_MAX])
{
    const struct kind_row *row = row_of_kind(kind);
    if (!row)
        return 0;
    for (size_t i = 0; i < row->part_count; i++)
        tags[i] = row->tags[i];
    return row->part_count;
}

static bool is_later_host_table(uint32_t size)
{
    return size >= IMAGE_LEAD_HOST_SIZE_MIN && size <= IMAGE_LEAD_HOST_SIZE_MAX && size % IMAGE_ENTRY_LEN == 0;
}

tdm_err image_header_begin(const uint8_t *entry, struct image_layout *out, struct tdm_fault *fault)
{
    uint32_t lead = bytes_le32(entry), size = bytes_le32(entry + 4), offset = bytes_le32(entry + 8);
    const struct kind_row *row = row_of_lead(lead, size);

    *out = (struct image_layout){0};
    if (lead != IMAGE_LEAD_RADIO && lead != IMAGE_LEAD_HOST)
        return tdm_fault_set(fault, TDM_E_FORMAT, "not_image", "does not begin as an OTA image does", 0);
    if (offset != 0)
        return tdm_fault_set(fault, TDM_E_FORMAT, "not_image", "header table not at offset 0", 8);
    if (!row && lead == IMAGE_LEAD_HOST && is_later_host_table(size))
        return tdm_fault_set(fault, TDM_E_TOO_NEW, "too_new", "header table of a later format", 4);
    if (!row)
        return tdm_fault_set(fault, TDM_E_FORMAT, "not_image", "header table of a size that no OTA image has", 4);
    out->kind = row->kind;
    out->header_size = row->header_size;
    out->part_count = row->part_count;
    return TDM_OK;
}

/* A rule about one part's size, or NULL when the size is fine. */
static const char *size_problem(const struct image_layout *l, const struct image_part *part)
{
    if (part->size == 0)
        return "part of 0 bytes";
    switch (part->tag) {
    case IMAGE_TAG_VERSION:
        return part->size > IMAGE_FRONT_MAX - l->header_size ? "header and part 0 longer than 4096 bytes" : NULL;
    case IMAGE_TAG_FLASH_ARGS:
        return part->size != IMAGE_FLASH_ARGS_LEN ? "flash arguments not 24 bytes" : NULL;
    case IMAGE_TAG_BOOTLOADER:
    case IMAGE_TAG_PARTITION_TABLE:
    case IMAGE_TAG_RCP_APP:
        return part->size % 4 != 0 ? "radio part whose size is not a multiple of 4" : NULL;
    default:
        return NULL;
    }
}

static uint64_t entry_at(size_t part)
{
    return (part + 1) * IMAGE_ENTRY_LEN;
}

static tdm_err check_sizes(const struct image_layout *l, struct tdm_fault *fault)
{
    for (size_t i = 0; i < l->part_count; i++) {
        const char *problem = size_problem(l, &l->parts[i]);
        if (problem)
            return tdm_fault_set(fault, TDM_E_FORMAT, "bad_header", problem, entry_at(i) + 4);
    }
    return TDM_OK;
}

static void set_totals(struct image_layout *l)
{
    const struct image_part *last = &l->parts[l->part_count - 1];
    const struct image_part *host = image_layout_part(l, IMAGE_TAG_HOST);

    l->total_size = last->offset + last->size;
    l->host_size = host ? host->size : 0;
    l->bundle_size = l->kind == IMAGE_KIND_HOST ? 0 : l->total_size - l->host_size;
}

/* Each part right behind the one before it. */
static tdm_err set_offsets(struct image_layout *l, struct tdm_fault *fault)
{
    uint64_t offset = l->header_size;

    for (size_t i = 0; i < l->part_count; i++) {
        l->parts[i].offset = (uint32_t)offset;
        offset += l->parts[i].size;
        if (offset > UINT32_MAX)
            return tdm_fault_set(fault, TDM_E_FORMAT, "bad_header", "image of 4 GiB or more", entry_at(i) + 4);
    }
    return TDM_OK;
}

tdm_err image_header_read(const uint8_t *table, struct image_layout *layout, struct tdm_fault *fault)
{
    struct bytes_reader r = bytes_reader_on(table, layout->header_size);
    const struct kind_row *row = row_of_kind(layout->kind);
    uint32_t stated[IMAGE_PARTS_MAX] = {0};

    bytes_skip(&r, IMAGE_ENTRY_LEN);
    for (size_t i = 0; i < layout->part_count; i++) {
        layout->parts[i].tag = bytes_get_le32(&r);
        layout->parts[i].size = bytes_get_le32(&r);
        stated[i] = bytes_get_le32(&r);
    }
    if (!row || !r.ok)
        return tdm_fault_set(fault, TDM_E_BUG, "bad_header", "table read before its first entry", 0);
    for (size_t i = 0; i < layout->part_count; i++) {
        if (layout->parts[i].tag != row->tags[i])
            return tdm_fault_set(fault, TDM_E_FORMAT, "bad_header", "unknown, missing, doubled or misplaced part",
                                 entry_at(i));
    }
    if (set_offsets(layout, fault) != TDM_OK)
        return fault->err;
    for (size_t i = 0; i < layout->part_count; i++) {
        if (layout->parts[i].offset != stated[i])
            return tdm_fault_set(fault, TDM_E_FORMAT, "bad_header", "part not right behind the one before it",
                                 entry_at(i) + 8);
    }
    if (check_sizes(layout, fault) != TDM_OK)
        return fault->err;
    set_totals(layout);
    return TDM_OK;
}

tdm_err image_layout_finish(struct image_layout *layout, struct tdm_fault *fault)
{
    const struct kind_row *row = row_of_kind(layout->kind);

    if (!row)
        return tdm_fault_set(fault, TDM_E_BUG, "bad_header", "image of no known kind", 0);
    layout->header_size = row->header_size;
    layout->part_count = row->part_count;
    for (size_t i = 0; i < row->part_count; i++)
        layout->parts[i].tag = row->tags[i];
    if (set_offsets(layout, fault) != TDM_OK || check_sizes(layout, fault) != TDM_OK)
        return fault->err;
    set_totals(layout);
    return TDM_OK;
}

const char *image_text_problem(const uint8_t *text, size_t len, size_t *at)
{
    *at = 0;
    if (len == 0)
        return "version text empty";
    for (size_t i = 0; i < len && i <= IMAGE_VERSION_MAX; i++) {
        *at = i;
        if (text[i] < 0x20 || text[i] > 0x7e)
            return text[i] == '\n' || text[i] == '\r' ? "version text with a line end in it"
                                                      : "version text with a byte that is not printable ASCII";
    }
    if (len > IMAGE_VERSION_MAX)
        return "version text longer than 99 bytes";
    *at = 0;
    if (text[0] == ' ')
        return "version text begins with a space";
    *at = len - 1;
    return text[len - 1] == ' ' ? "version text ends with a space" : NULL;
}

const char *image_kind_text_problem(enum image_kind kind, const uint8_t *text, size_t len, size_t *at)
{
    if (kind != IMAGE_KIND_HOST)
        return image_text_problem(text, len, at);
    *at = 0;
    return len > 0 ? "version text in an image without radio parts" : NULL;
}
