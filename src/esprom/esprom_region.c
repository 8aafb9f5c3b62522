/* SPDX-License-Identifier: Apache-2.0 */
#include "esprom/esprom_region.h"

#include <string.h>

#include "base/md5.h"
#include "esprom/esprom_engine.h"

#define PROGRAM_UNIT  4u  /* the ROM takes no block that is not a multiple of this */
#define CHUNK_SECTORS 16u /* asked for together first: most updates leave some of these alone */
#define SAMPLES       3u
#define PIECE         512u

tdm_err esprom_region_take(struct esprom *e, uint32_t offset, uint32_t size, struct esprom_source *source)
{
    /* The ROM accepts a start inside a sector half-heartedly: it reports failure and writes there all the same. */
    if (offset % ESPROM_SECTOR != 0)
        return esprom_fail(e, TDM_E_BOUNDS, "region_unaligned", "region does not begin at a sector", offset);
    if (size == 0)
        return esprom_fail(e, TDM_E_BOUNDS, "region_empty", "region without bytes", offset);
    if (offset > e->flash_size || size > e->flash_size - offset || size > ESPROM_SECTORS_MAX * ESPROM_SECTOR)
        return esprom_fail(e, TDM_E_NO_ROOM, "region_too_long", "region leaves the radio's flash", e->flash_size);
    e->region.offset = offset;
    e->region.source_size = size;
    e->region.size = (size + PROGRAM_UNIT - 1) / PROGRAM_UNIT * PROGRAM_UNIT;
    e->region.source = source;
    e->region.sector_count = (e->region.size + ESPROM_SECTOR - 1) / ESPROM_SECTOR;
    e->region.differing = 0;
    return TDM_OK;
}

tdm_err esprom_region_read(struct esprom *e, uint32_t at, uint8_t *buf, uint32_t len)
{
    uint32_t left = at < e->region.source_size ? e->region.source_size - at : 0;
    uint32_t real = len < left ? len : left;

    memset(buf + real, 0xff, len - real);
    tdm_err err = real > 0 ? e->region.source->read(e->region.source, at, buf, real) : TDM_OK;
    return err == TDM_OK ? TDM_OK : esprom_fail(e, err, "source_failed", "the bytes for the radio cannot be read", at);
}

uint32_t esprom_region_sector_len(const struct esprom *e, uint32_t sector)
{
    uint32_t left = e->region.size - sector * ESPROM_SECTOR;
    return left < ESPROM_SECTOR ? left : ESPROM_SECTOR;
}

static bool differs(const struct esprom *e, uint32_t sector)
{
    return (e->region.differs[sector / 8] & 1u << sector % 8) != 0;
}

static void mark(struct esprom *e, uint32_t sector)
{
    e->region.differs[sector / 8] |= (uint8_t)(1u << sector % 8);
    e->region.differing++;
}

uint32_t esprom_region_next_run(const struct esprom *e, uint32_t *first)
{
    uint32_t end;

    while (*first < e->region.sector_count && !differs(e, *first))
        ++*first;
    for (end = *first; end < e->region.sector_count && differs(e, end);)
        end++;
    return end - *first;
}

/* Does the flash hold these bytes of the region? */
static tdm_err range_is_equal(struct esprom *e, uint32_t at, uint32_t len, bool *is_equal)
{
    uint8_t piece[PIECE], meant[MD5_LEN], there[ESPROM_MD5_LEN] = {0};
    tdm_err err = TDM_OK;
    struct md5 md5;

    *is_equal = false;
    md5_begin(&md5);
    for (uint32_t done = 0, n; done < len && err == TDM_OK; done += n) {
        n = len - done < sizeof piece ? len - done : (uint32_t)sizeof piece;
        err = esprom_region_read(e, at + done, piece, n);
        if (err == TDM_OK)
            md5_add(&md5, piece, n);
    }
    md5_end(&md5, meant);
    if (err == TDM_OK)
        err = esprom_region_md5(e, e->region.offset + at, len, there);
    *is_equal = err == TDM_OK && memcmp(there, meant, sizeof meant) == 0;
    return err;
}

static tdm_err sector_is_equal(struct esprom *e, uint32_t sector, bool *is_equal)
{
    return range_is_equal(e, sector * ESPROM_SECTOR, esprom_region_sector_len(e, sector), is_equal);
}

