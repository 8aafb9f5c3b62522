/* SPDX-License-Identifier: Apache-2.0 */
/*
 * esprom_stream: blocks in order into erased flash, plain or as one zlib stream that the ROM inflates.
 *
 * Used by   esprom_update.   Uses  esprom_link.
 * Order     begin, push..., end. A block's answer is awaited when the next one is ready to go.
 * Loss      A block whose answer does not come is sent once more; if the ROM then says that this is not the number it
 *           waits for, it had the block. A damaged block uses its number up, so a hole stays: NOISE, and the caller has
 *           to look what is on flash. Inflated data gets there 32 KiB at a time, and at the stream's end.
 */
#ifndef TANDEM_ESPROM_STREAM_H
#define TANDEM_ESPROM_STREAM_H

#include <tandem/esprom.h>

/*
 * Erases size bytes from offset on. packed: bytes that will be pushed; of a plain stream as many as size. The ROM wants
 * the size that the data has inflated.
 */
TDM_MUST_USE tdm_err esprom_stream_begin(struct esprom *e, enum esprom_stream kind, uint32_t offset, uint32_t size,
                                         uint32_t packed);
TDM_MUST_USE tdm_err esprom_stream_push(struct esprom *e, const uint8_t *data, size_t len);
TDM_MUST_USE tdm_err esprom_stream_end(struct esprom *e);

#endif
