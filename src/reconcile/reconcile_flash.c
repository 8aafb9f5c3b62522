/* SPDX-License-Identifier: Apache-2.0 */
/* Regions of the bundle in hand against, and into, the radio's flash, by its ROM. */
#include "reconcile/reconcile_parts.h"

#include <string.h>

/* Typical of such flash chips (docs/TESTING.md, section 12), and what frames and their answers add on the line. For predictions. */
#define ERASE_MS_PER_SECTOR   30u
#define PROGRAM_MS_PER_SECTOR 11u
#define LINE_PERCENT          102u

static const char *writing_what(uint32_t tag)
{
    switch (tag) {
    case IMAGE_TAG_BOOTLOADER:
        return "writing the bootloader, bytes";
    case IMAGE_TAG_PARTITION_TABLE:
        return "writing the partition table, bytes";
    default:
        return "writing the firmware, bytes";
    }
}

/* A region's bytes in its RCP slot. */
struct slot_source {
    struct esprom_source source;
    struct tdm_flash *slot;
    uint32_t offset;
};

static tdm_err read_slot(struct esprom_source *source, uint32_t at, uint8_t *buf, uint32_t len)
{
    struct slot_source *s = (struct slot_source *)(void *)source;
    return tdm_flash_read(s->slot, (uint64_t)s->offset + at, buf, len);
}

static struct slot_source source_of(struct reconcile *r, const struct reconcile_region *g)
{
    return (struct slot_source){{read_slot}, r->cfg.rcp_slots[r->slot], g->slot_offset};
}

/* Does the flash hold what was judged? */
static tdm_err region_is_equal(struct reconcile *r, const struct reconcile_region *g, bool *is_equal)
{
    uint8_t there[ESPROM_MD5_LEN] = {0};

    tdm_err err = esprom_region_md5(&r->esprom, g->flash_offset, g->size, there);
    *is_equal = err == TDM_OK && memcmp(there, g->md5, sizeof there) == 0;
    return err;
}

/* What the bundle's manifest asks of the chip, now that every fact is known. */
static tdm_err check_stated_fit(struct reconcile *r)
{
    const struct manifest *m = &r->bundle.manifest;
    uint16_t revision = r->esprom.revision;

    if (!r->bundle.has_manifest)
        return TDM_OK;
    bool has_limit = m->radio.revision_min > 0 || m->radio.revision_max != MANIFEST_REVISION_ANY;
    bool is_outside = revision < m->radio.revision_min || revision > m->radio.revision_max;
    if (has_limit && (is_outside || revision == ESPROM_REVISION_UNKNOWN))
        return reconcile_fail(r, TDM_E_MISMATCH, "wrong_radio", "the bundle is for other revisions of this chip",
                              revision);
    if (r->esprom.flash_size < m->least_flash)
        return reconcile_fail(r, TDM_E_MISMATCH, "wrong_radio", "the bundle is for a radio with more flash",
                              r->esprom.flash_size);
    return TDM_OK;
}

/* The chip that answers must be the bundle's, with room for it: asked before anything is erased. */
static tdm_err check_fit(struct reconcile *r)
{
    const struct esprom *e = &r->esprom;

    if (r->bundle.radio_chip != JUDGE_CHIP_UNKNOWN && e->chip->id != r->bundle.radio_chip)
        return reconcile_fail(r, TDM_E_MISMATCH, "bundle_misfit", "the bundle is for another chip", e->chip->id);
    for (int i = 0; i < RECONCILE_REGIONS; i++) {
        const struct reconcile_region *g = &r->regions[i];
        if (g->flash_offset > e->flash_size || g->size > e->flash_size - g->flash_offset)
            return reconcile_fail(r, TDM_E_NO_ROOM, "bundle_misfit", "the radio's flash is too small", e->flash_size);
    }
    if (r->bundle.radio_flash_end > e->flash_size) /* its bootloader starts nothing then */
        return reconcile_fail(r, TDM_E_NO_ROOM, "bundle_misfit", "the partitions reach beyond the radio's flash",
                              e->flash_size);
    return check_stated_fit(r);
}

static void open_esprom(struct reconcile *r)
{
    struct esprom_config cfg = {
        .serial = r->cfg.serial,
        .lines = r->cfg.lines,
        .clock = r->cfg.clock,
        .log = r->cfg.log,
        .expected_chip = r->bundle.radio_chip,
        .block_size = r->cfg.block_size,
        .deflate = r->cfg.deflate,
        .app_baud = r->cfg.app_baud,
        .hand_ms = r->cfg.hand_ms,
    };

    esprom_init(&r->esprom, &cfg);
}

static tdm_err connect(struct reconcile *r)
{
    tdm_fault_clear(&r->attempt);
    open_esprom(r);
    if (!r->is_off_air) {
        r->off_since_ms = tdm_clock_now_ms(r->cfg.clock);
        r->is_off_air = true;
    }
    tdm_err err = esprom_connect(&r->esprom);
    if (err != TDM_OK)
        r->cfg.hand_ms = 0; /* nobody came: the next attempt does not wait for long again */
    if (err == TDM_OK)
        err = check_fit(r);
    if (err == TDM_OK || err == TDM_E_UNREACHABLE)
        r->radio_answers = false; /* the firmware that did is stopped, or out of reach */
    if (err == TDM_OK) {
        r->record.radio.chip = r->esprom.chip->id;
        r->record.radio.revision = r->esprom.revision;
        r->record.radio.flash_size = r->esprom.flash_size;
    }
    return err;
}

