/* SPDX-License-Identifier: Apache-2.0 */
/*
 * esprom_engine: what the files of the engine share; its users see tandem/esprom.h alone.
 *
 * esprom_connect.c   reset, hear, synchronise; if that fails, why
 * esprom_start.c     reset into the firmware, and hear whether there is any
 * esprom_identify.c  which chip, which address, which flash
 * esprom_flash.c     rate, digests, leave
 * esprom_region.c    a region's bytes, and which of its sectors differ
 * esprom_stream.c    blocks into erased flash
 * esprom_recover.c   after a failure
 * esprom_update.c    until nothing differs
 */
#ifndef TANDEM_ESPROM_ENGINE_H
#define TANDEM_ESPROM_ENGINE_H

#include <tandem/esprom.h>

/* The synchronised ROM's chip, MAC and flash; the flash is attached and its size known to the ROM afterwards. */
TDM_MUST_USE tdm_err esprom_identify(struct esprom *e);

/* connect once more in the same session: what the chip is and how large its flash is are known already. */
TDM_MUST_USE tdm_err esprom_reconnect(struct esprom *e);

/* Connected, nothing under way, and nothing failed yet. */
TDM_MUST_USE tdm_err esprom_require(struct esprom *e);

/* The next slower rate to try. */
uint32_t esprom_rate_below(uint32_t baud);
/* To that rate without a reset, when the loader answers. PEER, without a fault: it refuses. */
TDM_MUST_USE tdm_err esprom_slow_down(struct esprom *e);

static inline tdm_err esprom_fail(struct esprom *e, tdm_err err, const char *code, const char *what, uint64_t at)
{
    return tdm_fault_set(&e->fault, err, code, what, at);
}

/* The link's failure becomes the engine's. */
static inline tdm_err esprom_fail_link(struct esprom *e)
{
    return tdm_fault_from(&e->fault, &e->link.fault);
}

/* What has come so far shall answer nothing that is asked from here on. */
TDM_MUST_USE static inline tdm_err esprom_drop_input(struct esprom *e)
{
    tdm_err err = tdm_serial_drop_input(e->cfg.serial);
    return err == TDM_OK ? TDM_OK : esprom_fail(e, err, "serial_failed", "the serial port failed", 0);
}

#endif
