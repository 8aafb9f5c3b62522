/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"
#include "esprom/esprom_chip.h"
#include "esprom/esprom_engine.h"
#include "esprom/esprom_link.h"

#define SECURITY_BOOT     (1u << 0) /* flags: only signed firmware runs      */
#define SECURITY_DOWNLOAD (1u << 2) /*        registers and digests are withheld */
#define SECURITY_LEN_S2   12        /* an ESP32-S2 tells no chip id           */
#define ESP32S2           2
#define SPI_POLLS         10u
#define READINGS          4u

/* GET_SECURITY_INFO:  flags (4) | encryption count (1) | key purposes (7) | chip id (4) | revision of the ROM (4) */
struct security {
    uint32_t flags;
    uint8_t crypt_count;
    uint32_t chip_id;
};

static struct security read_security(const uint8_t *data)
{
    struct bytes_reader r = bytes_reader_on(data, ESPROM_SECURITY_LEN);
    struct security s;

    s.flags = bytes_get_le32(&r);
    s.crypt_count = bytes_get_u8(&r);
    bytes_skip(&r, 7);
    s.chip_id = bytes_get_le32(&r);
    return s;
}

/* A ROM's replies carry no checksum: what is decided for good counts when two readings in a row agree. */
static tdm_err contradiction(struct esprom_link *l, const char *what, uint64_t at)
{
    return tdm_fault_set(&l->fault, TDM_E_NOISE, "rom_noise", what, at);
}

static tdm_err read_reg_twice(struct esprom_link *l, uint32_t reg, uint32_t *value)
{
    tdm_err err = esprom_link_read_reg(l, reg, value);

    for (unsigned i = 1; i < READINGS && err == TDM_OK; i++) {
        uint32_t before = *value;
        err = esprom_link_read_reg(l, reg, value);
        if (err == TDM_OK && *value == before)
            return TDM_OK;
    }
    return err != TDM_OK ? err : contradiction(l, "a register reads otherwise each time", reg);
}

static bool is_odd(uint8_t bits)
{
    bool odd = false;
    for (; bits != 0; bits &= (uint8_t)(bits - 1))
        odd = !odd;
    return odd;
}

/* What we cannot or must not write to: without digests nothing could be proven; plaintext would not start. */
static tdm_err judge_security(struct esprom *e, const struct security *s)
{
    e->security_flags = s->flags;
    if (s->flags & SECURITY_DOWNLOAD)
        return esprom_fail(e, TDM_E_UNSUPPORTED, "secure_download", "the radio is in secure download mode", s->flags);
    if (is_odd(s->crypt_count))
        return esprom_fail(e, TDM_E_REFUSED, "flash_encrypted", "the radio's flash is encrypted", s->crypt_count);
    if (s->flags & SECURITY_BOOT)
        tdm_log_note(e->cfg.log, TDM_LOG_WARNING,
                     "secure boot is on: the radio runs only firmware signed for it; flags", s->flags);
    return TDM_OK;
}

static tdm_err fail_chip(struct esprom *e, const char *known_as, uint32_t at)
{
    if (known_as)
        return esprom_fail(e, TDM_E_MISMATCH, "other_chip", known_as, at);
    return esprom_fail(e, TDM_E_MISMATCH, "unknown_chip", "a chip that is not in the table", at);
}

static tdm_err chip_by_magic(struct esprom *e)
{
    uint32_t magic = 0;

    tdm_err err = read_reg_twice(&e->link, ESPROM_MAGIC_REG, &magic);
    if (err == TDM_E_PEER)
        return esprom_fail(e, TDM_E_UNSUPPORTED, "secure_download", "the loader withholds its registers", 0);
    if (err != TDM_OK)
        return esprom_fail_link(e);
    e->chip = esprom_chip_by_magic(magic);
    if (!e->chip)
        return fail_chip(e, esprom_other_chip_by_magic(magic), magic);
    tdm_log_note(e->cfg.log, TDM_LOG_WARNING, "the loader does not tell whether the flash is encrypted; chip",
                 e->chip->id);
    return TDM_OK;
}

/* A reply that is too short for a chip id is damaged, or an ESP32-S2's; its own length asked for tells which. */
static bool is_esp32s2(struct esprom *e)
{
    const struct esprom_ask ask = {.op = ESPROM_OP_SECURITY_INFO, .expected = SECURITY_LEN_S2};
    struct esprom_reply reply;
    struct tdm_fault first = e->link.fault;

    bool is_short = esprom_link_ask(&e->link, &ask, &reply) == TDM_OK; /* else its status is a part of the chip id */
    e->link.fault = first;
    return is_short;
}

static tdm_err ask_security(struct esprom_link *l, struct security *s)
{
    const struct esprom_ask ask = {.op = ESPROM_OP_SECURITY_INFO, .expected = ESPROM_SECURITY_LEN};
    struct esprom_reply reply;

    tdm_err err = esprom_link_ask(l, &ask, &reply);
    if (err == TDM_OK)
        *s = read_security(reply.data);
    return err;
}

