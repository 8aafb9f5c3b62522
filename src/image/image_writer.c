/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image_writer.h"

#include <string.h>

#include "base/bytes.h"
#include "image/image_header.h"

tdm_err image_writer_plan(enum image_kind kind, const uint32_t sizes[IMAGE_PARTS_MAX], struct image_layout *out,
                          struct tdm_fault *fault)
{
    uint32_t tags[IMAGE_PARTS_MAX];
    size_t count = image_kind_tags(kind, tags);

    *out = (struct image_layout){.kind = kind};
    for (size_t i = 0; i < count; i++)
        out->parts[i].size = sizes[tags[i]];
    return image_layout_finish(out, fault);
}

static void put_entry(struct bytes_writer *w, uint32_t tag, uint32_t size, uint32_t offset)
{
    bytes_put_le32(w, tag);
    bytes_put_le32(w, size);
    bytes_put_le32(w, offset);
}

tdm_err image_writer_table(const struct image_layout *layout, uint8_t *out, size_t cap, size_t *len)
{
    struct bytes_writer w = bytes_writer_on(out, cap);

    put_entry(&w, layout->kind == IMAGE_KIND_HOST ? IMAGE_LEAD_HOST : IMAGE_LEAD_RADIO, layout->header_size, 0);
    for (size_t i = 0; i < layout->part_count; i++)
        put_entry(&w, layout->parts[i].tag, layout->parts[i].size, layout->parts[i].offset);
    *len = w.pos;
    return w.ok ? TDM_OK : TDM_E_BOUNDS;
}

static tdm_err check_text(const struct image_front *front, size_t header_size, struct tdm_fault *fault)
{
    size_t at;
    const char *problem = image_kind_text_problem(front->kind, (const uint8_t *)front->text, front->text_len, &at);

    if (problem)
        return tdm_fault_set(fault, TDM_E_FORMAT, "bad_version_text", problem, header_size + at);
    if (front->kind == IMAGE_KIND_HOST && !front->manifest)
        return tdm_fault_set(fault, TDM_E_FORMAT, "bad_manifest", "no manifest in an image without radio parts",
                             header_size);
    return TDM_OK;
}

/* Do the manifest's blocks speak of the parts that this kind has? Its digests must then, by the manifest's own rules. */
static bool is_of_kind(const struct manifest *m, enum image_kind kind)
{
    return (m->radio.family != 0) == (kind != IMAGE_KIND_HOST) && (m->host.family != 0) == (kind != IMAGE_KIND_RADIO);
}

/* NUL and manifest, behind the text. */
static tdm_err put_manifest(const struct manifest *m, struct bytes_writer *w, struct tdm_fault *fault)
{
    struct tdm_fault inner;

    bytes_put_u8(w, 0);
    size_t len = w->ok ? w->cap - w->pos : 0;
    tdm_fault_clear(&inner);
    if (manifest_write(m, w->data + w->pos, &len, &inner) != TDM_OK)
        return tdm_fault_set(fault, inner.err, inner.code, inner.what, w->pos + inner.at);
    w->pos += len;
    return TDM_OK;
}

tdm_err image_writer_front(const struct image_front *front, uint8_t *out, size_t *len, struct image_layout *layout,
                           struct tdm_fault *fault)
{
    struct bytes_writer w = bytes_writer_on(out, *len);
    uint32_t tags[IMAGE_PARTS_MAX], sizes[IMAGE_PARTS_MAX];
    size_t part_count = image_kind_tags(front->kind, tags), header_size = IMAGE_ENTRY_LEN * (part_count + 1), table_len;

    *len = 0;
    if (check_text(front, header_size, fault) != TDM_OK)
        return fault->err;
    bytes_put_zeros(&w, header_size);
    bytes_put(&w, front->text, front->text_len);
    if (front->manifest && !is_of_kind(front->manifest, front->kind))
        return tdm_fault_set(fault, TDM_E_FORMAT, "bad_manifest", "manifest for other parts than the image has", w.pos);
    if (front->manifest && put_manifest(front->manifest, &w, fault) != TDM_OK)
        return fault->err;
    if (!w.ok)
        return tdm_fault_set(fault, TDM_E_NO_ROOM, "bad_header", "front larger than the room for it", w.cap);

    memcpy(sizes, front->sizes, sizeof sizes);
    sizes[IMAGE_TAG_VERSION] = (uint32_t)(w.pos - header_size);
    if (image_writer_plan(front->kind, sizes, layout, fault) != TDM_OK)
        return fault->err;
    *len = w.pos;
    return image_writer_table(layout, out, header_size, &table_len);
}
