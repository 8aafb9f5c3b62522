/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored bundle: one pass through the judge, which proves every byte and tells where the parts lie. The parts are
 * then read by offset, not by a second pass through the parser: a slot is random access, so regions can be
 * compared first and written in any order, and each byte is read once per use. What the judge has seen of each is kept as
 * a digest: the radio is held to that.
 */
#include "reconcile/reconcile_parts.h"

#include <string.h>

#include "base/md5.h"
#include "image/flash_args.h"

struct judge_sink {
    struct tdm_sink sink;
    struct judge *judge;
};

static tdm_err push_to_judge(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    return judge_push(((struct judge_sink *)(void *)sink)->judge, data, len);
}

static struct judge_facts facts_of(const struct reconcile *r, uint8_t slot)
{
    return (struct judge_facts){
        .bundle_room = r->cfg.rcp_slots[slot]->size,
        .takes_host = true, /* a stored bundle keeps its image's header, which may name a host part */
        .radio_chip = r->cfg.radio_chip != JUDGE_CHIP_UNKNOWN ? r->cfg.radio_chip : r->record.radio.chip,
        .radio_revision = r->record.radio.revision,
        .radio_flash_size = r->record.radio.flash_size,
        .host_chip = JUDGE_CHIP_UNKNOWN,
        .host_revision = JUDGE_REVISION_UNKNOWN,
    };
}

/* ---- the digests of what the judge lets out ---- */

struct witness {
    struct judge_output port;
    struct reconcile *r;
    uint64_t at; /* bytes so far */
    struct md5 md5[RECONCILE_REGIONS];
};

/*
 * Firmware, partition table, bootloader: most of the time goes into the firmware, and all through it the old
 * bootloader still stands; the two short writes come last.
 */
static const uint32_t order[RECONCILE_REGIONS] = {IMAGE_TAG_RCP_APP, IMAGE_TAG_PARTITION_TABLE, IMAGE_TAG_BOOTLOADER};

static tdm_err on_accept(struct judge_output *port, const struct judge_verdict *front)
{
    struct witness *w = (struct witness *)(void *)port;

    for (int i = 0; i < RECONCILE_REGIONS; i++) {
        const struct image_part *part = image_layout_part(&front->layout, order[i]);
        if (part == NULL)
            return TDM_E_FORMAT;
        w->r->regions[i] = (struct reconcile_region){.tag = part->tag, .size = part->size, .slot_offset = part->offset};
        md5_begin(&w->md5[i]);
    }
    return TDM_OK;
}

/* The bytes of data that belong to region i, if any. */
static void witness_region(struct witness *w, int i, const uint8_t *data, size_t len)
{
    struct reconcile_region *g = &w->r->regions[i];
    uint64_t begin = g->slot_offset > w->at ? g->slot_offset : w->at, end = (uint64_t)g->slot_offset + g->size;

    if (end > w->at + len)
        end = w->at + len;
    if (begin >= end)
        return;
    md5_add(&w->md5[i], data + (size_t)(begin - w->at), (size_t)(end - begin));
    if (end == (uint64_t)g->slot_offset + g->size)
        md5_end(&w->md5[i], g->md5);
}

static tdm_err on_bundle(struct judge_output *port, const uint8_t *data, size_t len)
{
    struct witness *w = (struct witness *)(void *)port;

    for (int i = 0; i < RECONCILE_REGIONS; i++)
        witness_region(w, i, data, len);
    w->at += len;
    return TDM_OK;
}

static tdm_err on_host(struct judge_output *port, const uint8_t *data, size_t len)
{
    (void)port, (void)data, (void)len;
    return TDM_OK; /* a slot stores none */
}

/* ---- are these the recorded bytes ---- */

struct hash_sink {
    struct tdm_sink sink;
    struct tdm_sha256 sha;
};

static tdm_err push_to_hash(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    return tdm_sha256_update(&((struct hash_sink *)(void *)sink)->sha, data, len);
}

