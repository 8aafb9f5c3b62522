/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rom_bench: the flashing engine with a small ROM at the other end of its wire, and 20,000 bytes to write.
 *
 * Used by   unit tests of the engine.   Uses  fake_rom and the fakes under it.
 * The clock stands shortly before its wrap. The bytes deflate to about three quarters.
 */
#ifndef SUPPORT_ROM_BENCH_H
#define SUPPORT_ROM_BENCH_H

#include <tandem/esprom.h>

#include "linux/tandem_linux.h"
#include "support/fake_clock.h"
#include "support/fake_lines.h"
#include "support/fake_log.h"
#include "support/fake_rom.h"
#include "support/fake_serial.h"

#define BENCH_APP_BAUD 460800u

struct rom_bench {
    struct fake_clock clock;
    struct fake_serial serial;
    struct fake_lines lines;
    struct fake_log log;
    struct fake_rom rom;
    struct deflate_zlib deflate;
    struct esprom engine;
    struct esprom_source source;
    uint8_t data[20000];
};

/* cmocka's set-up and tear-down; *state is the bench. */
int bench_open(void **state);
int bench_close(void **state);

tdm_err bench_write(struct rom_bench *b, uint32_t offset, uint32_t size);
void bench_has_fault(const struct rom_bench *b, const char *name, tdm_err err, const char *code);
/* esprom_leave, however it ended before: the radio runs its firmware again, the port has its rate, the fault stays. */
void bench_is_left(struct rom_bench *b, const char *name);

#define BENCH_TEST(f) cmocka_unit_test_setup_teardown(f, bench_open, bench_close)

#endif
