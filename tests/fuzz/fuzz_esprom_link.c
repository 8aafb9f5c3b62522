/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_esprom_link: the flashing engine against a ROM that says whatever the input says. It comes to an end after a bounded
 * number of commands, its fault and its answer agree, and it calls a region written only if the ROM has stated the
 * region's true digest.
 *
 * The input is a row of answers, one for each write that the engine makes: kind (1), then by kind
 *   raw     n (1), n bytes as they are
 *   framed  n (1), n bytes in a SLIP frame
 *   good    value (4), n (1), n bytes: a success of the command just heard, with these data
 *   digest  a success with the region's digest
 *   fine    a success as a good ROM says it, all zero
 *   bad     reason (1): a refusal
 *   apt     what a good ROM says to this very command; its flash differs until something was written
 * Behind its end the ROM is silent. In front of it: chip (1), block size (1), region (2).
 */
#include <stdio.h>

#include <tandem/esprom.h>

#include "base/md5.h"
#include "esprom/esprom_packet.h"
#include "fuzz.h"
#include "slip/slip.h"
#include "support/fake_lines.h"
#include "support/fake_log.h"
#include "support/fake_serial.h"

#define REGION_MAX 5000u
#define FLASH_ID   0x184020u /* 16 MiB, and of a command register: it is done */
#define CHIP_H2    16u
#define WRITES_MAX 4000u

const char *const fuzz_accepts[] = {"a region written and proven", NULL};

enum kind { RAW, FRAMED, GOOD, DIGEST, FINE, BAD, APT, KINDS };

struct rom {
    struct fake_clock clock;
    struct fake_serial serial;
    struct fake_lines lines;
    struct fake_log log;
    struct bytes_reader script;
    struct slip_decoder heard;
    uint8_t heard_buf[ESPROM_FRAME_MAX];
    uint8_t op;      /* of the last command heard */
    bool is_written; /* a block was heard          */
    char hex[2 * ESPROM_MD5_LEN + 1];
    bool has_stated; /* the true digest */
};

static struct rom rom;
static struct esprom engine;

static void say(const void *data, size_t len)
{
    if (len > 0)
        fake_serial_say(&rom.serial, data, len, 1);
}

static void say_framed(const uint8_t *data, size_t len)
{
    uint8_t wire[SLIP_ENCODED_MAX(300)];

    say(wire, slip_encode(wire, sizeof wire, data, len, NULL, 0));
}

static void say_reply(uint32_t value, const void *data, size_t len, uint8_t fail, uint8_t reason)
{
    uint8_t body[260] = {0}, frame[ESPROM_HEAD_LEN + sizeof body];
    struct esprom_packet p = {.direction = ESPROM_REPLY, .op = rom.op, .word = value, .data = body};

    if (len > 0)
        memcpy(body, data, len);
    body[len] = fail;
    body[len + 1] = reason;
    p.len = len + 4;
    p.size = (uint16_t)p.len;
    say_framed(frame, esprom_packet_encode(frame, sizeof frame, &p));
}

static bool holds(const uint8_t *data, size_t len, const char *hex)
{
    for (size_t i = 0; i + 2 * ESPROM_MD5_LEN <= len; i++)
        if (memcmp(data + i, hex, 2 * ESPROM_MD5_LEN) == 0)
            return true;
    return false;
}

static void say_aptly(void)
{
    static const uint8_t security[ESPROM_SECURITY_LEN] = {[12] = CHIP_H2};
    static const char other[2 * ESPROM_MD5_LEN + 1] = "00000000000000000000000000000000";

    switch (rom.op) {
    case ESPROM_OP_SYNC:
        say_reply(ESPROM_SYNC_VALUE, NULL, 0, 0, 0);
        break;
    case ESPROM_OP_SECURITY_INFO:
        say_reply(0, security, sizeof security, 0, 0);
        break;
    case ESPROM_OP_READ_REG:
        say_reply(FLASH_ID, NULL, 0, 0, 0);
        break;
    case ESPROM_OP_FLASH_MD5:
        rom.has_stated = rom.has_stated || rom.is_written;
        say_reply(0, rom.is_written ? rom.hex : other, 2 * ESPROM_MD5_LEN, 0, 0);
        break;
    default:
        say_reply(0, NULL, 0, 0, 0);
    }
}

