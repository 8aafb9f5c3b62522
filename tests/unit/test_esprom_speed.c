/* SPDX-License-Identifier: Apache-2.0 */
/* The rate: up as far as the line carries it, and down when it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "esprom/esprom_packet.h"
#include "support/rom_bench.h"

static void test_speed_that_the_wire_does_not_carry(void **state)
{
    struct rom_bench *b = *state;

    b->rom.highest_baud = 460800;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_speed(&b->engine, 2000000), TDM_OK);
    assert_int_equal(b->engine.link.baud, 460800);
    assert_true(b->lines.loader_resets > 1); /* each forgets the flash's size, and the chip is the same */
    assert_int_equal(b->rom.seen[ESPROM_OP_SPI_SET_PARAMS], b->lines.loader_resets);
    assert_int_equal(b->rom.seen[ESPROM_OP_SECURITY_INFO], 2); /* it counts when it was said twice, once a session */
    assert_int_equal(bench_write(b, 0, 100), TDM_OK);
    b->lines.port.is_wired = false; /* nobody to reset it: the failure is final */
    b->rom.is_running = true;
    b->rom.baud = 115200;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_speed(&b->engine, 921600), TDM_E_NOISE);
    bench_has_fault(b, "too fast", TDM_E_NOISE, "baud_failed");
}

static void test_speed_change_with_a_lost_reply(void **state)
{
    struct rom_bench *b = *state;

    b->rom.trouble.op = ESPROM_OP_CHANGE_BAUDRATE;
    b->rom.trouble.times = 1;
    b->rom.trouble.kind = FAKE_ROM_LOSE_REPLY;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_speed(&b->engine, 921600), TDM_OK);
}

/* A damaged request is not understood; some loaders know fewer rates. Neither needs a reset. */
static void test_rates_that_the_rom_refuses(void **state)
{
    static const struct {
        const char *name;
        unsigned times;
        enum fake_rom_trouble kind;
        uint32_t ends_at;
    } rows[] = {
        {"the first", 1, FAKE_ROM_REFUSE, 460800},
        {"all of them", 9999, FAKE_ROM_REFUSE, 115200},
        {"not understood once", 1, FAKE_ROM_FLIP_OPCODE, 460800},
    };
    struct rom_bench *b = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        b->rom.seen[ESPROM_OP_CHANGE_BAUDRATE] = 0;
        b->rom.trouble.op = ESPROM_OP_CHANGE_BAUDRATE;
        b->rom.trouble.times = rows[i].times;
        b->rom.trouble.kind = rows[i].kind;
        b->lines.loader_resets = 0;
        assert_int_equal(esprom_connect(&b->engine), TDM_OK);
        assert_int_equal(esprom_set_speed(&b->engine, 921600), TDM_OK);
        if (b->engine.link.baud != rows[i].ends_at || b->lines.loader_resets != 1)
            fail_msg("%s: %u after %zu resets", rows[i].name, (unsigned)b->engine.link.baud, b->lines.loader_resets);
        assert_int_equal(bench_write(b, 0, 5000), TDM_OK);
        assert_memory_equal(b->rom.flash, b->data, 5000);
    }
}

