/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink: "push these bytes", the one shape in which a stream travels through Tandem.
 *
 * Whoever has bytes calls tdm_sink_push() as often as it likes; any split of the same bytes means the same. An error
 * is final: the pusher stops and hands it on. The implementer embeds the struct and finds itself with a cast helper.
 * The end of a stream is not the sink's business: the owner of the sink calls its engine's own end function.
 */
#ifndef TANDEM_SINK_H
#define TANDEM_SINK_H

#include <stddef.h>
#include <stdint.h>

#include <tandem/err.h>

struct tdm_sink {
    tdm_err (*push)(struct tdm_sink *sink, const uint8_t *data, size_t len);
};

TDM_MUST_USE tdm_err tdm_sink_push(struct tdm_sink *sink, const uint8_t *data, size_t len);

#endif