static void answer(void)
{
    static const uint8_t zeros[32];
    uint8_t kind = bytes_get_u8(&rom.script) % KINDS;
    uint32_t value = kind == GOOD ? bytes_get_le32(&rom.script) : 0;
    uint8_t most = kind == RAW || kind == FRAMED || kind == GOOD || kind == BAD ? bytes_get_u8(&rom.script) : 0;
    size_t len = 0, expected = rom.op == ESPROM_OP_SECURITY_INFO ? ESPROM_SECURITY_LEN : 0;
    const uint8_t *data = kind == BAD ? NULL : fuzz_take(&rom.script, most, &len);

    rom.has_stated = rom.has_stated || kind == DIGEST || holds(data, len, rom.hex);
    if (kind == RAW)
        say(data, len);
    else if (kind == FRAMED)
        say_framed(data, len);
    else if (kind == GOOD)
        say_reply(value, data, len, 0, 0);
    else if (kind == DIGEST)
        say_reply(0, rom.hex, 2 * ESPROM_MD5_LEN, 0, 0);
    else if (kind == APT)
        say_aptly();
    else if (kind == FINE)
        say_reply(rom.op == ESPROM_OP_SYNC ? ESPROM_SYNC_VALUE : 0, zeros, expected, 0, 0);
    else
        say_reply(0, NULL, 0, 1, most);
}

static void hear_command(uint8_t op)
{
    rom.op = op;
    rom.is_written = rom.is_written || op == ESPROM_OP_FLASH_DATA || op == ESPROM_OP_FLASH_DEFL_DATA;
}

static void on_write(struct fake_serial *s, void *peer, const uint8_t *data, size_t len)
{
    (void)peer;
    fuzz_must(s->writes < WRITES_MAX);
    for (size_t i = 0; i < len; i++)
        if (slip_decoder_push(&rom.heard, data[i]) && rom.heard.len >= ESPROM_HEAD_LEN)
            hear_command(rom.heard.buf[1]);
    if (bytes_left(&rom.script) > 0)
        answer();
}

static void set_digest(const uint8_t *data, size_t len)
{
    struct md5 md5;
    uint8_t sum[MD5_LEN];

    md5_begin(&md5);
    md5_add(&md5, data, len);
    md5_end(&md5, sum);
    for (size_t i = 0; i < sizeof sum; i++)
        (void)snprintf(rom.hex + 2 * i, 3, "%02x", sum[i]);
}

static void open_rom(void)
{
    static bool is_open;

    if (!is_open)
        fake_serial_init(&rom.serial, &rom.clock); /* large: once */
    is_open = true;
    fake_clock_init(&rom.clock, 0);
    fake_lines_init(&rom.lines, &rom.clock);
    fake_log_init(&rom.log);
    rom.serial.head = rom.serial.tail = rom.serial.writes = 0;
    rom.serial.on_write = on_write;
    slip_decoder_init(&rom.heard, rom.heard_buf, sizeof rom.heard_buf);
    rom.op = 0;
    rom.has_stated = rom.is_written = false;
}

struct region_source {
    struct esprom_source source;
    const uint8_t *data;
};

static tdm_err read_region(struct esprom_source *s, uint32_t at, uint8_t *buf, uint32_t len)
{
    memcpy(buf, ((struct region_source *)(void *)s)->data + at, len);
    return TDM_OK;
}

static void drive(uint32_t offset, const uint8_t *data, size_t len)
{
    tdm_err err = esprom_connect(&engine);

    fuzz_told(err, &engine.fault);
    if (err == TDM_OK) {
        fuzz_must(engine.chip != NULL && engine.flash_size > 0);
        struct region_source from = {{read_region}, data};
        err = esprom_update(&engine, offset, (uint32_t)len, &from.source);
        fuzz_told(err, &engine.fault);
        fuzz_must(err != TDM_OK || rom.has_stated);
        if (err == TDM_OK)
            fuzz_accept(0);
    }
    err = esprom_leave(&engine);
    fuzz_must(err == TDM_OK || engine.fault.err != TDM_OK);
    fuzz_must(strlen(engine.boot_text) < sizeof engine.boot_text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t region[REGION_MAX];
    static const uint32_t blocks[] = {0, 1024, 2048, 4096};

    if (size < 5)
        return 0;
    open_rom();
    rom.script = bytes_reader_on(data, size);
    uint8_t chip = bytes_get_u8(&rom.script), block = bytes_get_u8(&rom.script);
    size_t len = bytes_get_le16(&rom.script) % (REGION_MAX / 4) * 4 + 4;
    for (size_t i = 0; i < len; i++)
        region[i] = (uint8_t)(i * 7 + 3);
    set_digest(region, len);
    const struct esprom_config cfg = {.serial = &rom.serial.port,
                                      .lines = &rom.lines.port,
                                      .clock = &rom.clock.port,
                                      .log = &rom.log.port,
                                      .expected_chip = chip % 4 == 0 ? ESPROM_CHIP_ANY : 16,
                                      .block_size = blocks[block % 4]};
    esprom_init(&engine, &cfg);
    drive(0x10000, region, len);
    return 0;
}