/* A bridge that cannot have a rate: the next one is asked for, and the ROM hears nothing of the other. */
static void test_rates_that_the_port_lacks(void **state)
{
    static const struct {
        const char *name;
        uint32_t from, to, wanted, ends_at;
    } rows[] = {
        {"none above 921600", 921601, UINT32_MAX, 2000000, 921600},
        {"one in the middle", 1500000, 1500000, 1500000, 921600},
        {"none but the first", 115201, UINT32_MAX, 2000000, 115200},
        {"none at all", 115201, UINT32_MAX, 230400, 115200},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int has_lines = 0; has_lines < 2; has_lines++) {
            (void)bench_open(state);
            struct rom_bench *b = *state;
            b->engine.cfg.app_baud = ESPROM_BAUD_START;
            b->lines.port.is_wired = has_lines != 0;
            b->rom.is_running = !has_lines;
            b->serial.lacks_from = rows[i].from;
            b->serial.lacks_to = rows[i].to;
            assert_int_equal(esprom_connect(&b->engine), TDM_OK);
            assert_int_equal(esprom_set_speed(&b->engine, rows[i].wanted), TDM_OK);
            if (b->engine.link.baud != rows[i].ends_at || b->serial.baud != rows[i].ends_at)
                fail_msg("%s: %u, the port %u", rows[i].name, (unsigned)b->engine.link.baud, (unsigned)b->serial.baud);
            assert_int_equal(b->rom.rate_count, rows[i].ends_at != ESPROM_BAUD_START);
            assert_int_equal(b->lines.loader_resets, has_lines);
            assert_int_equal(bench_write(b, 0, 5000), TDM_OK);
            (void)bench_close(state);
        }
    }
}

/* ---- down in the midst of writing --------------------------------------------------------------------------------- */

#define BLOCK     ESPROM_OP_FLASH_DATA
#define DIGEST    ESPROM_OP_FLASH_MD5
#define ANY       FAKE_ROM_ANY
#define ALWAYS    9999
#define RUNGS_MAX 6
/* The first one, one for each step down, and two for the rounds that the last rate has after its first. */
#define HOPELESS_RESETS 8

/* Frames of this command meet the trouble from the nth on, at rates above the one given. */
static const struct ladder_row {
    const char *name;
    uint8_t op;
    unsigned nth, times;
    enum fake_rom_trouble kind;
    uint32_t above;
    uint32_t rates[RUNGS_MAX]; /* that the ROM is told, in this order; the first is the wanted one */
    uint32_t ends_at;
} ladder_rows[] = {
    {"nothing happens", BLOCK, 0, 0, FAKE_ROM_NONE, 0, {2000000}, 2000000},
    {"one block damaged", BLOCK, 2, 1, FAKE_ROM_FLIP_BIT, 0, {921600}, 921600},
    {"damaged above 460800", BLOCK, 2, ALWAYS, FAKE_ROM_FLIP_BIT, 460800, {921600, 460800}, 460800},
    {"lost above 460800", BLOCK, 2, ALWAYS, FAKE_ROM_LOSE_REQUEST, 460800, {2000000, 1500000, 921600, 460800}, 460800},
    {"answers lost above 921600", BLOCK, 3, ALWAYS, FAKE_ROM_LOSE_REPLY, 921600, {1500000, 921600}, 921600},
    {"answers cut above 230400", BLOCK, 0, ALWAYS, FAKE_ROM_CUT_REPLY, 230400, {460800, 230400}, 230400},
    {"damaged above 115200", BLOCK, 2, ALWAYS, FAKE_ROM_FLIP_BIT, 115200, {921600, 460800, 230400}, 115200},
    {"digests cut above 460800", DIGEST, 1, ALWAYS, FAKE_ROM_CUT_REPLY, 460800, {921600, 460800}, 460800},
    {"silent above 230400", ANY, 50, ALWAYS, FAKE_ROM_LOSE_REQUEST, 230400, {921600, 460800, 230400}, 230400},
};

/* The same at every rate: down to the last, and then by its name. */
static const struct hopeless_row {
    const char *name;
    uint8_t op;
    enum fake_rom_trouble kind;
    tdm_err err;
    const char *code;
} hopeless_rows[] = {
    {"damaged", BLOCK, FAKE_ROM_FLIP_BIT, TDM_E_NOISE, "block_damaged"},
    {"lost", BLOCK, FAKE_ROM_LOSE_REQUEST, TDM_E_TIMEOUT, "block_lost"},
    {"refused", BLOCK, FAKE_ROM_REFUSE, TDM_E_PEER, "block_refused"},
    {"erase refused", ESPROM_OP_FLASH_BEGIN, FAKE_ROM_REFUSE, TDM_E_PEER, "rom_refused"},
    {"digests lost", DIGEST, FAKE_ROM_LOSE_REPLY, TDM_E_TIMEOUT, "rom_silent"},
    {"digests cut", DIGEST, FAKE_ROM_CUT_REPLY, TDM_E_NOISE, "rom_noise"},
};