static bool is_same(const struct security *a, const struct security *b)
{
    return a->flags == b->flags && a->crypt_count == b->crypt_count && a->chip_id == b->chip_id;
}

/* A single reading would take an encrypted chip for an open one by one damaged bit. */
static tdm_err confirm_security(struct esprom_link *l, struct security *s)
{
    tdm_err err = TDM_OK;

    for (unsigned i = 1; i < READINGS && err == TDM_OK; i++) {
        struct security before = *s;
        err = ask_security(l, s);
        if (err == TDM_OK && is_same(s, &before))
            return TDM_OK;
    }
    return err != TDM_OK ? err : contradiction(l, "damaged security information", s->chip_id);
}

static tdm_err identify_chip(struct esprom *e)
{
    struct security s = {0};

    tdm_err err = ask_security(&e->link, &s);
    if (err == TDM_E_PEER && e->link.fault.at == ESPROM_REASON_BAD_FORMAT) /* a ROM that does not know the question */
        return chip_by_magic(e);
    if (err == TDM_E_NOISE && is_esp32s2(e))
        return fail_chip(e, esprom_other_chip_by_id(ESP32S2), ESP32S2);
    if (err != TDM_OK || confirm_security(&e->link, &s) != TDM_OK)
        return esprom_fail_link(e);
    e->chip = s.chip_id <= 0xffff ? esprom_chip_by_id((uint16_t)s.chip_id) : NULL;
    if (!e->chip)
        return fail_chip(e, esprom_other_chip_by_id(s.chip_id), s.chip_id);
    return judge_security(e, &s);
}

static tdm_err judge_chip(struct esprom *e)
{
    if (e->cfg.expected_chip != ESPROM_CHIP_ANY && e->cfg.expected_chip != e->chip->id)
        return esprom_fail(e, TDM_E_MISMATCH, "wrong_chip", "another chip than the expected one", e->chip->id);
    tdm_log_note(e->cfg.log, TDM_LOG_DEBUG, e->chip->name, e->chip->id);
    return TDM_OK;
}

static tdm_err read_mac(struct esprom *e)
{
    uint32_t low = 0, high = 0;

    if (esprom_link_read_reg(&e->link, e->chip->mac_reg, &low) != TDM_OK ||
        esprom_link_read_reg(&e->link, e->chip->mac_reg + 4, &high) != TDM_OK)
        return esprom_fail_link(e);
    esprom_chip_mac(e->chip, low, high, e->mac);
    return TDM_OK;
}

/* At most 8 bits of the eFuse block that begins with the MAC; none of our fields lies in two words. */
static tdm_err read_fuse(struct esprom *e, uint8_t at, uint8_t len, uint16_t *out)
{
    uint32_t word = 0;

    if (read_reg_twice(&e->link, e->chip->mac_reg + at / 32u * 4, &word) != TDM_OK)
        return esprom_fail_link(e);
    *out = (uint16_t)(word >> at % 32u & ((1u << len) - 1));
    return TDM_OK;
}

static tdm_err read_revision(struct esprom *e)
{
    const struct esprom_revision_bits *bits = &e->chip->revision;
    uint16_t minor = 0, high = 0, major = 0;

    e->revision = ESPROM_REVISION_UNKNOWN;
    if (bits->minor_len == 0)
        return TDM_OK;
    tdm_err err = read_fuse(e, bits->minor, bits->minor_len, &minor);
    if (err == TDM_OK && bits->minor_high != 0)
        err = read_fuse(e, bits->minor_high, 1, &high);
    if (err == TDM_OK)
        err = read_fuse(e, bits->major, 2, &major);
    if (err == TDM_OK)
        e->revision = (uint16_t)(major * 100 + (high << bits->minor_len) + minor);
    return err;
}

/* At the ROM's first rate, which it measured: later rates are reckoned from the crystal it believes in. */
static tdm_err read_crystal(struct esprom *e)
{
    const struct esprom_crystals *kinds = &e->chip->crystals;
    uint32_t divider = 0, belief = (uint32_t)kinds->usual_mhz << 24;

    e->rom_mhz = e->crystal_mhz = 0;
    if (kinds->usual_mhz == 0)
        return TDM_OK;
    if (esprom_link_read_reg(&e->link, ESPROM_UART_DIVIDER_REG, &divider) != TDM_OK)
        return esprom_fail_link(e);
    if (kinds->belief_reg != 0 && esprom_link_read_reg(&e->link, kinds->belief_reg, &belief) != TDM_OK)
        return esprom_fail_link(e);
    belief = belief >> 24 & 0x7f;
    if (belief != kinds->usual_mhz && belief != kinds->other_mhz)
        return TDM_OK; /* nothing is known, so nothing is corrected */
    e->rom_mhz = (uint8_t)belief;
    e->crystal_mhz = esprom_chip_crystal(e->chip, ESPROM_BAUD_START, divider);
    return TDM_OK;
}

