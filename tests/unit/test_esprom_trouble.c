/* SPDX-License-Identifier: Apache-2.0 */
/* One trouble at a time, plain and compressed, each ending in success or in its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "esprom/esprom_packet.h"
#include "support/rom_bench.h"

/* A question for each of five sectors, since the first of them differs; the next begins the comparison of what was
 * written. */
#define FIRST_PROOF 5
#define LAST_BLOCK  1000

/* 20,000 bytes in blocks of 1024; packed they are 15,157. */
static unsigned nth_of(unsigned nth, bool is_packed)
{
    return nth != LAST_BLOCK ? nth : is_packed ? 14 : 19;
}

static const struct trouble_row {
    const char *name;
    uint8_t op;
    unsigned nth, times;
    enum fake_rom_trouble kind;
    tdm_err err;
    const char *code;
} trouble_rows[] = {
    {"first syncs lost", ESPROM_OP_SYNC, 0, 4, FAKE_ROM_LOSE_REQUEST, TDM_OK, ""},
    {"a whole round of syncs lost", ESPROM_OP_SYNC, 0, 7, FAKE_ROM_LOSE_REQUEST, TDM_OK, ""},
    {"every sync lost", ESPROM_OP_SYNC, 0, 1000, FAKE_ROM_LOSE_REQUEST, TDM_E_TIMEOUT, "no_sync"},
    {"security info lost once", ESPROM_OP_SECURITY_INFO, 0, 1, FAKE_ROM_LOSE_REQUEST, TDM_OK, ""},
    {"security info silent", ESPROM_OP_SECURITY_INFO, 0, 9, FAKE_ROM_LOSE_REPLY, TDM_E_TIMEOUT, "rom_silent"},
    {"register reply cut", ESPROM_OP_READ_REG, 1, 1, FAKE_ROM_CUT_REPLY, TDM_OK, ""},
    {"register reply lost", ESPROM_OP_READ_REG, 0, 1, FAKE_ROM_LOSE_REPLY, TDM_OK, ""},
    {"flash id turned by noise", ESPROM_OP_READ_REG, 5, 1, FAKE_ROM_FLIP_REPLY, TDM_OK, ""},
    {"its confirmation turned", ESPROM_OP_READ_REG, 9, 1, FAKE_ROM_FLIP_REPLY, TDM_OK, ""},
    {"register always cut", ESPROM_OP_READ_REG, 0, 99, FAKE_ROM_CUT_REPLY, TDM_E_NOISE, "rom_noise"},
    {"late syncs before a register", ESPROM_OP_READ_REG, 0, 99, FAKE_ROM_LATE_SYNCS, TDM_OK, ""},
    {"text before a register", ESPROM_OP_READ_REG, 0, 99, FAKE_ROM_TEXT_FIRST, TDM_OK, ""},
    {"opcode damaged once", ESPROM_OP_SPI_ATTACH, 0, 1, FAKE_ROM_FLIP_OPCODE, TDM_OK, ""},
    {"attach refused once", ESPROM_OP_SPI_ATTACH, 0, 1, FAKE_ROM_REFUSE, TDM_OK, ""},
    {"attach refused", ESPROM_OP_SPI_ATTACH, 0, 9, FAKE_ROM_REFUSE, TDM_E_PEER, "rom_refused"},
    {"erase reply lost", ESPROM_OP_FLASH_BEGIN, 0, 1, FAKE_ROM_LOSE_REPLY, TDM_OK, ""},
    {"erase refused", ESPROM_OP_FLASH_BEGIN, 0, 99, FAKE_ROM_REFUSE, TDM_E_PEER, "rom_refused"},
    {"erase refused once", ESPROM_OP_FLASH_BEGIN, 0, 1, FAKE_ROM_REFUSE, TDM_OK, ""},
    {"block lost", ESPROM_OP_FLASH_DATA, 1, 1, FAKE_ROM_LOSE_REQUEST, TDM_OK, ""},
    {"last block lost", ESPROM_OP_FLASH_DATA, LAST_BLOCK, 1, FAKE_ROM_LOSE_REQUEST, TDM_OK, ""},
    {"block's reply lost", ESPROM_OP_FLASH_DATA, 1, 1, FAKE_ROM_LOSE_REPLY, TDM_OK, ""},
    {"last block's reply lost", ESPROM_OP_FLASH_DATA, LAST_BLOCK, 1, FAKE_ROM_LOSE_REPLY, TDM_OK, ""},
    {"block damaged", ESPROM_OP_FLASH_DATA, 2, 1, FAKE_ROM_FLIP_BIT, TDM_OK, ""},
    {"last block damaged", ESPROM_OP_FLASH_DATA, LAST_BLOCK, 1, FAKE_ROM_FLIP_BIT, TDM_OK, ""},
    {"block's reply cut", ESPROM_OP_FLASH_DATA, 0, 1, FAKE_ROM_CUT_REPLY, TDM_OK, ""},
    {"block refused", ESPROM_OP_FLASH_DATA, 0, 1, FAKE_ROM_REFUSE, TDM_OK, ""},
    {"block under another opcode", ESPROM_OP_FLASH_DATA, 1, 1, FAKE_ROM_FLIP_OPCODE, TDM_OK, ""},
    {"every block lost", ESPROM_OP_FLASH_DATA, 0, 999, FAKE_ROM_LOSE_REQUEST, TDM_E_TIMEOUT, "block_lost"},
    {"every block damaged", ESPROM_OP_FLASH_DATA, 0, 999, FAKE_ROM_FLIP_BIT, TDM_E_NOISE, "block_damaged"},
    {"every block refused", ESPROM_OP_FLASH_DATA, 0, 999, FAKE_ROM_REFUSE, TDM_E_PEER, "block_refused"},
    {"late syncs before blocks", ESPROM_OP_FLASH_DATA, 0, 99, FAKE_ROM_LATE_SYNCS, TDM_OK, ""},
    {"text before blocks", ESPROM_OP_FLASH_DATA, 0, 99, FAKE_ROM_TEXT_FIRST, TDM_OK, ""},
    {"digest's reply cut once", ESPROM_OP_FLASH_MD5, 0, 1, FAKE_ROM_CUT_REPLY, TDM_OK, ""},
    {"digest's reply lost once", ESPROM_OP_FLASH_MD5, 0, 1, FAKE_ROM_LOSE_REPLY, TDM_OK, ""},
    {"digest silent for a while", ESPROM_OP_FLASH_MD5, 0, 4, FAKE_ROM_LOSE_REPLY, TDM_OK, ""},
    {"a bit falls after writing", ESPROM_OP_FLASH_MD5, FIRST_PROOF, 1, FAKE_ROM_FLASH_ROTS, TDM_OK, ""},
    {"bits fall all the time", ESPROM_OP_FLASH_MD5, 0, 999, FAKE_ROM_FLASH_ROTS, TDM_E_CORRUPT, "digest_differs"},
};

