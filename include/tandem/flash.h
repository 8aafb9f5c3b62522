/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flash: port to one region of storage: a slot, a record, a host slot.
 *
 * Implemented by  ports/linux/flash_file.c (file or block device), sim/sim_flash.c (NOR), examples/own-port (memory).
 * Called only through the functions below, which check range and alignment once for every port.
 *
 * Contract  Addresses run from 0 to size. erase: after TDM_OK the range may be programmed again; its contents are
 *           unspecified until then (NOR: ff). prog: the range was erased since it was last programmed. read: any range.
 *           A short transfer is an error, never a success. Calls block until the work is handed to the medium.
 * Power     Until sync has returned TDM_OK, erases and programs may be lost, half done or reordered by a power cut.
 *           After it they survive.
 * reread    sync, then forget every copy the operating system holds, so that the next read comes from the medium.
 */
#ifndef TANDEM_FLASH_H
#define TANDEM_FLASH_H

#include <stdint.h>

#include <tandem/err.h>

struct tdm_flash;

struct tdm_flash_ops {
    tdm_err (*read)(struct tdm_flash *f, uint64_t off, void *buf, uint32_t len);
    tdm_err (*prog)(struct tdm_flash *f, uint64_t off, const void *buf, uint32_t len);
    tdm_err (*erase)(struct tdm_flash *f, uint64_t off, uint64_t len);
    tdm_err (*sync)(struct tdm_flash *f);
    tdm_err (*reread)(struct tdm_flash *f);
};

struct tdm_flash {
    const struct tdm_flash_ops *ops;
    uint64_t size;       /* bytes; a multiple of erase_size */
    uint32_t erase_size; /* bytes; a multiple of prog_size  */
    uint32_t prog_size;  /* bytes; at least 1               */
};

/* BOUNDS when the range leaves the region or is not aligned as the operation wants; len 0 is TDM_OK. */
TDM_MUST_USE tdm_err tdm_flash_read(struct tdm_flash *f, uint64_t off, void *buf, uint32_t len);
TDM_MUST_USE tdm_err tdm_flash_prog(struct tdm_flash *f, uint64_t off, const void *buf, uint32_t len);
TDM_MUST_USE tdm_err tdm_flash_erase(struct tdm_flash *f, uint64_t off, uint64_t len);
TDM_MUST_USE tdm_err tdm_flash_sync(struct tdm_flash *f);
TDM_MUST_USE tdm_err tdm_flash_reread(struct tdm_flash *f);

#endif