/* Have the SPI controller send the command in USR2 and wait until it is done. */
static tdm_err run_spi(struct esprom_link *l, uint32_t spi)
{
    uint32_t command = ESPROM_SPI_CMD_START;

    tdm_err err = esprom_link_write_reg(l, spi + ESPROM_SPI_CMD, ESPROM_SPI_CMD_START);
    for (unsigned i = 0; i < SPI_POLLS && err == TDM_OK && (command & ESPROM_SPI_CMD_START); i++)
        err = esprom_link_read_reg(l, spi + ESPROM_SPI_CMD, &command);
    if (err == TDM_OK && (command & ESPROM_SPI_CMD_START))
        return tdm_fault_set(&l->fault, TDM_E_NOT_FOUND, "flash_not_found", "the flash controller does not finish", 0);
    return err;
}

/* The flash's own id, by way of the registers; the ROM's settings of the controller are put back. */
static tdm_err read_flash_id(struct esprom_link *l, uint32_t spi, uint32_t *id)
{
    const struct {
        uint32_t reg, value;
    } setup[] = {
        {ESPROM_SPI_MISO_LEN, 23},
        {ESPROM_SPI_USR, ESPROM_SPI_USR_ASK},
        {ESPROM_SPI_USR2, ESPROM_SPI_USR2_8_BITS | ESPROM_FLASH_READ_ID},
        {ESPROM_SPI_W0, 0},
    };
    uint32_t usr = 0, usr2 = 0;

    tdm_err err = esprom_link_read_reg(l, spi + ESPROM_SPI_USR, &usr);
    if (err == TDM_OK)
        err = esprom_link_read_reg(l, spi + ESPROM_SPI_USR2, &usr2);
    for (size_t i = 0; i < sizeof setup / sizeof setup[0] && err == TDM_OK; i++)
        err = esprom_link_write_reg(l, spi + setup[i].reg, setup[i].value);
    if (err == TDM_OK)
        err = run_spi(l, spi);
    if (err == TDM_OK)
        err = esprom_link_read_reg(l, spi + ESPROM_SPI_W0, id);
    if (err == TDM_OK)
        err = esprom_link_write_reg(l, spi + ESPROM_SPI_USR, usr);
    if (err == TDM_OK)
        err = esprom_link_write_reg(l, spi + ESPROM_SPI_USR2, usr2);
    return err;
}

static tdm_err confirm_flash_id(struct esprom_link *l, uint32_t spi, uint32_t *id)
{
    uint32_t before = 0;

    tdm_err err = read_flash_id(l, spi, id);
    for (unsigned i = 1; i < READINGS && err == TDM_OK; i++) {
        before = *id;
        err = read_flash_id(l, spi, id);
        if (err == TDM_OK && *id == before)
            return TDM_OK;
    }
    return err != TDM_OK ? err : contradiction(l, "damaged flash id", *id);
}

static tdm_err attach_flash(struct esprom *e)
{
    const uint32_t default_pins[2] = {0, 0};

    return esprom_link_words(&e->link, ESPROM_OP_SPI_ATTACH, default_pins, 2) == TDM_OK ? TDM_OK : esprom_fail_link(e);
}

/* No size is guessed: a wrong one wraps addresses. */
static tdm_err read_flash_size(struct esprom *e)
{
    uint32_t id = 0;

    if (confirm_flash_id(&e->link, e->chip->spi_base, &id) != TDM_OK)
        return esprom_fail_link(e);
    uint32_t size = esprom_flash_size_of_id(id & 0xffffff);
    if (size == 0)
        return esprom_fail(e, TDM_E_NOT_FOUND, "flash_not_found", "the flash does not tell its size", id);
    e->flash_size = size < ESPROM_FLASH_SIZE_LIMIT ? size : ESPROM_FLASH_SIZE_LIMIT;
    return TDM_OK;
}

/* Until it is told, a ROM takes every flash for 2 MiB. */
static tdm_err tell_flash_size(struct esprom *e)
{
    const uint32_t params[6] = {0, e->flash_size, 0x10000, ESPROM_SECTOR, 0x100, 0xffff};

    return esprom_link_words(&e->link, ESPROM_OP_SPI_SET_PARAMS, params, 6) == TDM_OK ? TDM_OK : esprom_fail_link(e);
}

/* What the chip is does not change between two resets of one session; what it was told is forgotten. */
tdm_err esprom_identify(struct esprom *e)
{
    static const struct {
        tdm_err (*run)(struct esprom *e);
        bool is_once;
    } steps[] = {{identify_chip, true}, {judge_chip, true},    {read_mac, true},        {read_revision, true},
                 {read_crystal, true},  {attach_flash, false}, {read_flash_size, true}, {tell_flash_size, false}};
    tdm_err err = TDM_OK;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && err == TDM_OK; i++)
        err = e->is_identified && steps[i].is_once ? TDM_OK : steps[i].run(e);
    e->is_identified = e->is_identified || err == TDM_OK;
    return err;
}
