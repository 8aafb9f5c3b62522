/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_image: the image parser. Any split gives the same events; they come in order, without gap and within the layout;
 * an accepted table is what the writer makes of the same parts; a pair cut off before its host part is a whole bundle.
 */
#include <tandem/image.h>

#include "base/crc.h"
#include "fuzz.h"
#include "image/image_writer.h"

enum { RADIO, PAIR, HOST, MANIFEST };
const char *const fuzz_accepts[] = {
    [RADIO] = "a radio image", [PAIR] = "a pair", [HOST] = "a host image", [MANIFEST] = "one with a manifest", NULL};

struct watch {
    struct image_parser parser;
    bool has_header, has_version, has_manifest;
    struct image_layout layout;
    size_t ended; /* parts, part 0 not counted */
    uint32_t part_at, crc;
};

static void note(struct watch *w, const void *data, size_t len)
{
    w->crc = crc32_add(w->crc, data, len);
}

static tdm_err on_header(void *ctx, const struct image_layout *layout)
{
    struct watch *w = ctx;

    fuzz_must(!w->has_header && layout->part_count >= 2 && layout->part_count <= IMAGE_PARTS_MAX);
    w->has_header = true;
    w->layout = *layout;
    return TDM_OK;
}

static tdm_err on_version(void *ctx, const char *text, size_t len)
{
    struct watch *w = ctx;

    fuzz_must(w->has_header && !w->has_version && strlen(text) == len && len <= IMAGE_VERSION_MAX);
    w->has_version = true;
    note(w, text, len);
    return TDM_OK;
}

static tdm_err on_manifest(void *ctx, const uint8_t *bytes, size_t len)
{
    struct watch *w = ctx;

    fuzz_must(w->has_version && w->ended == 0 && len > 0 && len <= IMAGE_MANIFEST_MAX);
    w->has_manifest = true;
    note(w, bytes, len);
    return TDM_OK;
}

static tdm_err on_part_data(void *ctx, const struct image_part *part, uint32_t at, const uint8_t *data, size_t len)
{
    struct watch *w = ctx;

    fuzz_must(w->has_version && part->tag == w->layout.parts[w->ended + 1].tag);
    fuzz_must(len > 0 && at == w->part_at && len <= part->size - at);
    w->part_at += (uint32_t)len;
    note(w, data, len);
    return TDM_OK;
}

static tdm_err on_part_end(void *ctx, const struct image_part *part)
{
    struct watch *w = ctx;

    fuzz_must(w->part_at == part->size);
    w->part_at = 0;
    w->ended++;
    return TDM_OK;
}

static void push(void *ctx, const uint8_t *data, size_t len)
{
    struct watch *w = ctx;
    fuzz_told(image_push(&w->parser, data, len), &w->parser.fault);
}

static void parse(struct watch *w, const uint8_t *data, size_t size, uint32_t seed, bool is_bundle)
{
    static const struct image_events events = {on_header, on_version, on_manifest, on_part_data, on_part_end};

    memset(w, 0, sizeof *w);
    image_init(&w->parser, &events, w);
    fuzz_feed(data, size, seed, push, w);
    fuzz_told(is_bundle ? image_end_bundle(&w->parser) : image_end(&w->parser), &w->parser.fault);
}

static void write_again(const struct image_layout *layout, const uint8_t *data)
{
    uint32_t sizes[IMAGE_PARTS_MAX] = {0};
    uint8_t table[IMAGE_HEADER_MAX];
    struct image_layout again;
    struct tdm_fault fault;
    size_t len;

    for (size_t i = 0; i < layout->part_count; i++)
        sizes[layout->parts[i].tag] = layout->parts[i].size;
    tdm_fault_clear(&fault);
    fuzz_must(image_writer_plan(layout->kind, sizes, &again, &fault) == TDM_OK);
    fuzz_must(again.total_size == layout->total_size && again.bundle_size == layout->bundle_size);
    fuzz_must(image_writer_table(&again, table, sizeof table, &len) == TDM_OK);
    fuzz_must(len == layout->header_size && memcmp(table, data, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct watch whole, cut;

    if (size < 1)
        return 0;
    parse(&whole, data + 1, size - 1, 0, false);
    parse(&cut, data + 1, size - 1, data[0] + 1u, false);
    fuzz_same_fault(&whole.parser.fault, &cut.parser.fault);
    fuzz_must(whole.crc == cut.crc && whole.ended == cut.ended && whole.part_at == cut.part_at);
    if (whole.has_header)
        write_again(&whole.layout, data + 1);
    if (whole.parser.fault.err != TDM_OK)
        return 0;
    fuzz_must(whole.ended == whole.layout.part_count - 1 && whole.layout.total_size <= size - 1);
    if (whole.has_manifest)
        fuzz_accept(MANIFEST);
    if (whole.layout.kind != IMAGE_KIND_PAIR) {
        fuzz_accept(whole.layout.kind == IMAGE_KIND_HOST ? HOST : RADIO);
        return 0;
    }
    parse(&cut, data + 1, whole.layout.bundle_size, data[0] + 1u, true);
    fuzz_must(cut.parser.fault.err == TDM_OK);
    fuzz_accept(PAIR);
    return 0;
}
