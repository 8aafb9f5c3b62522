/* SPDX-License-Identifier: Apache-2.0 */
/* Regions into flash: both kinds of stream, only what differs, every size; and wrong use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "esprom/esprom_packet.h"
#include "support/rom_bench.h"

static tdm_err read_nothing(struct esprom_source *s, uint32_t at, uint8_t *buf, uint32_t len)
{
    (void)s, (void)at, (void)buf, (void)len;
    return TDM_E_CORRUPT;
}

static void test_both_kinds_of_stream(void **state)
{
    struct rom_bench *b = *state;

    for (int packed = 0; packed < 2; packed++) {
        b->engine.cfg.deflate = packed ? &b->deflate.port : NULL;
        memset(b->rom.flash, 0, sizeof b->rom.flash);
        memset(b->rom.seen, 0, sizeof b->rom.seen);
        b->engine.tally = (struct esprom_tally){0};
        assert_int_equal(esprom_connect(&b->engine), TDM_OK);
        assert_int_equal(bench_write(b, 0x1000, sizeof b->data), TDM_OK);
        assert_memory_equal(b->rom.flash + 0x1000, b->data, sizeof b->data);
        assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_BEGIN], packed ? 0 : 1);
        assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_DEFL_BEGIN], packed ? 1 : 0);
        assert_int_equal(b->rom.flash[0], 0); /* the sectors beside it are as they were */
        assert_int_equal(b->rom.flash[0x1000 + 5 * ESPROM_SECTOR], 0);
    }
    assert_true(b->engine.tally.sent < sizeof b->data * 4 / 5);
    assert_int_equal(b->engine.tally.recoveries, 0);
    assert_true(b->log.phases_seen & 1u << TDM_PHASE_CONNECT);
    assert_true(b->log.phases_seen & 1u << TDM_PHASE_FLASH);
    assert_true(b->log.phases_seen & 1u << TDM_PHASE_PROVE);
}

static void test_what_does_not_deflate_is_sent_plain(void **state)
{
    struct rom_bench *b = *state;
    uint32_t random = 1;

    for (size_t i = 0; i < sizeof b->data; i++) {
        random = random * 1664525u + 1013904223u;
        b->data[i] = (uint8_t)(random >> 24);
    }
    b->engine.cfg.deflate = &b->deflate.port;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(bench_write(b, 0, sizeof b->data), TDM_OK);
    assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_DEFL_BEGIN], 0);
    assert_int_equal(b->engine.tally.sent, sizeof b->data);
}

static void test_a_rom_that_does_not_inflate(void **state)
{
    struct rom_bench *b = *state;

    b->engine.cfg.deflate = &b->deflate.port;
    b->rom.inflates = false;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(bench_write(b, 0, sizeof b->data), TDM_OK);
    assert_memory_equal(b->rom.flash, b->data, sizeof b->data);
    assert_int_equal(b->engine.tally.sent, sizeof b->data);
}

/* ---- only what differs ---------------------------------------------------------------------------------------------- */

static void test_only_what_differs(void **state)
{
    struct rom_bench *b = *state;
    static const struct {
        const char *name;
        uint32_t spoiled[4]; /* offsets in the region + 1; 0: no more */
        uint32_t sectors, streams;
    } rows[] = {
        {"nothing", {0}, 0, 0},
        {"the first byte", {1}, 1, 1},
        {"the last byte, in a sector that is not full", {20000}, 1, 1},
        {"two neighbours", {4096, 4097}, 2, 1},
        {"two with one between", {1, 2 * 4096 + 1}, 2, 2},
        {"every one", {1, 4096 + 1, 2 * 4096 + 1, 3 * 4096 + 1}, 4, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(esprom_connect(&b->engine), TDM_OK);
        memcpy(b->rom.flash + 0x1000, b->data, sizeof b->data);
        for (size_t k = 0; k < 4 && rows[i].spoiled[k]; k++)
            b->rom.flash[0x1000 + rows[i].spoiled[k] - 1] ^= 0x81;
        assert_int_equal(esprom_plan(&b->engine, 0x1000, sizeof b->data, &b->source), TDM_OK);
        assert_int_equal(b->engine.region.differing, rows[i].sectors);
        b->engine.tally = (struct esprom_tally){0};
        assert_int_equal(bench_write(b, 0x1000, sizeof b->data), TDM_OK);
        assert_memory_equal(b->rom.flash + 0x1000, b->data, sizeof b->data);
        if (b->engine.tally.rewritten != rows[i].sectors || b->engine.tally.streams != rows[i].streams)
            fail_msg("%s: %u sectors in %u streams", rows[i].name, (unsigned)b->engine.tally.rewritten,
                     (unsigned)b->engine.tally.streams);
        assert_int_equal(b->engine.tally.sectors, 5);
    }
}

static void test_odd_sizes_are_filled_up(void **state)
{
    struct rom_bench *b = *state;
    static const uint32_t sizes[] = {1, 3, 4, 4093, 4096, 4097, 8191};

    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(b->rom.flash, 0xa5, sizeof b->rom.flash);
        assert_int_equal(bench_write(b, 0x2000, sizes[i]), TDM_OK);
        assert_memory_equal(b->rom.flash + 0x2000, b->data, sizes[i]);
        if (sizes[i] % 4 != 0)
            assert_int_equal(b->rom.flash[0x2000 + sizes[i]], 0xff);
    }
}

