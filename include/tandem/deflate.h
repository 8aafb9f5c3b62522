/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deflate: port to a compressor of zlib streams (RFC 1950). Optional: without one the flasher sends plain blocks.
 *
 * Implemented by  ports/linux/deflate_zlib.c.
 *
 * Contract  One stream at a time: begin, push..., end. What comes out goes to the sink, in order, whenever there is some;
 *           the sink's error is the call's. The same bytes in any pieces give the same stream. After an error, and
 *           after end, the next begin starts anew; end with `to` NULL drops the stream.
 * Memory    the port's own: a window of 32 KiB and its tables.
 */
#ifndef TANDEM_DEFLATE_H
#define TANDEM_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

#include <tandem/err.h>
#include <tandem/sink.h>

struct tdm_deflate;

struct tdm_deflate_ops {
    tdm_err (*begin)(struct tdm_deflate *d);
    tdm_err (*push)(struct tdm_deflate *d, const uint8_t *data, size_t len, struct tdm_sink *to);
    tdm_err (*end)(struct tdm_deflate *d, struct tdm_sink *to);
};

struct tdm_deflate {
    const struct tdm_deflate_ops *ops;
};

TDM_MUST_USE tdm_err tdm_deflate_begin(struct tdm_deflate *d);
TDM_MUST_USE tdm_err tdm_deflate_push(struct tdm_deflate *d, const uint8_t *data, size_t len, struct tdm_sink *to);
TDM_MUST_USE tdm_err tdm_deflate_end(struct tdm_deflate *d, struct tdm_sink *to);

#endif