static void check_rates(const struct rom_bench *b, const char *name, const uint32_t *rates)
{
    size_t count = 0;

    for (; count < RUNGS_MAX && rates[count] != 0; count++)
        if (count >= b->rom.rate_count || b->rom.rates[count] != rates[count])
            fail_msg("%s: rate %zu of %zu was %u", name, count, b->rom.rate_count, (unsigned)b->rom.rates[count]);
    if (b->rom.rate_count != count)
        fail_msg("%s: %zu rates were asked for", name, b->rom.rate_count);
}

/* What comes of writing all the data at this rate. */
static tdm_err write_at(struct rom_bench *b, uint32_t baud, bool is_packed)
{
    b->engine.cfg.block_size = 1024;
    b->engine.cfg.deflate = is_packed ? &b->deflate.port : NULL;
    if (is_packed)
        b->rom.trouble.op = fake_rom_packed_op(b->rom.trouble.op);
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_speed(&b->engine, baud), TDM_OK);
    assert_int_equal(b->engine.link.baud, baud);
    return bench_write(b, 0x1000, sizeof b->data);
}

static void check_ladder(const struct ladder_row *row, bool is_packed)
{
    void *state;

    (void)bench_open(&state);
    struct rom_bench *b = state;
    b->rom.trouble.op = row->op;
    b->rom.trouble.nth = row->nth;
    b->rom.trouble.times = row->times;
    b->rom.trouble.kind = row->kind;
    b->rom.trouble.above_baud = row->above;
    if (write_at(b, row->rates[0], is_packed) != TDM_OK)
        fail_msg("%s: %s at %u", row->name, b->engine.fault.code, (unsigned)b->engine.link.baud);
    check_rates(b, row->name, row->rates);
    if (b->engine.link.baud != row->ends_at)
        fail_msg("%s: ended at %u", row->name, (unsigned)b->engine.link.baud);
    assert_memory_equal(b->rom.flash + 0x1000, b->data, sizeof b->data);
    bench_is_left(b, row->name);
    (void)bench_close(&state);
}

static void test_down_in_the_midst_of_writing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ladder_rows / sizeof ladder_rows[0]; i++)
        for (int packed = 0; packed < 2; packed++)
            check_ladder(&ladder_rows[i], packed != 0);
}

/* Nobody can reset it, but as long as it answers it can be told to go slower. */
static void test_down_without_lines(void **state)
{
    static const uint32_t rates[RUNGS_MAX] = {921600, 460800, 230400};
    struct rom_bench *b = *state;

    b->lines.port.is_wired = false;
    b->rom.is_running = true;
    b->rom.trouble.op = BLOCK;
    b->rom.trouble.times = ALWAYS;
    b->rom.trouble.kind = FAKE_ROM_FLIP_BIT;
    b->rom.trouble.above_baud = 230400;
    assert_int_equal(write_at(b, rates[0], false), TDM_OK);
    check_rates(b, "without lines", rates);
    assert_memory_equal(b->rom.flash + 0x1000, b->data, sizeof b->data);
    assert_int_equal(esprom_leave(&b->engine), TDM_OK);
    assert_int_equal(b->serial.baud, BENCH_APP_BAUD);
    assert_int_equal(b->lines.resets, 0);
}