static void check_trouble(const struct trouble_row *row, bool is_packed)
{
    void *state;

    (void)bench_open(&state);
    struct rom_bench *b = state;
    b->engine.cfg.block_size = 1024;
    b->engine.cfg.deflate = is_packed ? &b->deflate.port : NULL;
    b->rom.trouble.op = is_packed ? fake_rom_packed_op(row->op) : row->op;
    b->rom.trouble.nth = nth_of(row->nth, is_packed);
    b->rom.trouble.times = row->times;
    b->rom.trouble.kind = row->kind;
    tdm_err err = esprom_connect(&b->engine);
    if (err == TDM_OK)
        err = bench_write(b, 0x1000, sizeof b->data);
    if (err != row->err)
        fail_msg("%s%s: ended with %s %s", row->name, is_packed ? ", packed" : "", tdm_err_name(err),
                 b->engine.fault.code);
    bench_has_fault(b, row->name, row->err, row->code);
    if (b->rom.seen[b->rom.trouble.op] <= b->rom.trouble.nth)
        fail_msg("%s: nothing met it", row->name);
    bool is_written = memcmp(b->rom.flash + 0x1000, b->data, sizeof b->data) == 0;
    if (err == TDM_OK && !is_written)
        fail_msg("%s: success, but the flash holds something else", row->name);
    if (err == TDM_OK && b->rom.flash_size != 4u << 20)
        fail_msg("%s: the flash is taken for %u bytes", row->name, (unsigned)b->rom.flash_size);
    if (b->clock.passed_ms > 180000)
        fail_msg("%s: took %u ms", row->name, (unsigned)b->clock.passed_ms);
    assert_int_equal(esprom_leave(&b->engine), TDM_OK);
    b->rom.trouble.kind = FAKE_ROM_NONE; /* and then everything goes well again */
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(bench_write(b, 0x1000, sizeof b->data), TDM_OK);
    (void)bench_close(&state);
}

static void test_troubles(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof trouble_rows / sizeof trouble_rows[0]; i++)
        for (int packed = 0; packed < 2; packed++)
            check_trouble(&trouble_rows[i], packed != 0);
}

/* ---- a loader that says no more until it is reset ------------------------------------------------------------------ */