/* Asked when the judge has refused: of bytes that nobody stored, what he makes of them is not what is wrong. */
static bool has_changed(const struct reconcile *r, uint8_t slot)
{
    const struct slot_content *content = &r->record.rcp[slot];
    struct hash_sink to = {.sink = {.push = push_to_hash}};
    uint8_t digest[TDM_SHA256_LEN];

    if (tdm_sha256_begin(&to.sha, r->cfg.crypto) != TDM_OK)
        return false;
    if (slot_replay(r->cfg.rcp_slots[slot], content->length, r->cfg.buf, r->cfg.buf_len, &to.sink) == TDM_OK)
        return tdm_sha256_end(&to.sha, digest) == TDM_OK && !slot_id_equal(digest, content->digest);
    tdm_sha256_drop(&to.sha);
    return false;
}

static tdm_err refuse_changed(struct reconcile *r, uint8_t slot)
{
    return tdm_fault_set(&r->bundle_fault, TDM_E_CORRUPT, "stored_differs", "the stored bundle has changed", slot);
}

/* ---- judging ---- */

/* The whole bundle through the judge; its verdict in r->bundle. */
static tdm_err judge_bundle(struct reconcile *r, uint8_t slot)
{
    const struct slot_content *content = &r->record.rcp[slot];
    struct judge_facts facts = facts_of(r, slot);
    struct judge_sink to = {.sink = {.push = push_to_judge}, .judge = &r->judge};
    struct witness witness = {.port = {on_accept, on_bundle, on_host}, .r = r};

    judge_init(&r->judge, r->cfg.crypto, &facts, &witness.port);
    tdm_err err = slot_replay(r->cfg.rcp_slots[slot], content->length, r->cfg.buf, r->cfg.buf_len, &to.sink);
    if (err == TDM_OK)
        err = judge_end_bundle(&r->judge, &r->bundle);
    else
        judge_drop(&r->judge);
    /* Also of a bundle that is damaged further on: the radio may run it all the same. */
    memcpy(r->wanted, r->judge.verdict.version, sizeof r->wanted);
    r->wanted[sizeof r->wanted - 1] = '\0';
    if (err != TDM_OK && has_changed(r, slot))
        return refuse_changed(r, slot);
    if (err != TDM_OK && r->judge.fault.err != TDM_OK)
        return tdm_fault_from(&r->bundle_fault, &r->judge.fault);
    if (err != TDM_OK)
        return tdm_fault_set(&r->bundle_fault, err, "bundle_damaged", "the stored bundle cannot be read", slot);
    bool is_the_recorded = slot_id_equal(r->bundle.bundle_digest, content->digest) &&
                           (!r->bundle.has_manifest || slot_id_equal(r->bundle.id, content->id));
    return is_the_recorded ? TDM_OK : refuse_changed(r, slot);
}

/* Where the parts go, as the judge has read it. */
static tdm_err find_places(struct reconcile *r, uint8_t slot)
{
    struct flash_args args;

    tdm_err err = flash_args_read(r->judge.flash_args, &args, &r->bundle_fault);
    for (int i = 0; i < RECONCILE_REGIONS && err == TDM_OK; i++) {
        if (flash_args_offset(&args, r->regions[i].tag, &r->regions[i].flash_offset) != TDM_OK)
            return tdm_fault_set(&r->bundle_fault, TDM_E_FORMAT, "bad_flash_args", "a part has no place", slot);
    }
    return err;
}

tdm_err reconcile_bundle_load(struct reconcile *r, uint8_t slot)
{
    uint8_t state = r->record.rcp[slot].state;

    r->slot = slot;
    r->wanted[0] = '\0';
    r->is_compared = false;
    tdm_fault_clear(&r->bundle_fault);
    if (state == SLOT_EMPTY || state == SLOT_WRITING)
        return tdm_fault_set(&r->bundle_fault, TDM_E_NOT_FOUND, "no_bundle", "no whole bundle is stored", slot);
    tdm_log_note(r->cfg.log, TDM_LOG_DEBUG, "judging the stored bundle of RCP slot", slot);
    tdm_err err = judge_bundle(r, slot);
    if (err == TDM_OK)
        err = find_places(r, slot);
    r->bundle_is_damaged = err != TDM_OK;
    return err;
}
