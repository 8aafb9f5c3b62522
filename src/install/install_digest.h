/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_digest: SHA-256 of what lies in a slot.
 *
 * Used by   install_replay, install_resume, install_spans, install_stream, install_store.   Uses  slot, crypto.
 * Memory    reads through the reading half of the install's buffer.
 */
#ifndef TANDEM_INSTALL_DIGEST_H
#define TANDEM_INSTALL_DIGEST_H

#include <tandem/install.h>

/* The half of the buffer that is for reading; the writer has the other one. */
uint8_t *install_read_buf(const struct install *in);
uint32_t install_half_buf(const struct install *in);

/* Bytes from `from` to `to` of a region into a digest that is under way. */
TDM_MUST_USE tdm_err install_digest_add(const struct install *in, struct tdm_flash *flash, uint64_t from, uint64_t to,
                                        struct tdm_sha256 *sha);

/* Of these bytes of a region, as they lie on the medium. */
TDM_MUST_USE tdm_err install_digest_of(const struct install *in, struct tdm_flash *flash, uint64_t from, uint64_t to,
                                       uint8_t digest[TDM_SHA256_LEN]);

/* The medium holds other bytes than these once were. One that cannot be read is not known to. */
TDM_MUST_USE bool install_has_changed(const struct install *in, struct tdm_flash *flash, uint64_t length,
                                      const uint8_t *digest);

#endif
