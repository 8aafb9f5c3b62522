/* SPDX-License-Identifier: Apache-2.0 */
/* The compressor: what comes out inflates to what went in, whatever the pieces, and is the same for all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "linux/tandem_linux.h"

#define LEN 70000u

struct kept {
    struct tdm_sink sink;
    uint8_t bytes[2 * LEN];
    size_t len, room;
};

static uint8_t plain[LEN], again[LEN];
static struct kept first, other;

static tdm_err keep(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct kept *k = (struct kept *)(void *)sink;

    if (len > k->room - k->len)
        return TDM_E_NO_ROOM;
    memcpy(k->bytes + k->len, data, len);
    k->len += len;
    return TDM_OK;
}

static void begin(struct kept *k, size_t room)
{
    k->sink.push = keep;
    k->len = 0;
    k->room = room;
}

static tdm_err pack(struct deflate_zlib *z, struct kept *to, size_t piece)
{
    tdm_err err = tdm_deflate_begin(&z->port);

    for (size_t at = 0; at < LEN && err == TDM_OK; at += piece)
        err = tdm_deflate_push(&z->port, plain + at, LEN - at < piece ? LEN - at : piece, &to->sink);
    tdm_err ended = tdm_deflate_end(&z->port, err == TDM_OK ? &to->sink : NULL);
    return err == TDM_OK ? ended : err;
}

static int fill(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (size_t i = 0; i < LEN; i++) {
        random = random * 1664525u + 1013904223u;
        plain[i] = (uint8_t)(random >> 27);
    }
    return 0;
}

static void test_round_trip_in_any_pieces(void **state)
{
    static const size_t pieces[] = {1, 511, 4096, LEN};
    struct deflate_zlib z;
    uLongf len = LEN;

    (void)state;
    deflate_zlib_init(&z);
    begin(&first, sizeof first.bytes);
    assert_int_equal(pack(&z, &first, 512), TDM_OK);
    assert_true(first.len < LEN * 3 / 4);
    assert_int_equal(uncompress(again, &len, first.bytes, first.len), Z_OK);
    assert_int_equal(len, LEN);
    assert_memory_equal(again, plain, LEN);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        begin(&other, sizeof other.bytes);
        assert_int_equal(pack(&z, &other, pieces[i]), TDM_OK);
        assert_int_equal(other.len, first.len);
        assert_memory_equal(other.bytes, first.bytes, first.len);
    }
}

static void test_a_sink_that_is_full(void **state)
{
    struct deflate_zlib z;

    (void)state;
    deflate_zlib_init(&z);
    begin(&other, 1000);
    assert_int_equal(pack(&z, &other, 4096), TDM_E_NO_ROOM);
    begin(&other, sizeof other.bytes); /* and the next stream begins anew */
    assert_int_equal(pack(&z, &other, 4096), TDM_OK);
    assert_memory_equal(other.bytes, first.bytes, first.len);
}

static void test_calls_out_of_order(void **state)
{
    struct deflate_zlib z;

    (void)state;
    deflate_zlib_init(&z);
    begin(&other, sizeof other.bytes);
    assert_int_equal(tdm_deflate_push(&z.port, plain, 1, &other.sink), TDM_E_BUG);
    assert_int_equal(tdm_deflate_end(&z.port, &other.sink), TDM_E_BUG);
    assert_int_equal(tdm_deflate_end(&z.port, NULL), TDM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_in_any_pieces),
        cmocka_unit_test(test_a_sink_that_is_full),
        cmocka_unit_test(test_calls_out_of_order),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
