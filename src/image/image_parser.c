/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <tandem/manifest.h>

#include "image/image_format.h"
#include "image/image_header.h"

/* A NUL that ends the version text stands among so many bytes, or there is none. */
#define TEXT_WINDOW (IMAGE_VERSION_MAX + 1u)

struct image_state_row {
    size_t (*eat)(struct image_parser *p, const uint8_t *data, size_t len);
};

static void fail(struct image_parser *p, tdm_err err, const char *code, const char *what, uint64_t at)
{
    (void)tdm_fault_set(&p->fault, err, code, what, at); /* eaters answer bytes; image_push() looks at the fault */
}

static bool told(struct image_parser *p, tdm_err err)
{
    if (err != TDM_OK)
        fail(p, err, "stopped", "the receiver of the image stopped", p->at);
    return err == TDM_OK;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Take bytes into the front buffer until it holds `target`. */
static size_t gather(struct image_parser *p, const uint8_t *data, size_t len, size_t target)
{
    size_t n = least(len, target - p->front_len);
    memcpy(p->front + p->front_len, data, n);
    p->front_len += n;
    return n;
}

static void begin_part_0(struct image_parser *p)
{
    p->state = IMAGE_PART_0;
    p->front_len = 0;
    (void)told(p, p->events->on_header(p->ctx, &p->layout));
}

/* The first entry says how long the table is; so it is judged before the rest is waited for. */
static size_t eat_header(struct image_parser *p, const uint8_t *data, size_t len)
{
    bool is_first = p->front_len < IMAGE_ENTRY_LEN;
    size_t target = is_first ? IMAGE_ENTRY_LEN : p->layout.header_size;
    size_t used = gather(p, data, len, target);
    tdm_err err;

    if (p->front_len < target)
        return used;
    err = is_first ? image_header_begin(p->front, &p->layout, &p->fault)
                   : image_header_read(p->front, &p->layout, &p->fault);
    if (err == TDM_OK && !is_first)
        begin_part_0(p);
    return used;
}

/* Bytes of version text in the front buffer; no NUL: all of it. */
static size_t text_length(const struct image_parser *p)
{
    const uint8_t *nul = memchr(p->front, 0, least(p->front_len, TEXT_WINDOW));
    return nul ? (size_t)(nul - p->front) : p->front_len;
}

/* Called when the window is full: the text, and whether what stands behind it can be a manifest at all. */
static void check_text(struct image_parser *p)
{
    size_t len = text_length(p), at, digests = p->layout.part_count - 1;
    size_t least_manifest = MANIFEST_FIXED_LEN + MANIFEST_DIGEST_LEN * digests + MANIFEST_CELL_LEN;
    const char *problem = image_kind_text_problem(p->layout.kind, p->front, len, &at);

    if (problem)
        fail(p, TDM_E_FORMAT, "bad_version_text", problem, p->layout.header_size + at);
    else if (len < p->front_len && p->layout.parts[0].size - len - 1 < least_manifest)
        fail(p, TDM_E_FORMAT, "bad_manifest", "too few bytes behind the version text for a manifest",
             p->layout.header_size + len + 1);
}

static void tell_part_0(struct image_parser *p)
{
    size_t text_len = text_length(p), size = p->front_len;

    if (text_len == size)
        p->front[size] = 0; /* there is room: a text without NUL has at most 99 bytes */
    if (!told(p, p->events->on_version(p->ctx, (const char *)p->front, text_len)))
        return;
    p->has_manifest = text_len < size;
    if (p->has_manifest)
        (void)told(p, p->events->on_manifest(p->ctx, p->front + text_len + 1, size - text_len - 1));
}

/* The text is judged as soon as its window is there; a wrong one is not waited for to its end. */
static size_t eat_part_0(struct image_parser *p, const uint8_t *data, size_t len)
{
    size_t size = p->layout.parts[0].size, window = least(size, TEXT_WINDOW);
    size_t target = p->front_len < window ? window : size;
    size_t used = gather(p, data, len, target);

    if (target == window && p->front_len == window)
        check_text(p);
    if (p->front_len < size || p->fault.err != TDM_OK)
        return used;
    p->state = IMAGE_PART;
    p->part = 1;
    p->part_at = 0;
    tell_part_0(p);
    return used;
}

static size_t eat_part(struct image_parser *p, const uint8_t *data, size_t len)
{
    const struct image_part *part = &p->layout.parts[p->part];
    size_t n = least(len, part->size - p->part_at);

    if (!told(p, p->events->on_part_data(p->ctx, part, p->part_at, data, n)))
        return n;
    p->part_at += (uint32_t)n;
    if (p->part_at < part->size)
        return n;
    p->part++;
    p->part_at = 0;
    if (p->part == p->layout.part_count)
        p->state = IMAGE_TRAILER;
    (void)told(p, p->events->on_part_end(p->ctx, part));
    return n;
}

static size_t eat_trailer(struct image_parser *p, const uint8_t *data, size_t len)
{
    (void)data;
    if (p->layout.kind != IMAGE_KIND_RADIO || p->has_manifest)
        fail(p, TDM_E_FORMAT, "trailing_bytes", "bytes behind the last part", p->layout.total_size);
    else
        p->trailing += len;
    return len;
}

static const struct image_state_row image_states[IMAGE_STATES] = {
    [IMAGE_HEADER] = {eat_header},
    [IMAGE_PART_0] = {eat_part_0},
    [IMAGE_PART] = {eat_part},
    [IMAGE_TRAILER] = {eat_trailer},
};

void image_init(struct image_parser *p, const struct image_events *events, void *ctx)
{
    *p = (struct image_parser){.events = events, .ctx = ctx, .state = IMAGE_HEADER};
    tdm_fault_clear(&p->fault);
}

tdm_err image_push(struct image_parser *p, const uint8_t *data, size_t len)
{
    while (len > 0 && p->fault.err == TDM_OK) {
        size_t used = image_states[p->state].eat(p, data, len);
        if (used == 0)
            return tdm_fault_set(&p->fault, TDM_E_BUG, "stuck", "a state made no progress", p->at);
        p->at += used;
        data += used;
        len -= used;
    }
    return p->fault.err;
}

tdm_err image_end(struct image_parser *p)
{
    if (p->fault.err == TDM_OK && p->state != IMAGE_TRAILER)
        fail(p, TDM_E_TRUNCATED, "truncated", "ends before its last part does", p->at);
    return p->fault.err;
}

tdm_err image_end_bundle(struct image_parser *p)
{
    bool is_bundle = p->state == IMAGE_PART && p->layout.bundle_size > 0 && p->at == p->layout.bundle_size;
    if (p->fault.err == TDM_OK && is_bundle)
        return TDM_OK;
    return image_end(p);
}
