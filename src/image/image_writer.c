/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image_writer.h"

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
