/* SPDX-License-Identifier: Apache-2.0 */
/* One trouble at a time, plain and compressed, each ending in success or in its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "esprom/esprom_packet.h"
#include "support/rom_bench.h"

/* 20,000 bytes in blocks of 1024: 20 plain, and no fewer than 15 packed. One question for the region, one for its only
 * chunk, one for each of five sectors; the next is the proof of what was written. */
#define LAST_BLOCK  14
#define FIRST_PROOF 7

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
    b->rom.trouble.nth = row->nth;
    b->rom.trouble.times = row->times;
    b->rom.trouble.kind = row->kind;
    tdm_err err = esprom_connect(&b->engine);
    if (err == TDM_OK)
        err = bench_write(b, 0x1000, sizeof b->data);
    if (err != row->err)
        fail_msg("%s%s: ended with %s %s", row->name, is_packed ? ", packed" : "", tdm_err_name(err),
                 b->engine.fault.code);
    bench_has_fault(b, row->name, row->err, row->code);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_troubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
