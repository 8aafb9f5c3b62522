/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 through the port: the examples of FIPS 180, in pieces, two at once, dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "linux/tandem_linux.h"

#define ABC   "abc"
#define LONG  "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#define EMPTY ""

static const struct {
    const char *text, *digest;
} examples[] = {
    {EMPTY, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {ABC, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {LONG, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void check_digest(const uint8_t *got, const char *want)
{
    char text[2 * TDM_SHA256_LEN + 1];

    for (int i = 0; i < TDM_SHA256_LEN; i++)
        snprintf(text + 2 * i, 3, "%02x", got[i]);
    assert_string_equal(text, want);
}

static void published_examples_in_pieces(void **state)
{
    struct crypto_openssl c;

    (void)state;
    crypto_openssl_init(&c);
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        for (size_t piece = 1; piece <= 60; piece += 7) {
            const uint8_t *data = (const uint8_t *)examples[i].text;
            size_t len = strlen(examples[i].text);
            uint8_t digest[TDM_SHA256_LEN];
            struct tdm_sha256 s;
            assert_int_equal(tdm_sha256_begin(&s, &c.port), TDM_OK);
            for (size_t off = 0; off < len; off += piece) {
                assert_int_equal(tdm_sha256_peek(&s, digest), TDM_OK);
                if (off == 0)
                    check_digest(digest, examples[0].digest);
                assert_int_equal(tdm_sha256_update(&s, data + off, len - off < piece ? len - off : piece), TDM_OK);
            }
            assert_int_equal(tdm_sha256_peek(&s, digest), TDM_OK);
            check_digest(digest, examples[i].digest);
            memset(digest, 0, sizeof digest);
            assert_int_equal(tdm_sha256_end(&s, digest), TDM_OK);
            check_digest(digest, examples[i].digest);
        }
    }
}

static void several_at_once(void **state)
{
    struct crypto_openssl c;
    struct tdm_sha256 a, b, dropped;
    uint8_t digest[TDM_SHA256_LEN];

    (void)state;
    crypto_openssl_init(&c);
    assert_int_equal(tdm_sha256_begin(&a, &c.port), TDM_OK);
    assert_int_equal(tdm_sha256_begin(&b, &c.port), TDM_OK);
    assert_int_equal(tdm_sha256_begin(&dropped, &c.port), TDM_OK);
    assert_int_equal(tdm_sha256_update(&a, (const uint8_t *)ABC, 1), TDM_OK);
    assert_int_equal(tdm_sha256_update(&b, (const uint8_t *)LONG, strlen(LONG)), TDM_OK);
    assert_int_equal(tdm_sha256_update(&a, (const uint8_t *)ABC + 1, 2), TDM_OK);
    tdm_sha256_drop(&dropped);
    tdm_sha256_drop(&dropped);
    assert_int_equal(tdm_sha256_end(&a, digest), TDM_OK);
    check_digest(digest, examples[1].digest);
    assert_int_equal(tdm_sha256_end(&b, digest), TDM_OK);
    check_digest(digest, examples[2].digest);
    assert_int_equal(tdm_sha256_end(&b, digest), TDM_E_BUG);
    assert_int_equal(tdm_sha256_update(&b, digest, 1), TDM_E_BUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples_in_pieces),
        cmocka_unit_test(several_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
