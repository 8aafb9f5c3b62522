/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_rom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/md5.h"
#include "esprom/esprom_packet.h"
#include "slip/slip.h"

static const char *const banners[] = {
    [FAKE_ROM_LOADER] = "ESP-ROM:esp32h2-20221101\r\nBuild:Nov  1 2022\r\nrst:0x1 (POWERON),boot:0x4 "
                        "(DOWNLOAD(USB/UART0))\r\nwaiting for download\r\n",
    [FAKE_ROM_APP] = "ESP-ROM:esp32h2-20221101\r\nBuild:Nov  1 2022\r\nrst:0x1 (POWERON),boot:0xc "
                     "(SPI_FAST_FLASH_BOOT)\r\nSPIWP:0xee\r\nmode:DIO, clock div:1\r\n",
    [FAKE_ROM_USB] = "ESP-ROM:esp32h2-20221101\r\nrst:0x1 (POWERON),boot:0x0 (USB_BOOT)\r\nwait usb download\r\n",
    [FAKE_ROM_MUTE] = "",
    [FAKE_ROM_DEAF] = "rst:0x1 (POWERON),boot:0x4 (DOWNLOAD(USB/UART0))\r\nwaiting for download\r\n",
    [FAKE_ROM_GARBAGE] = "\x80\xf8\x01\xfe\x80",
};

static void say_reply(struct fake_rom *rom, uint8_t op, const uint8_t *data, size_t len, uint8_t fail, uint8_t reason)
{
    uint8_t body[80], frame[100], wire[200];
    struct esprom_packet p = {.direction = ESPROM_REPLY, .op = op, .word = rom->last_value, .data = body};

    if (len > 0)
        memcpy(body, data, len);
    body[len] = fail;
    body[len + 1] = fail ? reason : 0x05; /* stale on success */
    memset(body + len + 2, 0x5a, 2);
    p.len = len + ESPROM_STATUS_LEN;
    p.size = (uint16_t)p.len;
    size_t wire_len = slip_encode(wire, sizeof wire, frame, esprom_packet_encode(frame, sizeof frame, &p), NULL, 0);
    if (rom->kind == FAKE_ROM_LOSE_REPLY || rom->kind == FAKE_ROM_WEDGE)
        return;
    if (rom->kind == FAKE_ROM_CUT_REPLY) {
        memmove(wire + 9, wire + 10, wire_len - 10);
        wire_len--;
    }
    if (rom->kind == FAKE_ROM_FLIP_REPLY)
        wire[7] ^= 1;
    if (rom->kind == FAKE_ROM_FLIP_BITS)
        wire[1 + rom->trouble.at] ^= rom->trouble.bits;
    fake_serial_say(rom->serial, wire, wire_len, 1);
}

static void refuse(struct fake_rom *rom, uint8_t op, uint8_t reason)
{
    say_reply(rom, op, NULL, 0, 1, reason);
}

static void agree(struct fake_rom *rom, uint8_t op)
{
    say_reply(rom, op, NULL, 0, 0, 0);
}

static void do_sync(struct fake_rom *rom)
{
    rom->last_value = rom->sync_value;
    for (int i = 0; i < ESPROM_SYNC_REPLIES; i++)
        agree(rom, ESPROM_OP_SYNC);
}

static uint32_t read_reg(struct fake_rom *rom, uint32_t reg)
{
    if (reg == 0x40001000u)
        return rom->magic;
    if (reg == rom->mac_reg)
        return 0xf9f72ca2u;
    if (reg == rom->mac_reg + 4)
        return 0xfffe6055u;
    if (reg == rom->mac_reg + 12)
        return rom->fuse_word_3;
    if (reg == rom->spi_base + 0x18)
        return rom->usr;
    if (reg == rom->spi_base + 0x20)
        return rom->usr2;
    if (reg == rom->spi_base + 0x58)
        return rom->w0;
    if (reg == rom->spi_base)
        return 0;
    fail_msg("register %08x read", reg);
    return 0;
}

static void write_reg(struct fake_rom *rom, uint32_t reg, uint32_t value)
{
    if (reg == rom->spi_base + 0x18)
        rom->usr = value;
    else if (reg == rom->spi_base + 0x20)
        rom->usr2 = value;
    else if (reg == rom->spi_base + 0x58)
        rom->w0 = value;
    else if (reg == rom->spi_base && value == 0x40000u && rom->usr == 0x90000000u && rom->usr2 == 0x7000009fu)
        rom->w0 = rom->flash_id;
    else if (reg != rom->spi_base + 0x28)
        fail_msg("register %08x written with %08x", reg, value);
}

