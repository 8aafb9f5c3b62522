/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored bundle: one pass through the judge, which proves every byte and tells where the parts lie. The parts are
 * then read by offset, not by a second pass through the parser: a slot is random access, so regions can be
 * compared first and written in any order, and each byte is read once per use.
 */
#include "reconcile/reconcile_parts.h"

#include <string.h>

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

/* The whole bundle through the judge; its verdict in r->bundle. */
static tdm_err judge_bundle(struct reconcile *r, uint8_t slot)
{
    const struct slot_content *content = &r->record.rcp[slot];
    struct judge_facts facts = facts_of(r, slot);
    struct judge_sink to = {.sink = {.push = push_to_judge}, .judge = &r->judge};

    judge_init(&r->judge, r->cfg.crypto, &facts, NULL);
    tdm_err err = slot_replay(r->cfg.rcp_slots[slot], content->length, r->cfg.buf, r->cfg.buf_len, &to.sink);
    if (err == TDM_OK)
        err = judge_end_bundle(&r->judge, &r->bundle);
    else
        judge_drop(&r->judge);
    /* Also of a bundle that is damaged further on: the radio may run it all the same. */
    memcpy(r->wanted, r->judge.verdict.version, sizeof r->wanted);
    r->wanted[sizeof r->wanted - 1] = '\0';
    if (err != TDM_OK && r->judge.fault.err != TDM_OK)
        return tdm_fault_from(&r->bundle_fault, &r->judge.fault);
    if (err != TDM_OK)
        return tdm_fault_set(&r->bundle_fault, err, "bundle_damaged", "the stored bundle cannot be read", slot);
    bool is_the_recorded = slot_id_equal(r->bundle.bundle_digest, content->digest) &&
                           (!r->bundle.has_manifest || slot_id_equal(r->bundle.id, content->id));
    if (!is_the_recorded)
        return tdm_fault_set(&r->bundle_fault, TDM_E_CORRUPT, "bundle_damaged", "the stored bundle has changed", slot);
    return TDM_OK;
}

/*
 * Firmware, partition table, bootloader: most of the time goes into the firmware, and all through it the old
 * bootloader still stands; the two short writes come last.
 */
static tdm_err find_regions(struct reconcile *r, uint8_t slot)
{
    static const uint32_t order[RECONCILE_REGIONS] = {IMAGE_TAG_RCP_APP, IMAGE_TAG_PARTITION_TABLE,
                                                      IMAGE_TAG_BOOTLOADER};
    const struct image_part *part = image_layout_part(&r->bundle.layout, IMAGE_TAG_FLASH_ARGS);
    uint8_t bytes[IMAGE_FLASH_ARGS_LEN];
    struct flash_args args;

    if (part == NULL || part->size != sizeof bytes)
        return tdm_fault_set(&r->bundle_fault, TDM_E_FORMAT, "bad_flash_args", "no flash arguments in the bundle",
                             slot);
    tdm_err err = tdm_flash_read(r->cfg.rcp_slots[slot], part->offset, bytes, sizeof bytes);
    if (err != TDM_OK)
        return tdm_fault_set(&r->bundle_fault, err, "bundle_damaged", "the stored bundle cannot be read", slot);
    err = flash_args_read(bytes, &args, &r->bundle_fault);
    for (int i = 0; i < RECONCILE_REGIONS && err == TDM_OK; i++) {
        struct reconcile_region *region = &r->regions[i];
        part = image_layout_part(&r->bundle.layout, order[i]);
        err = flash_args_offset(&args, order[i], &region->flash_offset);
        if (part == NULL || err != TDM_OK)
            return tdm_fault_set(&r->bundle_fault, TDM_E_FORMAT, "bad_flash_args", "a part has no place", slot);
        region->tag = part->tag;
        region->size = part->size;
        region->slot_offset = part->offset;
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
        err = find_regions(r, slot);
    r->bundle_is_damaged = err != TDM_OK;
    return err;
}
