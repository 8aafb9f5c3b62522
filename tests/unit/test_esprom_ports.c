/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ports fail, one call after the other, in the midst of other trouble: whoever stopped the engine, or pulled the port
 * out, is told that and nothing else, and the radio is reset into its firmware as far as ports allow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "esprom/esprom_packet.h"
#include "support/faulty_ports.h"
#include "support/rom_bench.h"

#define CALLS_MAX 5000u

static const struct session {
    const char *name;
    uint8_t op;
    unsigned nth, times;
    enum fake_rom_trouble kind;
    bool has_lines;
} sessions[] = {
    {"without trouble", ESPROM_OP_SYNC, 0, 0, FAKE_ROM_NONE, true},
    {"the chip's name lost", ESPROM_OP_SECURITY_INFO, 0, 1, FAKE_ROM_LOSE_REPLY, true},
    {"a block lost for good", ESPROM_OP_FLASH_DATA, 2, 2, FAKE_ROM_LOSE_REQUEST, true},
    {"an erase's answer lost", ESPROM_OP_FLASH_BEGIN, 0, 1, FAKE_ROM_LOSE_REPLY, true},
    {"blocks damaged", ESPROM_OP_FLASH_DATA, 1, 4, FAKE_ROM_FLIP_BIT, true},
    {"a digest lost", ESPROM_OP_FLASH_MD5, 1, 1, FAKE_ROM_LOSE_REPLY, true},
    {"wedged", ESPROM_OP_FLASH_DATA, 2, 1, FAKE_ROM_WEDGE, true},
    {"the chip's name lost, by hand", ESPROM_OP_SECURITY_INFO, 0, 1, FAKE_ROM_LOSE_REPLY, false},
    {"a block lost for good, by hand", ESPROM_OP_FLASH_DATA, 2, 2, FAKE_ROM_LOSE_REQUEST, false},
    {"an erase's answer lost, by hand", ESPROM_OP_FLASH_BEGIN, 0, 3, FAKE_ROM_LOSE_REPLY, false},
    {"blocks damaged, by hand", ESPROM_OP_FLASH_DATA, 1, 4, FAKE_ROM_FLIP_BIT, false},
    {"a digest cut, by hand", ESPROM_OP_FLASH_MD5, 1, 4, FAKE_ROM_CUT_REPLY, false},
    {"nobody at the buttons", ESPROM_OP_SYNC, 0, 9999, FAKE_ROM_LOSE_REQUEST, false},
};

static const struct fault_row {
    const char *name;
    enum faulty_kind kind;
    bool is_for_good;
    tdm_err err;
    const char *code;
} fault_rows[] = {
    {"stopped", FAULTY_SERIAL, true, TDM_E_CANCELLED, "serial_failed"},
    {"pulled out", FAULTY_SERIAL, true, TDM_E_UNREACHABLE, "serial_failed"},
    {"power", FAULTY_SERIAL, true, TDM_E_POWER, "serial_failed"},
    {"the lines are gone", FAULTY_LINES, true, TDM_E_ACCESS, "lines_failed"},
};

static tdm_err flash_at(struct rom_bench *b, uint32_t baud)
{
    tdm_err err = esprom_connect(&b->engine);

    if (err == TDM_OK)
        err = esprom_set_speed(&b->engine, baud);
    return err == TDM_OK ? bench_write(b, 0x1000, 6000) : err;
}

static void prepare(struct rom_bench *b, const struct session *s)
{
    b->engine.cfg.block_size = 1024;
    b->lines.port.is_wired = s->has_lines;
    b->rom.is_running = !s->has_lines;
    b->rom.trouble.op = s->op;
    b->rom.trouble.nth = s->nth;
    b->rom.trouble.times = s->times;
    b->rom.trouble.kind = s->kind;
    faulty_serial(&b->serial.port);
    faulty_lines(&b->lines.port);
}

/* False when the session has fewer calls than n. */
static bool one_session(const struct session *s, const struct fault_row *row, uint32_t n)
{
    void *state;

    (void)bench_open(&state);
    struct rom_bench *b = state;
    prepare(b, s);
    faulty_plan(row->kind, n, row->is_for_good, row->err);
    tdm_err err = flash_at(b, 230400);
    bool has_struck = faulty_has_struck();
    if (has_struck && (err != row->err || strcmp(b->engine.fault.code, row->code) != 0))
        fail_msg("%s, %s at call %u: %s %s", s->name, row->name, (unsigned)n, tdm_err_name(err), b->engine.fault.code);
    size_t resets = b->lines.resets;
    tdm_err left = esprom_leave(&b->engine);
    if (has_struck && left != row->err)
        fail_msg("%s, %s at call %u: left with %s", s->name, row->name, (unsigned)n, tdm_err_name(left));
    if (s->has_lines && row->kind != FAULTY_LINES && b->lines.resets != resets + 1)
        fail_msg("%s, %s at call %u: the radio was not reset", s->name, row->name, (unsigned)n);
    if (row->kind != FAULTY_SERIAL && b->serial.baud != BENCH_APP_BAUD)
        fail_msg("%s, %s at call %u: the port was left at %u", s->name, row->name, (unsigned)n,
                 (unsigned)b->serial.baud);
    (void)bench_close(&state);
    return has_struck;
}

static void test_ports_fail(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof sessions / sizeof sessions[0]; s++) {
        for (size_t i = 0; i < sizeof fault_rows / sizeof fault_rows[0]; i++) {
            uint32_t n = 1;
            if (fault_rows[i].kind == FAULTY_LINES && !sessions[s].has_lines)
                continue;
            while (n < CALLS_MAX && one_session(&sessions[s], &fault_rows[i], n))
                n++;
            assert_true(n > 1 && n < CALLS_MAX);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ports_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