static tdm_err mark_sectors(struct esprom *e, uint32_t first, uint32_t end)
{
    tdm_err err = TDM_OK;
    bool is_equal;

    for (uint32_t i = first; i < end && err == TDM_OK; i++) {
        err = sector_is_equal(e, i, &is_equal);
        if (err == TDM_OK && !is_equal)
            mark(e, i);
    }
    return err;
}

static void mark_all(struct esprom *e, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++)
        mark(e, i);
}

/* Sectors that stand for all of theirs, until one is right. differing: how many were not. */
static tdm_err ask_samples(struct esprom *e, uint32_t first, uint32_t count, uint32_t *differing)
{
    const uint32_t samples[SAMPLES] = {first, first + count / 2, first + count - 1};
    bool is_equal = false;
    tdm_err err = TDM_OK;

    *differing = 0;
    for (uint32_t i = 0; i < SAMPLES && err == TDM_OK && !is_equal; i++) {
        err = sector_is_equal(e, samples[i], &is_equal);
        *differing += err == TDM_OK && !is_equal;
    }
    return err;
}

/*
 * Sixteen sectors: one question when they are all right, else one more for each. After a chunk of which nothing was right
 * the flash is probably blank or holds other firmware: then samples answer for a chunk. At worst some sectors that were
 * right are written again.
 */
static tdm_err compare_chunk(struct esprom *e, uint32_t first, uint32_t end, bool is_other)
{
    uint32_t last_len = esprom_region_sector_len(e, end - 1), differing = 0;
    bool is_equal = false;

    tdm_err err = is_other && end - first > SAMPLES ? ask_samples(e, first, end - first, &differing) : TDM_OK;
    if (err == TDM_OK && differing == SAMPLES) {
        mark_all(e, first, end);
        return TDM_OK;
    }
    if (err == TDM_OK && differing == 0)
        err = range_is_equal(e, first * ESPROM_SECTOR, (end - 1 - first) * ESPROM_SECTOR + last_len, &is_equal);
    return err == TDM_OK && !is_equal ? mark_sectors(e, first, end) : err;
}

/* A first sector that differs needs not be asked about again, nor those behind it together. */
static tdm_err compare_first_chunk(struct esprom *e, uint32_t end, bool first_differs)
{
    if (!first_differs)
        return compare_chunk(e, 0, end, false);
    mark(e, 0);
    return mark_sectors(e, 1, end);
}

static tdm_err compare_chunks(struct esprom *e, bool first_differs)
{
    uint32_t count = e->region.sector_count;
    bool is_other = false;
    tdm_err err = TDM_OK;

    for (uint32_t first = 0, end; first < count && err == TDM_OK; first = end) {
        uint32_t before = e->region.differing;
        end = count - first < CHUNK_SECTORS ? count : first + CHUNK_SECTORS;
        err = first == 0 ? compare_first_chunk(e, end, first_differs) : compare_chunk(e, first, end, is_other);
        is_other = e->region.differing - before == end - first;
    }
    return err;
}

/*
 * The first sector of a firmware holds its version and its date: if it differs, so does the whole, and the long digest
 * of that need not be waited for.
 */
static tdm_err region_is_equal(struct esprom *e, bool *is_equal, bool *first_differs)
{
    tdm_err err = sector_is_equal(e, 0, is_equal);

    *first_differs = err == TDM_OK && !*is_equal;
    return err == TDM_OK && *is_equal ? range_is_equal(e, 0, e->region.size, is_equal) : err;
}

tdm_err esprom_region_compare(struct esprom *e)
{
    bool is_equal, first_differs;

    e->region.differing = 0;
    memset(e->region.differs, 0, sizeof e->region.differs);
    tdm_log_progress(e->cfg.log, TDM_PHASE_PROVE, "digest", 0, e->region.size);
    tdm_err err = region_is_equal(e, &is_equal, &first_differs);
    if (err == TDM_OK && !is_equal)
        err = compare_chunks(e, first_differs);
    if (err != TDM_OK)
        return err;
    if (!is_equal && e->region.differing == 0)
        return esprom_fail(e, TDM_E_NOISE, "rom_noise", "digests contradict each other", e->region.offset);
    tdm_log_progress(e->cfg.log, TDM_PHASE_PROVE, "digest", e->region.size, e->region.size);
    return TDM_OK;
}