#define ALWAYS 9999
/* Three to connect, three rounds of them; no command of this bench may take longer than four waits of five seconds. */
#define WEDGE_RESETS 9
#define WEDGE_MS     120000

static const struct wedge_row {
    const char *name;
    uint8_t op; /* the command that it does not live through, from the nth on */
    unsigned nth, times;
    enum fake_rom_start then; /* what resets lead to */
    tdm_err err;
    const char *code;
} wedge_rows[] = {
    {"at the first sync", ESPROM_OP_SYNC, 0, 1, FAKE_ROM_LOADER, TDM_OK, ""},
    {"at the chip's name", ESPROM_OP_SECURITY_INFO, 0, 1, FAKE_ROM_LOADER, TDM_OK, ""},
    {"at a register", ESPROM_OP_READ_REG, 3, 1, FAKE_ROM_LOADER, TDM_OK, ""},
    {"at the flash's attachment", ESPROM_OP_SPI_ATTACH, 0, 1, FAKE_ROM_LOADER, TDM_OK, ""},
    {"at the flash's size", ESPROM_OP_SPI_SET_PARAMS, 0, 1, FAKE_ROM_LOADER, TDM_OK, ""},
    {"at the first digest", ESPROM_OP_FLASH_MD5, 0, 1, FAKE_ROM_LOADER, TDM_OK, ""},
    {"at the erase", ESPROM_OP_FLASH_BEGIN, 0, 1, FAKE_ROM_LOADER, TDM_OK, ""},
    {"at the first block", ESPROM_OP_FLASH_DATA, 0, 1, FAKE_ROM_LOADER, TDM_OK, ""},
    {"in the midst of the blocks", ESPROM_OP_FLASH_DATA, 7, 1, FAKE_ROM_LOADER, TDM_OK, ""},
    {"at the last block", ESPROM_OP_FLASH_DATA, LAST_BLOCK, 1, FAKE_ROM_LOADER, TDM_OK, ""},
    {"twice in a row", ESPROM_OP_FLASH_DATA, 2, 2, FAKE_ROM_LOADER, TDM_OK, ""},
    {"at the proof", ESPROM_OP_FLASH_MD5, FIRST_PROOF, 1, FAKE_ROM_LOADER, TDM_OK, ""},
    {"at every sync", ESPROM_OP_SYNC, 0, ALWAYS, FAKE_ROM_LOADER, TDM_E_TIMEOUT, "no_sync"},
    {"whenever it is asked for the chip", ESPROM_OP_SECURITY_INFO, 0, ALWAYS, FAKE_ROM_LOADER, TDM_E_TIMEOUT,
     "rom_silent"},
    {"at every erase", ESPROM_OP_FLASH_BEGIN, 0, ALWAYS, FAKE_ROM_LOADER, TDM_E_TIMEOUT, "rom_silent"},
    {"at every block", ESPROM_OP_FLASH_DATA, 3, ALWAYS, FAKE_ROM_LOADER, TDM_E_TIMEOUT, "block_lost"},
    {"at every digest", ESPROM_OP_FLASH_MD5, 2, ALWAYS, FAKE_ROM_LOADER, TDM_E_TIMEOUT, "rom_silent"},
    {"for ever", ESPROM_OP_FLASH_DATA, 3, 1, FAKE_ROM_MUTE, TDM_E_TIMEOUT, "no_answer"},
    {"and hears no more", ESPROM_OP_FLASH_DATA, 3, 1, FAKE_ROM_DEAF, TDM_E_TIMEOUT, "no_sync"},
    {"and the strap is pulled no more", ESPROM_OP_FLASH_DATA, 3, 1, FAKE_ROM_APP, TDM_E_STATE, "not_in_loader"},
};

static void check_wedge(const struct wedge_row *row, bool is_packed)
{
    void *state;

    (void)bench_open(&state);
    struct rom_bench *b = state;
    b->engine.cfg.block_size = 1024;
    b->engine.cfg.deflate = is_packed ? &b->deflate.port : NULL;
    b->rom.trouble.op = is_packed ? fake_rom_packed_op(row->op) : row->op;
    b->rom.trouble.nth = nth_of(row->nth, is_packed);
    b->rom.trouble.times = row->times;
    b->rom.trouble.kind = FAKE_ROM_WEDGE;
    b->rom.trouble.then = row->then;
    tdm_err err = esprom_connect(&b->engine);
    if (err == TDM_OK)
        err = bench_write(b, 0x1000, sizeof b->data);
    if (err != row->err)
        fail_msg("%s: ended with %s %s", row->name, tdm_err_name(err), b->engine.fault.code);
    bench_has_fault(b, row->name, row->err, row->code);
    if (err == TDM_OK && memcmp(b->rom.flash + 0x1000, b->data, sizeof b->data) != 0)
        fail_msg("%s: success, but the flash holds something else", row->name);
    if (b->rom.seen[b->rom.trouble.op] <= b->rom.trouble.nth)
        fail_msg("%s: nothing met it", row->name);
    if (b->lines.loader_resets < 1 + (row->times < ALWAYS ? row->times : 1))
        fail_msg("%s: only %zu resets", row->name, b->lines.loader_resets);
    if (b->lines.loader_resets > WEDGE_RESETS || b->clock.passed_ms > WEDGE_MS)
        fail_msg("%s: %zu resets in %u ms", row->name, b->lines.loader_resets, (unsigned)b->clock.passed_ms);
    bench_is_left(b, row->name);
    (void)bench_close(&state);
}

