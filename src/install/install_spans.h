/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_spans: where each byte of an image comes from: a slot that holds it already, or the source.
 *
 * Used by   install_stream, install_store, install_name.   Uses  image, slot, crypto.
 * Trust     who delivers a byte decides nothing: all of them pass the judge, in the order of the file.
 */
#ifndef TANDEM_INSTALL_SPANS_H
#define TANDEM_INSTALL_SPANS_H

#include <tandem/install.h>

struct install_span {
    struct tdm_flash *flash; /* NULL: the source                       */
    uint64_t at, end;        /* where it begins there; end in the image */
    bool is_kept;            /* of this very download                   */
};

/* Where the host's bytes begin; the image's length when it has none. */
uint64_t install_host_at(const struct image_layout *layout);

/* From the image's byte `at` on; the judge has accepted the front. */
struct install_span install_span_at(const struct install *in, uint64_t at);
/* Does the source have nothing more to give? */
bool install_rest_is_here(const struct install *in, uint64_t at);

/*
 * Which parts of the image the running pair has: those whose digests in the image's manifest are the digests of what
 * lies there now. What cannot be read is not there.
 */
void install_find_copies(struct install *in, const struct judge_verdict *front);

#endif
