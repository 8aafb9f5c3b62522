/* SPDX-License-Identifier: Apache-2.0 */
/*
 * esprom_region: the region in hand: its bytes, filled up to what the ROM can write, and which of its sectors differ.
 *
 * Used by   esprom_update.   Uses  esprom_flash (digests), md5.
 */
#ifndef TANDEM_ESPROM_REGION_H
#define TANDEM_ESPROM_REGION_H

#include <tandem/esprom.h>

/* Take a region in hand. BOUNDS, NO_ROOM when the ROM could not write it. */
TDM_MUST_USE tdm_err esprom_region_take(struct esprom *e, uint32_t offset, uint32_t size, struct esprom_source *source);
/* len bytes from at on, as they shall stand in flash. */
TDM_MUST_USE tdm_err esprom_region_read(struct esprom *e, uint32_t at, uint8_t *buf, uint32_t len);
/* Ask the ROM: which sectors differ? */
TDM_MUST_USE tdm_err esprom_region_compare(struct esprom *e);

/* Bytes of the region that lie in sector i. */
uint32_t esprom_region_sector_len(const struct esprom *e, uint32_t sector);
/* The next run of differing sectors from sector *first on; its length in sectors, 0: none. */
uint32_t esprom_region_next_run(const struct esprom *e, uint32_t *first);

#endif