static void test_wedged_loader(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wedge_rows / sizeof wedge_rows[0]; i++)
        for (int packed = 0; packed < 2; packed++)
            check_wedge(&wedge_rows[i], packed != 0);
}

/* One that wedges whenever it is told of another rate can still be flashed at the first one. */
static void test_wedged_by_every_rate(void **state)
{
    struct rom_bench *b = *state;

    b->rom.trouble.op = ESPROM_OP_CHANGE_BAUDRATE;
    b->rom.trouble.times = ALWAYS;
    b->rom.trouble.kind = FAKE_ROM_WEDGE;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_speed(&b->engine, 2000000), TDM_OK);
    assert_int_equal(b->engine.link.baud, ESPROM_BAUD_START);
    assert_int_equal(b->lines.loader_resets, 6); /* 2000000, 1500000, 921600, 460800 and 230400 were tried */
    assert_int_equal(bench_write(b, 0x1000, sizeof b->data), TDM_OK);
    assert_memory_equal(b->rom.flash + 0x1000, b->data, sizeof b->data);
    bench_is_left(b, "every rate");
}

/* Without lines nobody can reset it; whoever asked is told what it failed of. */
static void test_wedged_without_lines(void **state)
{
    struct rom_bench *b = *state;

    b->lines.port.is_wired = false;
    b->rom.is_running = true;
    b->rom.trouble.op = ESPROM_OP_FLASH_DATA;
    b->rom.trouble.nth = 2;
    b->rom.trouble.times = 1;
    b->rom.trouble.kind = FAKE_ROM_WEDGE;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(bench_write(b, 0x1000, sizeof b->data), TDM_E_TIMEOUT);
    bench_has_fault(b, "without lines", TDM_E_TIMEOUT, "block_lost");
    assert_int_equal(esprom_leave(&b->engine), TDM_OK);
    assert_int_equal(b->serial.baud, BENCH_APP_BAUD);
    assert_true(b->engine.needs_hand);
}

/* An erase may take minutes: its silence is followed by SYNC, not by another erase that nobody waits for. */
static void test_erase_is_not_repeated_into_silence(void **state)
{
    struct rom_bench *b = *state;
    size_t at = 0;

    b->rom.trouble.op = ESPROM_OP_FLASH_BEGIN;
    b->rom.trouble.times = 1;
    b->rom.trouble.kind = FAKE_ROM_LOSE_REPLY;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(bench_write(b, 0x1000, sizeof b->data), TDM_OK);
    while (b->rom.ops[at] != ESPROM_OP_FLASH_BEGIN)
        at++;
    assert_int_equal(b->rom.ops[at + 1], ESPROM_OP_SYNC);
    assert_int_equal(b->rom.ops[at + 2], ESPROM_OP_FLASH_BEGIN);
    assert_int_equal(b->engine.tally.recoveries, 0);
}

static void test_no_erase_is_asked_of_a_dead_loader(void **state)
{
    struct rom_bench *b = *state;

    b->rom.trouble.op = ESPROM_OP_FLASH_BEGIN;
    b->rom.trouble.times = 1;
    b->rom.trouble.kind = FAKE_ROM_WEDGE;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    uint64_t begun = b->clock.passed_ms;
    assert_int_equal(bench_write(b, 0x1000, sizeof b->data), TDM_OK);
    assert_true(b->clock.passed_ms - begun < 6000); /* an erase of this size is waited for 3000 */
    assert_int_equal(b->lines.loader_resets, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_troubles),
        cmocka_unit_test(test_wedged_loader),
        BENCH_TEST(test_wedged_by_every_rate),
        BENCH_TEST(test_wedged_without_lines),
        BENCH_TEST(test_erase_is_not_repeated_into_silence),
        BENCH_TEST(test_no_erase_is_asked_of_a_dead_loader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
