/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulated loader promises beyond the captures: 32 KiB units, the 2 MB it starts with, --strict, RAM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "sim_esprom.h"
#include "slip/slip.h"

#define FLASH_SIZE (4u * 1024 * 1024)

enum { OP_BEGIN = 2, OP_MEM_BEGIN = 5, OP_MEM_END = 6, OP_MEM_DATA = 7, OP_READ_REG = 10, OP_SET_PARAMS = 11 };
enum { OP_ATTACH = 13, OP_DEFL_BEGIN = 16, OP_DEFL_DATA = 17, OP_MD5 = 19 };

static uint8_t flash_bytes[FLASH_SIZE];
static struct sim_flash flash;
static struct sim_esprom rom;

static void start(bool is_strict)
{
    memset(flash_bytes, 0xff, sizeof flash_bytes);
    sim_flash_init(&flash, flash_bytes, FLASH_SIZE);
    sim_esprom_init(
        &rom, &(struct sim_rom_config){.part = sim_part_by_name("esp32h2"), .flash = &flash, .is_strict = is_strict});
}

/* The reply's packet; its status begins 4 bytes before its end. */
static size_t ask(uint8_t op, uint32_t sum, const uint8_t *payload, size_t len, uint8_t reply[256])
{
    static uint8_t wire[SLIP_ENCODED_MAX(SIM_ROM_FRAME_MAX)];
    struct slip_decoder d;
    uint8_t head[8] = {0, op, (uint8_t)len, (uint8_t)(len >> 8)};
    size_t wire_len;
    bool is_answered = false;

    bytes_store_le32(head + 4, sum);
    wire_len = slip_encode(wire, sizeof wire, head, sizeof head, payload, len);
    for (size_t i = 0; i < wire_len; i++)
        is_answered = sim_esprom_push(&rom, wire[i]);
    assert_true(is_answered);
    slip_decoder_init(&d, reply, 256);
    for (size_t i = 0; i < rom.answer.len; i++)
        is_answered = slip_decoder_push(&d, rom.answer.bytes[i]);
    assert_true(is_answered);
    return d.len;
}

/* 0, or the reason. */
static unsigned words(uint8_t op, const uint32_t *w, size_t count)
{
    uint8_t payload[32], reply[256];
    size_t len;

    for (size_t i = 0; i < count; i++)
        bytes_store_le32(payload + 4 * i, w[i]);
    len = ask(op, 0, payload, 4 * count, reply);
    return reply[len - 4] == 0 ? 0 : reply[len - 3];
}

#define WORDS(op, ...) words(op, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static unsigned block(uint8_t op, uint32_t seq, const uint8_t *data, uint32_t len)
{
    static uint8_t payload[16 + SIM_ROM_BLOCK_MAX];
    uint8_t reply[256];
    size_t reply_len;

    memset(payload, 0, 16);
    bytes_store_le32(payload, len);
    bytes_store_le32(payload + 4, seq);
    memcpy(payload + 16, data, len);
    reply_len = ask(op, crc_xor8_add(0xef, data, len), payload, 16 + len, reply);
    return reply[reply_len - 4] == 0 ? 0 : reply[reply_len - 3];
}

static uint32_t programmed(void)
{
    uint32_t n = 0;

    while (n < FLASH_SIZE && flash_bytes[n] != 0xff)
        n++;
    return n;
}

static void inflated_data_reaches_the_flash_in_units(void **state)
{
    enum { PLAIN = 70000, PACKET = 1024 };
    static uint8_t plain[PLAIN], packed[PLAIN + 1000];
    uLongf packed_len = sizeof packed;
    uint32_t packets;

    (void)state;
    start(false);
    for (uint32_t i = 0; i < PLAIN; i++)
        plain[i] = (uint8_t)(i * 2654435761u >> 24) & 0x7f;                  /* never ff */
    assert_int_equal(compress2(packed, &packed_len, plain, PLAIN, 0), Z_OK); /* stored: as long as the data */
    packets = (uint32_t)(packed_len + PACKET - 1) / PACKET;
    assert_int_equal(WORDS(OP_DEFL_BEGIN, PLAIN, packets, PACKET, 0, 0), 0);
    for (uint32_t i = 0; i < packets; i++) {
        uint32_t at = i * PACKET, len = (uint32_t)packed_len - at < PACKET ? (uint32_t)packed_len - at : PACKET;
        assert_int_equal(block(OP_DEFL_DATA, i, packed + at, len), 0);
        /* stored blocks have heads of 5 bytes, so a little less than what was sent has come out */
        if (i + 1 < packets)
            assert_int_equal(programmed(), (at + len - 100) / 32768 * 32768);
    }
    assert_int_equal(programmed(), PLAIN);
    assert_memory_equal(flash_bytes, plain, PLAIN);
    sim_esprom_deinit(&rom);
}