static void do_security(struct fake_rom *rom)
{
    uint8_t data[ESPROM_SECURITY_LEN] = {0};

    if (!rom->has_security_info) {
        refuse(rom, rom->last_op, ESPROM_REASON_BAD_FORMAT);
        return;
    }
    bytes_store_le32(data, rom->security_flags);
    data[4] = rom->crypt_count;
    bytes_store_le32(data + 12, rom->chip_id);
    say_reply(rom, ESPROM_OP_SECURITY_INFO, data, rom->security_len ? rom->security_len : sizeof data, 0, 0);
}

static void do_begin(struct fake_rom *rom, const struct esprom_packet *p)
{
    assert_int_equal(p->len, 20); /* newer ROMs want the fifth word */
    assert_true(rom->is_attached);
    uint32_t size = bytes_le32(p->data), offset = bytes_le32(p->data + 12);

    rom->block_size = bytes_le32(p->data + 8);
    rom->address = offset;
    rom->number = 0;
    if (offset % 4096 != 0 || offset > rom->flash_size || size > rom->flash_size - offset) {
        refuse(rom, p->op, ESPROM_REASON_FAILED);
        return;
    }
    assert_true(offset + size <= FAKE_ROM_FLASH);
    memset(rom->flash + offset, 0xff, (size + 4095) / 4096 * 4096);
    agree(rom, p->op);
}

static void close_stream(struct fake_rom *rom)
{
    if (rom->is_inflating)
        inflateEnd(&rom->stream);
    rom->is_inflating = rom->is_damaged = false;
}

static void do_deflate_begin(struct fake_rom *rom, const struct esprom_packet *p)
{
    if (!rom->inflates) {
        refuse(rom, rom->last_op, ESPROM_REASON_BAD_FORMAT);
        return;
    }
    close_stream(rom);
    rom->stream = (z_stream){.next_out = rom->inflated, .avail_out = sizeof rom->inflated};
    rom->is_inflating = inflateInit(&rom->stream) == Z_OK;
    rom->blocks = bytes_le32(p->data + 4);
    do_begin(rom, p);
}

/* A whole block with the right number and checksum, or the refusal is said. The number is used up either way. */
static bool take_block(struct fake_rom *rom, const struct esprom_packet *p, uint32_t *len)
{
    assert_true(p->len >= 16);
    *len = bytes_le32(p->data);
    assert_int_equal(*len, p->len - 16);
    assert_true(*len <= rom->block_size);
    if (bytes_le32(p->data + 4) != rom->number) {
        refuse(rom, p->op, ESPROM_REASON_BAD_FORMAT);
        return false;
    }
    rom->number++;
    rom->is_damaged = rom->is_damaged || p->word != esprom_block_checksum(p->data + 16, *len);
    if (p->word == esprom_block_checksum(p->data + 16, *len))
        return true;
    refuse(rom, p->op, ESPROM_REASON_CHECKSUM);
    return false;
}

static void program(struct fake_rom *rom, const uint8_t *data, uint32_t len)
{
    assert_true(rom->address + len <= FAKE_ROM_FLASH);
    for (uint32_t i = 0; i < len; i++)
        rom->flash[rom->address++] &= data[i];
}

static void do_data(struct fake_rom *rom, const struct esprom_packet *p)
{
    uint32_t len;

    if (!take_block(rom, p, &len))
        return;
    assert_int_equal(len % 4, 0);
    program(rom, p->data + 16, len);
    agree(rom, p->op);
}

/* What is wrong with a stream is only said in the answer to its last block. */
static void do_deflate_data(struct fake_rom *rom, const struct esprom_packet *p)
{
    uint32_t len;
    int result = Z_OK;

    assert_true(rom->is_inflating);
    if (!take_block(rom, p, &len))
        return;
    rom->stream.next_in = (z_const Bytef *)(uintptr_t)(p->data + 16);
    rom->stream.avail_in = len;
    while (!rom->is_damaged && result == Z_OK) {
        result = inflate(&rom->stream, Z_NO_FLUSH);
        uint32_t have = (uint32_t)(sizeof rom->inflated - rom->stream.avail_out);
        if (rom->stream.avail_out > 0 && result != Z_STREAM_END)
            continue;
        program(rom, rom->inflated, have);
        rom->stream.next_out = rom->inflated;
        rom->stream.avail_out = sizeof rom->inflated;
    }
    if (rom->is_damaged && rom->number == rom->blocks)
        refuse(rom, p->op, ESPROM_REASON_ADLER);
    else
        agree(rom, p->op);
}

