/* SPDX-License-Identifier: Apache-2.0 */
#include "base/md5.h"

#include <string.h>

#include "base/bytes.h"

/* floor(2^32 * abs(sin(i + 1))), RFC 1321 section 3.4. */
static const uint32_t md5_sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static const uint8_t md5_shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static uint32_t rotate_left(uint32_t v, unsigned bits)
{
    return v << bits | v >> (32 - bits);
}

static uint32_t mix(unsigned round, uint32_t x, uint32_t y, uint32_t z)
{
    switch (round) {
    case 0:
        return (x & y) | (~x & z);
    case 1:
        return (x & z) | (y & ~z);
    case 2:
        return x ^ y ^ z;
    default:
        return y ^ (x | ~z);
    }
}

/* Which of the block's 16 words step i of a round uses. */
static unsigned word_index(unsigned round, unsigned i)
{
    static const uint8_t factor[4] = {1, 5, 3, 7}, start[4] = {0, 1, 5, 0};
    return (factor[round] * i + start[round]) % 16;
}

static void digest_block(uint32_t state[4], const uint8_t block[64])
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];

    for (unsigned step = 0; step < 64; step++) {
        unsigned round = step / 16;
        uint32_t sum =
            a + mix(round, b, c, d) + md5_sines[step] + bytes_le32(block + 4 * (size_t)word_index(round, step));
        a = d;
        d = c;
        c = b;
        b += rotate_left(sum, md5_shifts[round][step % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

void md5_begin(struct md5 *m)
{
    *m = (struct md5){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
}

void md5_add(struct md5 *m, const uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t used = m->length % sizeof m->block;
        size_t n = sizeof m->block - used < len ? sizeof m->block - used : len;
        memcpy(m->block + used, data, n);
        m->length += n;
        if (used + n == sizeof m->block)
            digest_block(m->state, m->block);
        data += n;
        len -= n;
    }
}

void md5_end(struct md5 *m, uint8_t out[MD5_LEN])
{
    static const uint8_t padding[64] = {0x80};
    uint8_t bits[8];
    size_t used = m->length % sizeof m->block;

    bytes_store_le32(bits, (uint32_t)(m->length << 3));
    bytes_store_le32(bits + 4, (uint32_t)(m->length >> 29));
    md5_add(m, padding, used < 56 ? 56 - used : 120 - used);
    md5_add(m, bits, sizeof bits);
    for (size_t i = 0; i < 4; i++)
        bytes_store_le32(out + 4 * i, m->state[i]);
}