/* On every way out: the radio runs its firmware again. What went wrong first is what is told. */
static tdm_err leave(struct reconcile *r, tdm_err err)
{
    if (err != TDM_OK)
        (void)tdm_fault_from(&r->attempt, &r->esprom.fault); /* unless it is ours and kept already */
    tdm_err left = esprom_leave(&r->esprom);
    if (err == TDM_OK && left != TDM_OK)
        (void)tdm_fault_from(&r->attempt, &r->esprom.fault);
    return err != TDM_OK ? err : left;
}

tdm_err reconcile_regions_compare(struct reconcile *r, bool *is_equal)
{
    bool all = true;

    tdm_err err = connect(r);
    for (int i = 0; i < RECONCILE_REGIONS && err == TDM_OK && all; i++) {
        tdm_log_progress(r->cfg.log, TDM_PHASE_PROVE, "regions", (uint64_t)i, RECONCILE_REGIONS);
        err = region_is_equal(r, &r->regions[i], &all);
    }
    *is_equal = err == TDM_OK && all;
    return leave(r, err);
}

/* The radio's flash as the judge let it out: what is sent comes from the slot once more, and is held to the judged digests. */
static tdm_err write_regions(struct reconcile *r)
{
    struct slot_source from[RECONCILE_REGIONS];
    struct esprom_part parts[RECONCILE_REGIONS];

    for (int i = 0; i < RECONCILE_REGIONS; i++) {
        const struct reconcile_region *g = &r->regions[i];
        from[i] = source_of(r, g);
        parts[i] = (struct esprom_part){g->flash_offset, g->size, &from[i].source, g->md5, writing_what(g->tag)};
    }
    return esprom_update_all(&r->esprom, parts, RECONCILE_REGIONS);
}

static uint32_t sectors_of(const struct reconcile *r)
{
    uint32_t sectors = 0;

    for (int i = 0; i < RECONCILE_REGIONS; i++)
        sectors += (r->regions[i].size + ESPROM_SECTOR - 1) / ESPROM_SECTOR;
    return sectors;
}

static uint32_t predicted_ms(const struct reconcile_cost *c)
{
    uint64_t line_ms = c->sent * 10 * 1000 / c->baud * LINE_PERCENT / 100;
    return (uint32_t)(line_ms + (uint64_t)c->rewritten * (ERASE_MS_PER_SECTOR + PROGRAM_MS_PER_SECTOR));
}

static tdm_err predict_regions(struct reconcile *r)
{
    tdm_err err = TDM_OK;
    uint64_t bytes;

    for (int i = 0; i < RECONCILE_REGIONS && err == TDM_OK; i++) {
        struct slot_source from = source_of(r, &r->regions[i]);
        err = esprom_plan(&r->esprom, r->regions[i].flash_offset, r->regions[i].size, &from.source);
        if (err == TDM_OK)
            err = esprom_predict(&r->esprom, &bytes);
        if (err != TDM_OK)
            return err;
        r->cost.rewritten += r->esprom.region.differing;
        r->cost.sent += bytes;
    }
    r->cost.sectors = sectors_of(r);
    r->cost.baud = r->esprom.link.baud;
    r->cost.flash_ms = predicted_ms(&r->cost);
    return TDM_OK;
}

tdm_err reconcile_regions_predict(struct reconcile *r, uint32_t baud)
{
    tdm_err err = connect(r);
    if (err == TDM_OK && baud != ESPROM_BAUD_START)
        err = esprom_set_speed(&r->esprom, baud);
    return leave(r, err == TDM_OK ? predict_regions(r) : err);
}

/* Kept over several attempts. */
static void count_cost(struct reconcile *r, uint32_t began_ms)
{
    const struct esprom_tally *t = &r->esprom.tally;

    r->cost.sectors = sectors_of(r);
    r->cost.rewritten += t->rewritten;
    r->cost.recoveries += t->recoveries;
    r->cost.sent += t->sent;
    r->cost.flash_ms += tdm_clock_now_ms(r->cfg.clock) - began_ms;
}

tdm_err reconcile_regions_write(struct reconcile *r, uint32_t baud)
{
    uint32_t began_ms = tdm_clock_now_ms(r->cfg.clock);

    tdm_err err = connect(r);
    if (err == TDM_OK && baud != ESPROM_BAUD_START)
        err = esprom_set_speed(&r->esprom, baud);
    if (err == TDM_OK)
        err = write_regions(r);
    r->cost.baud = r->esprom.link.baud;
    err = leave(r, err);
    count_cost(r, began_ms);
    return err;
}

tdm_err reconcile_start_firmware(struct reconcile *r, struct tdm_fault *fault)
{
    open_esprom(r);
    tdm_err err = esprom_start_firmware(&r->esprom);
    return err == TDM_OK ? TDM_OK : tdm_fault_from(fault, &r->esprom.fault);
}
