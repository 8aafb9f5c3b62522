/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_rom: the ROM loader at the other end of a fake_serial, small and breakable, for tests of the flashing engine.
 *
 * It follows what was captured of an ESP32-C3 ROM: stale status bytes, refusals under the last good opcode, a damaged
 * block that counts as taken, erase before write, bits that only fall. It fails the test on what a ROM must never be
 * sent: FLASH_END, BEGIN of four words, a block that is no multiple of four.
 * Trouble    one row: the nth command with that opcode (from 0, and `times` in a row) meets it, if the line runs at more
 *            than above_baud.
 */
#ifndef TANDEM_TEST_FAKE_ROM_H
#define TANDEM_TEST_FAKE_ROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zlib.h>

#include "support/fake_lines.h"
#include "support/fake_serial.h"

#define FAKE_ROM_FLASH 0x20000u /* bytes that are really kept; the id may state more */
#define FAKE_ROM_LOG   512
#define FAKE_ROM_RATES 16
#define FAKE_ROM_ANY   0 /* an opcode for a trouble: all of them */

enum fake_rom_start { FAKE_ROM_LOADER, FAKE_ROM_APP, FAKE_ROM_USB, FAKE_ROM_MUTE, FAKE_ROM_DEAF, FAKE_ROM_GARBAGE };

enum fake_rom_trouble {
    FAKE_ROM_NONE,
    FAKE_ROM_LOSE_REQUEST, /* as if it had never arrived                    */
    FAKE_ROM_LOSE_REPLY,   /* done, but the answer does not arrive          */
    FAKE_ROM_FLIP_BIT,     /* in the last byte of the request               */
    FAKE_ROM_FLIP_OPCODE,  /* of the request: refused under another opcode  */
    FAKE_ROM_CUT_REPLY,    /* a byte of the answer is missing               */
    FAKE_ROM_FLIP_REPLY,   /* a bit of the answer's value is another        */
    FAKE_ROM_FLIP_BITS,    /* bits of one byte of the answer are others     */
    FAKE_ROM_LATE_SYNCS,   /* eight SYNC replies come before the answer     */
    FAKE_ROM_TEXT_FIRST,   /* boot text comes before the answer             */
    FAKE_ROM_REFUSE,       /* 01 06                                         */
    FAKE_ROM_FLASH_ROTS,   /* the bits of a byte fall before the command      */
    FAKE_ROM_WEDGE,        /* done, and from here on silent until a reset     */
};

struct fake_rom {
    struct fake_serial *serial;
    enum fake_rom_start starts_as; /* what a reset with the strap pulled leads to */
    uint32_t banner_ms;            /* from a reset to its text */
    bool is_running;               /* answers commands now                        */
    uint32_t pressed_after_ms;     /* somebody starts the loader by its buttons; 0: nobody */
    uint16_t chip_id;
    uint32_t magic, flash_id, security_flags, spi_base, mac_reg, fuse_word_3, sync_value;
    uint8_t crypt_count;
    size_t security_len;              /* 0: 20, as of all but an ESP32-S2 */
    bool has_security_info, inflates; /* inflates: knows compressed blocks */
    bool withholds;                   /* registers and digests, as in secure download mode */
    uint32_t baud, highest_baud;      /* above highest_baud nothing arrives whole */
    uint32_t misheard_baud;           /* not understood when it is asked for the first time */
    struct {
        uint8_t op;
        unsigned nth, times, every; /* every: and again after so many; 0: not */
        enum fake_rom_trouble kind;
        uint32_t above_baud;
        uint8_t at, bits;         /* of the answer, from its head on; no byte before may be escaped */
        enum fake_rom_start then; /* what resets lead to after a wedge */
    } trouble;

    uint8_t ops[FAKE_ROM_LOG]; /* commands in the order in which they came */
    size_t op_count;
    uint32_t rates[FAKE_ROM_RATES]; /* as CHANGE_BAUDRATE asked for them, in order */
    size_t rate_count;
    unsigned seen[256];
    bool is_attached;
    uint32_t flash_size; /* as SPI_SET_PARAMS said */
    uint8_t flash[FAKE_ROM_FLASH];

    enum fake_rom_trouble kind; /* what the command in hand meets */
    uint8_t last_op, stale[2], frame[8300];
    size_t frame_len;
    uint32_t address, number, block_size, usr, usr2, w0, last_value;
    z_stream stream;
    bool is_inflating, is_damaged;
    uint32_t blocks;         /* of the stream, as announced             */
    uint8_t inflated[32768]; /* reaches the flash when full, or at the end */
};

/* An ESP32-H2 with 4 MiB, wired to serial and lines; fields may be changed before the first use. */
void fake_rom_init(struct fake_rom *rom, struct fake_serial *serial, struct fake_lines *lines);
void fake_rom_close(struct fake_rom *rom);

/* The command that does the same in a compressed stream. */
uint8_t fake_rom_packed_op(uint8_t op);

#endif
