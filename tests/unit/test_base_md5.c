/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/md5.h"

static const struct row {
    const char *text, *hex;
} rows[] = {
    /* RFC 1321, appendix A.5 */
    {"", "d41d8cd98f00b204e9800998ecf8427e"},
    {"a", "0cc175b9c0f1b6a831c399e269772661"},
    {"abc", "900150983cd24fb0d6963f7d28e17f72"},
    {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
    {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"},
    {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "57edf4a22be3c955ac49da2e2107b67a"},
};

static void finish(struct md5 *m, char hex[33])
{
    uint8_t out[MD5_LEN];

    md5_end(m, out);
    for (size_t i = 0; i < MD5_LEN; i++)
        snprintf(hex + 2 * i, 3, "%02x", out[i]);
}

static void test_rfc_vectors_at_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].text);
        for (size_t split = 0; split <= len; split++) {
            struct md5 m;
            char hex[33];
            md5_begin(&m);
            md5_add(&m, (const uint8_t *)rows[i].text, split);
            md5_add(&m, (const uint8_t *)rows[i].text + split, len - split);
            finish(&m, hex);
            if (strcmp(hex, rows[i].hex) != 0)
                fail_msg("\"%s\" split at %zu: %s", rows[i].text, split, hex);
        }
    }
}

/* Lengths on both sides of where the padding needs another block; digests of that many 'x' by Python's hashlib. */
static const struct {
    size_t len;
    const char *hex;
} lengths[] = {
    {55, "04364420e25c512fd958a70738aa8f72"},  {56, "668a72d5ba17f08e62dabcafad6db14b"},
    {57, "693037871c4a9d3d8685018905cb530a"},  {63, "7dc2ca208106a2f703567bdff99d8981"},
    {64, "c1bb4f81d892b2d57947682aeb252456"},  {65, "1bc932052302d074bdec39795fe00cf6"},
    {119, "ab347a5f68c8a443cfcddc633f12c24f"}, {120, "fb98667f98096de92620b64f46e1c5b5"},
    {128, "d69cb61a6ee87200676eb0d4b90edbcb"}, {1000000, "ec78dbd963d2fc01e51176ed4dec299e"},
};

static void test_lengths_around_a_block(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct md5 m;
        char hex[33];
        md5_begin(&m);
        for (size_t j = 0; j < lengths[i].len; j++)
            md5_add(&m, (const uint8_t *)"x", 1);
        finish(&m, hex);
        if (strcmp(hex, lengths[i].hex) != 0)
            fail_msg("%zu bytes: %s", lengths[i].len, hex);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_vectors_at_every_split),
        cmocka_unit_test(test_lengths_around_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
