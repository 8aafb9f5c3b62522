/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_store: from the judge into the slots.
 *
 * Used by   install_stream.   Uses  judge, slot, install_resume, install_spans.
 * Order     The commit that frees the slots happens when the judge accepts the front, before the first byte is written.
 *           What this very download has left in them is not written again.
 */
#ifndef TANDEM_INSTALL_STORE_H
#define TANDEM_INSTALL_STORE_H

#include <tandem/install.h>

/* A fresh judge, whose output are the slots. in->reply says what the source has told. */
void install_store_begin(struct install *in);

/* The next bytes of the image, wherever they come from. CANCELLED with in->wants_whole: parts of it are of no use. */
TDM_MUST_USE tdm_err install_store_push(struct install *in, const uint8_t *data, size_t len);

/* The image is over: what is in the slots is synced, in->verdict complete. */
TDM_MUST_USE tdm_err install_store_end(struct install *in);

/* Nothing more will come. */
void install_store_drop(struct install *in);

#endif