/* On the way down there may be such a rate as well. */
static void test_down_past_a_rate_that_the_port_lacks(void **state)
{
    for (int has_lines = 0; has_lines < 2; has_lines++) {
        static const uint32_t rates[RUNGS_MAX] = {921600, 230400};
        (void)bench_open(state);
        struct rom_bench *b = *state;
        b->lines.port.is_wired = has_lines != 0;
        b->rom.is_running = !has_lines;
        b->serial.lacks_from = b->serial.lacks_to = 460800;
        b->rom.trouble.op = BLOCK;
        b->rom.trouble.times = ALWAYS;
        b->rom.trouble.kind = FAKE_ROM_FLIP_BIT;
        b->rom.trouble.above_baud = 230400;
        assert_int_equal(write_at(b, rates[0], false), TDM_OK);
        check_rates(b, "past a rate", rates);
        assert_memory_equal(b->rom.flash + 0x1000, b->data, sizeof b->data);
        (void)bench_close(state);
    }
}

/* The order to go slower may be hurt as well: another round at the old rate, and it is given again. */
static void test_down_without_lines_at_the_second_try(void **state)
{
    static const uint32_t rates[RUNGS_MAX] = {460800, 230400};
    struct rom_bench *b = *state;

    b->lines.port.is_wired = false;
    b->rom.is_running = true;
    b->rom.trouble.op = BLOCK;
    b->rom.trouble.times = ALWAYS;
    b->rom.trouble.kind = FAKE_ROM_FLIP_BIT;
    b->rom.trouble.above_baud = 230400;
    b->rom.misheard_baud = 230400;
    assert_int_equal(write_at(b, rates[0], false), TDM_OK);
    check_rates(b, "second try", rates);
    assert_memory_equal(b->rom.flash + 0x1000, b->data, sizeof b->data);
}

static void test_no_rate_helps_without_lines(void **state)
{
    static const uint32_t rates[RUNGS_MAX] = {460800, 230400, 115200};
    struct rom_bench *b = *state;

    b->lines.port.is_wired = false;
    b->rom.is_running = true;
    b->rom.trouble.op = BLOCK;
    b->rom.trouble.times = ALWAYS;
    b->rom.trouble.kind = FAKE_ROM_FLIP_BIT;
    assert_int_equal(write_at(b, rates[0], false), TDM_E_NOISE);
    bench_has_fault(b, "without lines", TDM_E_NOISE, "block_damaged");
    check_rates(b, "without lines", rates);
}

static void check_hopeless(const struct hopeless_row *row, bool is_packed)
{
    static const uint32_t all[RUNGS_MAX] = {2000000, 1500000, 921600, 460800, 230400};
    void *state;

    (void)bench_open(&state);
    struct rom_bench *b = state;
    b->rom.trouble.op = row->op;
    b->rom.trouble.times = ALWAYS;
    b->rom.trouble.kind = row->kind;
    assert_int_equal(write_at(b, all[0], is_packed), row->err);
    bench_has_fault(b, row->name, row->err, row->code);
    check_rates(b, row->name, all);
    assert_int_equal(b->engine.link.baud, ESPROM_BAUD_START);
    if (b->lines.loader_resets > HOPELESS_RESETS)
        fail_msg("%s: %zu resets", row->name, b->lines.loader_resets);
    bench_is_left(b, row->name);
    (void)bench_close(&state);
}

static void test_no_rate_helps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hopeless_rows / sizeof hopeless_rows[0]; i++)
        for (int packed = 0; packed < 2; packed++)
            check_hopeless(&hopeless_rows[i], packed != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_speed_that_the_wire_does_not_carry),
        BENCH_TEST(test_speed_change_with_a_lost_reply),
        BENCH_TEST(test_rates_that_the_rom_refuses),
        cmocka_unit_test(test_rates_that_the_port_lacks),
        cmocka_unit_test(test_down_past_a_rate_that_the_port_lacks),
        cmocka_unit_test(test_down_in_the_midst_of_writing),
        BENCH_TEST(test_down_without_lines),
        BENCH_TEST(test_down_without_lines_at_the_second_try),
        cmocka_unit_test(test_no_rate_helps),
        BENCH_TEST(test_no_rate_helps_without_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