static void test_blocks_of_the_configured_size(void **state)
{
    struct rom_bench *b = *state;

    b->engine.cfg.block_size = 1024;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(bench_write(b, 0, 10000), TDM_OK);
    assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_DATA], 10);
}

static void test_a_source_that_fails(void **state)
{
    struct rom_bench *b = *state;

    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    b->source.read = read_nothing;
    assert_int_equal(bench_write(b, 0, 10000), TDM_E_CORRUPT);
    bench_has_fault(b, "source", TDM_E_CORRUPT, "source_failed");
    assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_BEGIN], 0);
}

/* Says that everything becomes ten bytes; one of its calls fails. */
struct failing_deflate {
    struct tdm_deflate port;
    unsigned calls, fails_at;
};

static tdm_err next_call(struct tdm_deflate *d)
{
    struct failing_deflate *f = (struct failing_deflate *)(void *)d;
    return ++f->calls == f->fails_at ? TDM_E_NO_ROOM : TDM_OK;
}

static tdm_err deflate_piece(struct tdm_deflate *d, const uint8_t *data, size_t len, struct tdm_sink *to)
{
    (void)data, (void)len, (void)to;
    return next_call(d);
}

static tdm_err deflate_end(struct tdm_deflate *d, struct tdm_sink *to)
{
    static const uint8_t packed[10];

    if (to == NULL)
        return TDM_OK;
    tdm_err err = next_call(d);
    return err == TDM_OK ? tdm_sink_push(to, packed, sizeof packed) : err;
}

/* A sector in pieces of 512: begin, eight pushes, end; to measure first, then to send. */
static void test_a_compressor_that_fails(void **state)
{
    static const struct tdm_deflate_ops ops = {next_call, deflate_piece, deflate_end};

    for (unsigned at = 1; at <= 20; at++) {
        struct failing_deflate deflate = {.port = {&ops}, .fails_at = at};
        (void)bench_open(state);
        struct rom_bench *b = *state;
        b->engine.cfg.deflate = &deflate.port;
        assert_int_equal(esprom_connect(&b->engine), TDM_OK);
        tdm_err err = bench_write(b, 0, ESPROM_SECTOR);
        if (err != TDM_E_NO_ROOM || b->rom.seen[ESPROM_OP_FLASH_DEFL_BEGIN] != (at > 10))
            fail_msg("call %u: %s", at, tdm_err_name(err));
        bench_has_fault(b, "compressor", TDM_E_NO_ROOM, "compressor_failed");
        bench_is_left(b, "compressor");
        (void)bench_close(state);
    }
}

static void test_raised_speed_and_leave(void **state)
{
    struct rom_bench *b = *state;

    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_speed(&b->engine, 921600), TDM_OK);
    assert_int_equal(b->serial.baud, 921600);
    assert_int_equal(bench_write(b, 0, 5000), TDM_OK);
    assert_int_equal(esprom_leave(&b->engine), TDM_OK);
    assert_int_equal(b->serial.baud, 460800);
    assert_int_equal(b->lines.resets, 2);
    assert_int_equal(b->lines.loader_resets, 1);
    assert_false(b->lines.reset || b->lines.boot);
    assert_false(b->engine.needs_hand);
}

/* ---- wrong use ---------------------------------------------------------------------------------------------------- */

static void test_regions_that_do_not_fit(void **state)
{
    struct rom_bench *b = *state;
    static const struct {
        uint32_t offset, size;
        tdm_err err;
        const char *code;
    } rows[] = {
        {0x800, 4, TDM_E_BOUNDS, "region_unaligned"},
        {0x1000, 0, TDM_E_BOUNDS, "region_empty"},
        {0x400000, 4, TDM_E_NO_ROOM, "region_too_long"},
        {0x3ff000, 0x1001, TDM_E_NO_ROOM, "region_too_long"},
        {0xfffff000u, 0x2000, TDM_E_NO_ROOM, "region_too_long"},
        {0x1000, 0xffffffffu, TDM_E_NO_ROOM, "region_too_long"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(esprom_connect(&b->engine), TDM_OK);
        assert_int_equal(esprom_update(&b->engine, rows[i].offset, rows[i].size, &b->source), rows[i].err);
        bench_has_fault(b, "region", rows[i].err, rows[i].code);
    }
    assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_BEGIN], 0);
}

static void test_calls_out_of_order(void **state)
{
    struct rom_bench *b = *state;

    assert_int_equal(bench_write(b, 0, 4), TDM_E_BUG);
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(bench_write(b, 0, 4), TDM_OK);
    assert_int_equal(esprom_leave(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_speed(&b->engine, 921600), TDM_E_BUG);
}

static void test_state_fits_a_microcontroller(void **state)
{
    (void)state;
    assert_true(sizeof(struct esprom) < 14 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_both_kinds_of_stream),        BENCH_TEST(test_what_does_not_deflate_is_sent_plain),
        BENCH_TEST(test_a_rom_that_does_not_inflate), BENCH_TEST(test_only_what_differs),
        BENCH_TEST(test_a_source_that_fails),         cmocka_unit_test(test_a_compressor_that_fails),
        BENCH_TEST(test_odd_sizes_are_filled_up),     BENCH_TEST(test_blocks_of_the_configured_size),
        BENCH_TEST(test_raised_speed_and_leave),      BENCH_TEST(test_regions_that_do_not_fit),
        BENCH_TEST(test_calls_out_of_order),          cmocka_unit_test(test_state_fits_a_microcontroller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
