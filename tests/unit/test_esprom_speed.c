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
    assert_int_equal(b->rom.seen[ESPROM_OP_SECURITY_INFO], 1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_speed_that_the_wire_does_not_carry),
        BENCH_TEST(test_speed_change_with_a_lost_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