static void do_md5(struct fake_rom *rom, const struct esprom_packet *p)
{
    uint32_t offset = bytes_le32(p->data), size = bytes_le32(p->data + 4);
    uint8_t digest[MD5_LEN];
    char hex[2 * MD5_LEN + 1];
    struct md5 m;

    assert_int_equal(p->len, 16);
    assert_true(offset <= FAKE_ROM_FLASH && size <= FAKE_ROM_FLASH - offset);
    md5_begin(&m);
    md5_add(&m, rom->flash + offset, size);
    md5_end(&m, digest);
    for (size_t i = 0; i < MD5_LEN; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    say_reply(rom, p->op, (const uint8_t *)hex, ESPROM_MD5_HEX_LEN, 0, 0);
}

static void change_baud(struct fake_rom *rom, const struct esprom_packet *p)
{
    uint32_t baud = bytes_le32(p->data);

    assert_int_equal(bytes_le32(p->data + 4), 0);
    if (baud == rom->misheard_baud) {
        rom->misheard_baud = 0;
        refuse(rom, rom->last_op, ESPROM_REASON_BAD_FORMAT);
        return;
    }
    assert_true(rom->rate_count < FAKE_ROM_RATES);
    agree(rom, p->op);
    rom->baud = rom->rates[rom->rate_count++] = baud;
}

static bool is_withheld(const struct fake_rom *rom, uint8_t op)
{
    return rom->withholds && (op == ESPROM_OP_READ_REG || op == ESPROM_OP_WRITE_REG || op == ESPROM_OP_FLASH_MD5);
}

static void obey(struct fake_rom *rom, const struct esprom_packet *p)
{
    if (is_withheld(rom, p->op)) {
        refuse(rom, rom->last_op, ESPROM_REASON_BAD_FORMAT);
        return;
    }
    switch (p->op) {
    case ESPROM_OP_SYNC:
        do_sync(rom);
        break;
    case ESPROM_OP_READ_REG:
        rom->last_value = read_reg(rom, bytes_le32(p->data));
        agree(rom, p->op);
        break;
    case ESPROM_OP_WRITE_REG:
        write_reg(rom, bytes_le32(p->data), bytes_le32(p->data + 4));
        agree(rom, p->op);
        break;
    case ESPROM_OP_SECURITY_INFO:
        do_security(rom);
        break;
    case ESPROM_OP_SPI_ATTACH:
        assert_int_equal(p->len, 8);
        rom->is_attached = true;
        agree(rom, p->op);
        break;
    case ESPROM_OP_SPI_SET_PARAMS:
        rom->flash_size = bytes_le32(p->data + 4);
        agree(rom, p->op);
        break;
    case ESPROM_OP_CHANGE_BAUDRATE:
        change_baud(rom, p);
        break;
    case ESPROM_OP_FLASH_BEGIN:
        do_begin(rom, p);
        break;
    case ESPROM_OP_FLASH_DATA:
        do_data(rom, p);
        break;
    case ESPROM_OP_FLASH_DEFL_BEGIN:
        do_deflate_begin(rom, p);
        break;
    case ESPROM_OP_FLASH_DEFL_DATA:
        do_deflate_data(rom, p);
        break;
    case ESPROM_OP_FLASH_MD5:
        do_md5(rom, p);
        break;
    case ESPROM_OP_FLASH_END:
        fail_msg("FLASH_END sent to a ROM");
        break;
    default:
        refuse(rom, rom->last_op, ESPROM_REASON_BAD_FORMAT);
        return;
    }
    rom->last_op = p->op;
}

static bool is_due(const struct fake_rom *rom, uint8_t op)
{
    bool is_any = rom->trouble.op == FAKE_ROM_ANY;
    size_t n = is_any ? rom->op_count : rom->seen[op];
    size_t turn = rom->trouble.every > 0 ? n % rom->trouble.every : n;
    bool is_meant = is_any || op == rom->trouble.op;

    return is_meant && turn >= rom->trouble.nth && turn < rom->trouble.nth + rom->trouble.times &&
           rom->baud > rom->trouble.above_baud;
}

static void hear_command(struct fake_rom *rom, uint8_t *frame, size_t len)
{
    static const uint8_t sync_reply[] = {0xc0, 1, 8, 4, 0, 7, 7, 0x12, 0x20, 0, 0, 0, 0, 0xc0};
    struct esprom_packet p;

    if (esprom_packet_decode(&p, frame, len) != TDM_OK)
        return;
    assert_int_equal(p.direction, ESPROM_REQUEST);
    enum fake_rom_trouble kind = rom->kind = is_due(rom, p.op) ? rom->trouble.kind : FAKE_ROM_NONE;
    assert_true(rom->op_count < FAKE_ROM_LOG);
    rom->ops[rom->op_count++] = p.op;
    rom->seen[p.op]++;
    if (kind == FAKE_ROM_LOSE_REQUEST)
        return;
    if (kind == FAKE_ROM_REFUSE) {
        refuse(rom, p.op, ESPROM_REASON_FAILED);
        return;
    }
    if (kind == FAKE_ROM_FLIP_BIT)
        frame[len - 1] ^= 0x10;
    if (kind == FAKE_ROM_FLIP_OPCODE)
        p.op = 0x55;
    for (int i = 0; kind == FAKE_ROM_LATE_SYNCS && i < 8; i++)
        fake_serial_say(rom->serial, sync_reply, sizeof sync_reply, 1);
    if (kind == FAKE_ROM_TEXT_FIRST)
        fake_serial_say(rom->serial, banners[FAKE_ROM_LOADER], strlen(banners[FAKE_ROM_LOADER]), 1);
    if (kind == FAKE_ROM_FLASH_ROTS)
        rom->flash[bytes_le32(p.data)] = 0;
    obey(rom, &p);
    if (kind == FAKE_ROM_WEDGE) {
        rom->is_running = false;
        rom->starts_as = rom->trouble.then;
    }
}

static void on_write(struct fake_serial *s, void *peer, const uint8_t *data, size_t len)
{
    struct fake_rom *rom = peer;
    struct slip_decoder d;

    if (rom->pressed_after_ms != 0 && s->clock->passed_ms >= rom->pressed_after_ms)
        rom->is_running = true;
    if (!rom->is_running || s->baud != rom->baud || s->baud > rom->highest_baud)
        return;
    slip_decoder_init(&d, rom->frame, sizeof rom->frame);
    for (size_t i = 0; i < len; i++)
        if (slip_decoder_push(&d, data[i]))
            hear_command(rom, d.buf, d.len);
}

static void on_reset(struct fake_lines *l, void *peer, enum tdm_boot into)
{
    struct fake_rom *rom = peer;
    enum fake_rom_start start = into == TDM_BOOT_LOADER ? rom->starts_as : FAKE_ROM_APP;

    (void)l;
    rom->is_running = start == FAKE_ROM_LOADER;
    rom->baud = 115200;
    rom->is_attached = false;
    rom->flash_size = 2u << 20;
    fake_serial_say(rom->serial, banners[start], strlen(banners[start]), rom->banner_ms);
}

void fake_rom_init(struct fake_rom *rom, struct fake_serial *serial, struct fake_lines *lines)
{
    memset(rom, 0, sizeof *rom);
    memset(rom->flash, 0xa5, sizeof rom->flash);
    rom->serial = serial;
    rom->chip_id = 16;
    rom->magic = 0xd7b73e80u;
    rom->flash_id = 0x164020u;
    rom->spi_base = 0x60003000u;
    rom->mac_reg = 0x600b0844u;
    rom->fuse_word_3 = 0xffd7ffffu; /* an ESP32-H2 2.5: bits 18 to 22 are 10101, all others set */
    rom->sync_value = ESPROM_SYNC_VALUE;
    rom->has_security_info = rom->inflates = true;
    rom->banner_ms = 5;
    rom->baud = 115200;
    rom->highest_baud = 4000000;
    rom->usr = 0x11111111u;
    rom->usr2 = 0x22222222u;
    serial->on_write = on_write;
    serial->peer = rom;
    lines->on_reset = on_reset;
    lines->peer = rom;
}

void fake_rom_close(struct fake_rom *rom)
{
    close_stream(rom);
}

uint8_t fake_rom_packed_op(uint8_t op)
{
    return op == ESPROM_OP_FLASH_BEGIN  ? ESPROM_OP_FLASH_DEFL_BEGIN
           : op == ESPROM_OP_FLASH_DATA ? ESPROM_OP_FLASH_DEFL_DATA
                                        : op;
}