static void the_flash_ends_at_2_mb_until_told(void **state)
{
    (void)state;
    start(false);
    assert_int_equal(WORDS(OP_BEGIN, 4096, 4, 1024, 0x1ff000, 0), 0);
    assert_int_equal(WORDS(OP_BEGIN, 4096, 4, 1024, 0x200000, 0), 6);
    assert_int_equal(WORDS(OP_SET_PARAMS, 0, FLASH_SIZE, 0x10000, 0x1000, 0x100, 0xffff), 0);
    assert_int_equal(WORDS(OP_BEGIN, 4096, 4, 1024, 0x200000, 0), 0);
    assert_int_equal(WORDS(OP_SET_PARAMS, 0, 4 * FLASH_SIZE, 0x10000, 0x1000, 0x100, 0xffff), 0);
    assert_int_equal(WORDS(OP_BEGIN, 4096, 4, 1024, FLASH_SIZE, 0), 6); /* there is no more than there is */
}

static void strict_wants_attach(void **state)
{
    (void)state;
    start(true);
    assert_int_equal(WORDS(OP_BEGIN, 4096, 4, 1024, 0, 0), 6);
    assert_int_equal(WORDS(OP_MD5, 0, 4096, 0, 0), 9);
    assert_int_equal(WORDS(OP_ATTACH, 0, 0), 0);
    assert_int_equal(WORDS(OP_BEGIN, 4096, 4, 1024, 0, 0), 0);
    assert_int_equal(WORDS(OP_MD5, 0, 4096, 0, 0), 0);
    assert_int_equal(WORDS(OP_BEGIN, 4096, 4, 1024, 0, 1), 6); /* encrypted writes are not modelled */
}

static void ram_keeps_what_is_loaded_and_nothing_runs_it(void **state)
{
    static const uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    (void)state;
    start(false);
    assert_int_equal(WORDS(OP_MEM_BEGIN, 8, 1, 8, 0x40810000), 0);
    assert_int_equal(block(OP_MEM_DATA, 0, data, sizeof data), 0);
    assert_int_equal(WORDS(OP_READ_REG, 0x40810004), 0);
    assert_int_equal(rom.value, 0x08070605);
    assert_int_equal(WORDS(OP_MEM_END, 0, 0x40810000), 6);
    assert_string_equal(rom.answer.after,
                        "\xc0tandem-sim runs no loaded code\xc0"); /* where a host awaits the code's */
    assert_int_equal(WORDS(OP_MEM_END, 1, 0), 0);
    assert_int_equal(WORDS(OP_MEM_BEGIN, SIM_RAM_SIZE + 1, 1, 8, 0x40810000), 6);
}

static void test_secure_download_mode_reads_nothing(void **state)
{
    (void)state;
    start(false);
    rom.cfg.security_flags = SIM_SECURITY_DOWNLOAD;
    assert_int_equal(WORDS(OP_ATTACH, 0, 0), 0);
    assert_int_equal(WORDS(OP_SET_PARAMS, 0, FLASH_SIZE, 0x10000, 0x1000, 0x100, 0xffff), 0);
    assert_int_equal(WORDS(OP_BEGIN, 4096, 1, 4096, 0, 0), 0);
    assert_int_equal(WORDS(OP_READ_REG, 0x40001000), 5);
    assert_int_equal(WORDS(OP_MD5, 0, 4096, 0, 0), 5);
    assert_int_equal(WORDS(OP_DEFL_BEGIN, 4096, 1, 4096, 0, 0), 5);
    assert_int_equal(WORDS(OP_MEM_BEGIN, 4, 1, 4, 0x40800000), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secure_download_mode_reads_nothing),
        cmocka_unit_test(inflated_data_reaches_the_flash_in_units),
        cmocka_unit_test(the_flash_ends_at_2_mb_until_told),
        cmocka_unit_test(strict_wants_attach),
        cmocka_unit_test(ram_keeps_what_is_loaded_and_nothing_runs_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
