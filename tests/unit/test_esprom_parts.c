/* SPDX-License-Identifier: Apache-2.0 */
/* Several parts as one: the digests of all are asked in a row at the end, and what was disturbed meanwhile is asked again. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/esprom.h>

#include "base/md5.h"
#include "esprom/esprom_packet.h"
#include "support/fake_clock.h"
#include "support/fake_log.h"
#include "support/fake_rom.h"

#define PARTS    2
#define QUESTION 4u /* of the updates of two parts that are right: the first sector and the whole of each */
#define PROOF    2u /* a question for each part */

static const struct {
    uint32_t offset, size;
} places[PARTS] = {{0x1000, 5000}, {0x4000, 4096}};

static struct bench {
    struct fake_clock clock;
    struct fake_serial serial;
    struct fake_lines lines;
    struct fake_log log;
    struct fake_rom rom;
    struct esprom engine;
    struct part {
        struct esprom_source source;
        uint8_t data[5000], md5[ESPROM_MD5_LEN];
    } parts[PARTS];
    struct esprom_part wanted[PARTS];
} bench;

static tdm_err read_part(struct esprom_source *s, uint32_t at, uint8_t *buf, uint32_t len)
{
    memcpy(buf, ((struct part *)(void *)s)->data + at, len);
    return TDM_OK;
}

static void prepare_part(size_t i)
{
    struct part *p = &bench.parts[i];
    struct md5 md5;

    p->source.read = read_part;
    memset(p->data, (int)i + 1, sizeof p->data);
    md5_begin(&md5);
    md5_add(&md5, p->data, places[i].size);
    md5_end(&md5, p->md5);
    bench.wanted[i] = (struct esprom_part){places[i].offset, places[i].size, &p->source, p->md5, "a part"};
    memcpy(bench.rom.flash + places[i].offset, p->data, places[i].size);
}

/* A loader whose flash is right already. */
static void begin(void)
{
    memset(&bench, 0, sizeof bench);
    fake_clock_init(&bench.clock, 0);
    fake_serial_init(&bench.serial, &bench.clock);
    fake_lines_init(&bench.lines, &bench.clock);
    fake_log_init(&bench.log);
    fake_rom_init(&bench.rom, &bench.serial, &bench.lines);
    for (size_t i = 0; i < PARTS; i++)
        prepare_part(i);
    esprom_init(&bench.engine, &(struct esprom_config){.serial = &bench.serial.port,
                                                       .lines = &bench.lines.port,
                                                       .clock = &bench.clock.port,
                                                       .log = &bench.log.port,
                                                       .expected_chip = ESPROM_CHIP_ANY});
    assert_int_equal(esprom_connect(&bench.engine), TDM_OK);
}

static const struct row {
    const char *name;
    uint32_t spoiled;    /* offset of a byte that is wrong; 0: none                   */
    unsigned nth, times; /* the digest that meets the trouble                         */
    enum fake_rom_trouble kind;
    bool is_judged_otherwise; /* the second part's digest                                  */
    uint32_t rewritten;
    unsigned questions; /* 0: not told */
    tdm_err err;
    const char *code;
} rows[] = {
    {"right already", 0, 0, 0, FAKE_ROM_NONE, false, 0, QUESTION + PROOF, TDM_OK, ""},
    {"one sector wrong", 0x2001, 0, 0, FAKE_ROM_NONE, false, 1, 0, TDM_OK, ""},
    {"a byte falls while it is proven", 0, QUESTION + 1, 1, FAKE_ROM_FLASH_ROTS, false, 1, 0, TDM_OK, ""},
    {"a stranger is answered meanwhile", 0, QUESTION, 1, FAKE_ROM_LATE_SYNCS, false, 0, QUESTION + 2 * PROOF, TDM_OK,
     ""},
    {"a question had to be asked again", 0, QUESTION, 1, FAKE_ROM_LOSE_REPLY, false, 0, QUESTION + 1 + 2 * PROOF,
     TDM_OK, ""},
    {"a digest is damaged on its way", 0, QUESTION, 1, FAKE_ROM_FLIP_BITS, false, 0, QUESTION + 1 + PROOF, TDM_OK, ""},
    {"the proof is silent for a while", 0, QUESTION, 3, FAKE_ROM_LOSE_REPLY, false, 0, 0, TDM_OK, ""},
    {"silent from then on", 0, QUESTION, 999, FAKE_ROM_LOSE_REPLY, false, 0, 0, TDM_E_TIMEOUT, "rom_silent"},
    {"strangers from then on", 0, QUESTION, 999, FAKE_ROM_LATE_SYNCS, false, 0, 0, TDM_E_NOISE, "rom_noise"},
    {"bytes fall from then on", 0, QUESTION, 999, FAKE_ROM_FLASH_ROTS, false, 0, 0, TDM_E_CORRUPT, "digest_differs"},
    {"another than the one that was judged", 0, 0, 0, FAKE_ROM_NONE, true, 0, 2 * (QUESTION + 2 * PROOF), TDM_E_CORRUPT,
     "not_proven"},
};

