/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install_spans.h"

#include <string.h>

#include "image/image_format.h"
#include "image/image_header.h"
#include "install/install_digest.h"

uint64_t install_host_at(const struct image_layout *layout)
{
    return layout->total_size - layout->host_size;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- what this download has left in the slots ---- */

static struct install_span kept_span(const struct install *in, uint64_t at)
{
    uint64_t host_at = install_host_at(&in->judge.verdict.layout);

    if (at < host_at)
        return (struct install_span){in->cfg.rcp_slots[in->plan.rcp], at, least(in->kept, host_at), true};
    return (struct install_span){in->cfg.host->slots[in->plan.host], at - host_at, in->kept, true};
}

/* ---- all together ---- */

struct install_span install_span_at(const struct install *in, uint64_t at)
{
    struct install_span span = {.end = in->total};

    if (at < in->kept)
        return kept_span(in, at);
    for (size_t i = 0; i < INSTALL_COPIES; i++) {
        const struct install_copy *c = &in->copies[i];
        if (at >= c->from && at < c->to)
            return (struct install_span){c->flash, c->at + (at - c->from), c->to, false};
        if (at < c->from && c->from < c->to)
            span.end = least(span.end, c->from);
    }
    return span;
}

bool install_rest_is_here(const struct install *in, uint64_t at)
{
    while (at < in->total) {
        struct install_span span = install_span_at(in, at);
        if (span.flash == NULL)
            return false;
        at = span.end;
    }
    return true;
}

/* ---- what the running pair has of it ---- */

/* Of a part of the image: the digest that its manifest states. */
static const uint8_t *stated_digest(const struct judge_verdict *front, size_t part)
{
    return part > 0 && part <= front->manifest.digest_count ? front->manifest.digests[part - 1] : NULL;
}

static bool is_there(const struct install *in, struct tdm_flash *flash, uint64_t at, uint64_t len,
                     const uint8_t *stated)
{
    uint8_t digest[TDM_SHA256_LEN];

    return stated != NULL && len <= flash->size && at <= flash->size - len &&
           install_digest_of(in, flash, at, at + len, digest) == TDM_OK && memcmp(digest, stated, sizeof digest) == 0;
}

static bool read_layout(struct tdm_flash *flash, struct image_layout *out)
{
    uint8_t table[IMAGE_HEADER_MAX];
    struct tdm_fault f;

    tdm_fault_clear(&f);
    return tdm_flash_read(flash, 0, table, sizeof table) == TDM_OK && image_header_begin(table, out, &f) == TDM_OK &&
           image_header_read(table, out, &f) == TDM_OK && out->bundle_size > 0;
}

/* The parts behind part 0 lie one behind the other in both, so one stretch serves for all. */
static void find_bundle(struct install *in, const struct judge_verdict *front, struct install_copy *out)
{
    const struct image_layout *l = &front->layout;
    uint8_t rcp = in->record.host[in->plan.running].rcp;
    struct image_layout stored;

    if (l->bundle_size == 0 || rcp >= SLOT_RCP_SLOTS || in->record.rcp[rcp].state != SLOT_GOOD ||
        in->kept >= l->bundle_size || !read_layout(in->cfg.rcp_slots[rcp], &stored))
        return;
    for (size_t i = 1; i < l->part_count && l->parts[i].tag != IMAGE_TAG_HOST; i++) {
        if (stored.parts[i].size != l->parts[i].size || !is_there(in, in->cfg.rcp_slots[rcp], stored.parts[i].offset,
                                                                  stored.parts[i].size, stated_digest(front, i)))
            return;
    }
    *out = (struct install_copy){in->cfg.rcp_slots[rcp], l->parts[1].offset, l->bundle_size, stored.parts[1].offset};
}

/* A running host may have changed under its own feet: what the record says of it only tells whether looking is worth it. */
static void find_host(struct install *in, const struct judge_verdict *front, struct install_copy *out)
{
    const struct image_layout *l = &front->layout;
    const struct slot_content *runs = &in->record.host[in->plan.running].content;
    const uint8_t *stated = stated_digest(front, l->part_count - 1);

    if (in->plan.kind != SLOT_TRIAL_HOST || stated == NULL || runs->length != l->host_size ||
        memcmp(runs->digest, stated, sizeof runs->digest) != 0)
        return;
    struct tdm_flash *flash = in->cfg.host->slots[in->plan.running];
    if (is_there(in, flash, 0, l->host_size, stated))
        *out = (struct install_copy){flash, install_host_at(l), l->total_size, 0};
}

void install_find_copies(struct install *in, const struct judge_verdict *front)
{
    memset(in->copies, 0, sizeof in->copies);
    if (!front->has_manifest || in->is_adopting || in->cfg.is_source_once)
        return;
    find_bundle(in, front, &in->copies[0]);
    find_host(in, front, &in->copies[1]);
}
