/* SPDX-License-Identifier: Apache-2.0 */
/*
 * md5: RFC 1321, because ROM loaders report the digest of a flash region in it. Never used for trust.
 *
 * Used by   esprom (what was meant to be written), the simulated ROM.
 */
#ifndef TANDEM_BASE_MD5_H
#define TANDEM_BASE_MD5_H

#include <stddef.h>
#include <stdint.h>

#define MD5_LEN 16

struct md5 {
    uint32_t state[4];
    uint64_t length; /* bytes so far */
    uint8_t block[64];
};

void md5_begin(struct md5 *m);
void md5_add(struct md5 *m, const uint8_t *data, size_t len);
void md5_end(struct md5 *m, uint8_t out[MD5_LEN]);

#endif