/* Where the answer for the first part has a digit below ten: with its lowest bit turned it is another one. */
static uint8_t digit_of_first_digest(void)
{
    uint8_t i = 0;

    while (bench.parts[0].md5[i] >> 4 > 9)
        i++;
    return (uint8_t)(ESPROM_HEAD_LEN + 2 * i);
}

static void check(const struct row *row)
{
    begin();
    if (row->spoiled != 0)
        bench.rom.flash[row->spoiled] ^= 1;
    if (row->is_judged_otherwise)
        bench.parts[1].md5[0] ^= 1;
    bench.rom.trouble.op = ESPROM_OP_FLASH_MD5;
    bench.rom.trouble.nth = row->nth;
    bench.rom.trouble.times = row->times;
    bench.rom.trouble.kind = row->kind;
    bench.rom.trouble.at = digit_of_first_digest();
    bench.rom.trouble.bits = 1;
    tdm_err err = esprom_update_all(&bench.engine, bench.wanted, PARTS);
    if (err != row->err || strcmp(bench.engine.fault.code, row->code) != 0)
        fail_msg("%s: %s %s", row->name, tdm_err_name(err), bench.engine.fault.code);
    for (size_t i = 0; i < PARTS && err == TDM_OK; i++)
        assert_memory_equal(bench.rom.flash + places[i].offset, bench.parts[i].data, places[i].size);
    if (err == TDM_OK && bench.engine.tally.rewritten != row->rewritten)
        fail_msg("%s: %u sectors written", row->name, (unsigned)bench.engine.tally.rewritten);
    if (row->questions != 0 && bench.rom.seen[ESPROM_OP_FLASH_MD5] != row->questions)
        fail_msg("%s: %u questions", row->name, bench.rom.seen[ESPROM_OP_FLASH_MD5]);
    fake_rom_close(&bench.rom);
}

/* All is well but the first question of each proof, all three times that it is asked. */
static void test_every_proof_is_silent(void **state)
{
    (void)state;
    begin();
    bench.rom.trouble.op = ESPROM_OP_FLASH_MD5;
    bench.rom.trouble.nth = QUESTION;
    bench.rom.trouble.times = 3;
    bench.rom.trouble.every = QUESTION + 3;
    bench.rom.trouble.kind = FAKE_ROM_LOSE_REPLY;
    assert_int_equal(esprom_update_all(&bench.engine, bench.wanted, PARTS), TDM_E_TIMEOUT);
    assert_string_equal(bench.engine.fault.code, "rom_silent");
    assert_int_equal(bench.engine.tally.rewritten, 0);
    assert_int_equal(bench.engine.tally.recoveries, 3); /* the fourth time is the last */
    fake_rom_close(&bench.rom);
}

static void test_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parts), cmocka_unit_test(test_every_proof_is_silent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
