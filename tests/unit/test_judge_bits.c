/* SPDX-License-Identifier: Apache-2.0 */
/* No bit of a signed image can be turned: not one of them leaves an image that is accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/judge.h>

#include "linux/tandem_linux.h"

/* tests/data/manifest/README.md: the public half of the key of RFC 6979, A.2.5, and its id. */
static const struct tdm_key rfc_key = {
    .id = {0x5a, 0x7a, 0x78, 0xcc, 0xa4, 0xa0, 0xf4, 0x20},
    .point = {0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6, 0x35, 0x6d, 0x68,
              0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6,
              0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64,
              0xf2, 0xf1, 0xb2, 0x0c, 0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99},
};

/* held_back: before this byte nothing may have come out. turned: bytes whose bits are tried; a radio image's parts are a pair's. */
static const struct row {
    const char *name;
    size_t len, stored, held_back, turned;
} rows[] = {
    {"pair.bin", 4548, 4548, 636 + 24, 4548},
    {"radio.bin", 4168, 4168, 592 + 24, 592 + 24},
    {"host.bin", 728, 336, 392, 728},
};

static struct crypto_openssl crypto;
static uint8_t image[4548];

struct witness {
    struct judge_output port;
    size_t bytes;
};

static tdm_err on_accept(struct judge_output *out, const struct judge_verdict *front)
{
    (void)out, (void)front;
    return TDM_OK;
}

static tdm_err on_bytes(struct judge_output *out, const uint8_t *data, size_t len)
{
    (void)data;
    ((struct witness *)(void *)out)->bytes += len;
    return TDM_OK;
}

static tdm_err judge_image(size_t len, struct witness *w, struct judge_verdict *verdict)
{
    static const struct judge_trust trust = {.keys = &rfc_key, .count = 1, .threshold = 1};
    static const struct judge_facts facts = {.takes_host = true,
                                             .radio_chip = JUDGE_CHIP_UNKNOWN,
                                             .radio_revision = JUDGE_REVISION_UNKNOWN,
                                             .host_revision = JUDGE_REVISION_UNKNOWN,
                                             .trust = &trust};
    static struct judge judge;

    *w = (struct witness){.port = {on_accept, on_bytes, on_bytes}};
    judge_init(&judge, &crypto.port, &facts, &w->port);
    tdm_err pushed = judge_push(&judge, image, len), ended = judge_end(&judge, verdict);
    return pushed != TDM_OK ? pushed : ended;
}

static void read_image(const struct row *row)
{
    char path[512];
    snprintf(path, sizeof path, "%s/manifest/%s", TANDEM_TEST_DATA, row->name);
    FILE *in = fopen(path, "rbe");
    assert_non_null(in);
    assert_true(row->len <= sizeof image);
    assert_int_equal(fread(image, 1, row->len, in), row->len);
    assert_int_equal(fgetc(in), EOF);
    assert_int_equal(fclose(in), 0);
}

static void turn_every_bit(const struct row *row)
{
    struct judge_verdict verdict;
    struct witness w;

    read_image(row);
    assert_int_equal(judge_image(row->len, &w, &verdict), TDM_OK);
    assert_true(verdict.is_signed);
    assert_int_equal(w.bytes, row->stored);
    for (size_t bit = 0; bit < 8 * row->turned; bit++) {
        image[bit / 8] ^= (uint8_t)(1u << bit % 8);
        tdm_err err = judge_image(row->len, &w, &verdict);
        if (err == TDM_OK)
            fail_msg("%s: accepted with bit %zu of byte %zu turned", row->name, bit % 8, bit / 8);
        if (bit / 8 < row->held_back && w.bytes > 0)
            fail_msg("%s: bytes came out with bit %zu of byte %zu turned", row->name, bit % 8, bit / 8);
        image[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_every_bit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        turn_every_bit(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_bit)};

    crypto_openssl_init(&crypto);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
