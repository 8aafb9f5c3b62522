/* SPDX-License-Identifier: Apache-2.0 */
/*
 * esprom: the flashing engine for ESP chips, by their ROM serial loader alone; no program is loaded into the chip.
 *
 * Used by   reconcile, the rcp commands.   Uses  serial, lines, clock, deflate.
 * Memory    the caller owns the engine, frame buffers included; nothing is allocated.
 * Order     connect, [set_speed], any number of regions (plan, update), leave. After an error: leave, always.
 * Regions   Only sectors that differ are erased and sent, in one compressed stream for each run of them. What a damaged
 *           wire, a wedged loader or an earlier cut left behind is found by its digest and written in the same way; so
 *           going on and beginning again are one thing.
 * Units     offsets and lengths in bytes of the radio's flash, times in milliseconds.
 * Fault     in `fault`, kept until the next connect, which begins anew. Those of connect name the layer that failed:
 *             lines_failed        the RESET and BOOT lines could not be driven
 *             serial_failed       the serial port failed
 *             no_answer           not one byte came
 *             no_loader           bytes came, but neither a ROM's text nor a reply: other speed, other device
 *             rom_other_speed     its text is sound at 74880: a crystal of 26 MHz where the ROM reckons with 40
 *             not_in_loader       the ROM's text says that it started from flash: BOOT strap not pulled
 *             usb_download_only   the ROM waits on USB alone: the second strap is low
 *             no_sync             the ROM waits for commands and hears none: the line towards it
 *             not_a_rom           something else answers as a loader
 *             secure_download, flash_encrypted, wrong_chip, flash_not_found
 *             other_chip          a chip that is known, and is none that this flashes: what names it
 *             unknown_chip        a chip that nobody here knows; at is its id or its ROM word
 *           Of start_firmware: no_firmware, lines_failed, serial_failed.
 *           Later: baud_failed, region_unaligned, region_empty, region_too_long, source_failed; and what remained after
 *             every try: digest_differs, not_proven, block_lost (TIMEOUT), block_damaged (NOISE), block_refused, rom_refused (PEER;
 *             at is the ROM's reason), rom_silent, rom_noise.
 */
#ifndef TANDEM_ESPROM_H
#define TANDEM_ESPROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/clock.h>
#include <tandem/deflate.h>
#include <tandem/err.h>
#include <tandem/lines.h>
#include <tandem/log.h>
#include <tandem/serial.h>

#define ESPROM_BAUD_START       115200u /* what the ROM speaks after reset                                     */
#define ESPROM_BLOCK_MAX        4096u   /* largest an ESP32-C3 ROM took, captured in an emulator; 8192 refused */
#define ESPROM_FRAME_MAX        (8 + 16 + ESPROM_BLOCK_MAX)
#define ESPROM_REPLY_MAX        512u
#define ESPROM_SECTOR           4096u
#define ESPROM_BOOT_TEXT_MAX    256u
#define ESPROM_MD5_LEN          16
#define ESPROM_MAGIC_MAX        4
#define ESPROM_SECTORS_MAX      4096u /* 16 MiB: the ROM's addresses have 24 bits */
#define ESPROM_CHIP_ANY         0xffffu
#define ESPROM_HAND_MS          3000u /* somebody may be pressing right now; nobody is there when a router boots */
#define ESPROM_REVISION_UNKNOWN 0xffffu

/* Where the chip's revision stands: bits counted from the lower MAC word on. minor_len 0: this chip does not tell it. */
struct esprom_revision_bits {
    uint8_t minor, minor_len, minor_high, major; /* minor_high: one more bit above, 0: none. major has two bits */
};

/* A ROM may take its crystal for the other one, and reckons rates wrongly then. Both 0: this chip has one kind. */
struct esprom_crystals {
    uint8_t usual_mhz, other_mhz;
    uint32_t belief_reg; /* bits 24 to 30: what the ROM takes it for; 0: always for the usual one */
};

/* One row per chip: what differs between them. */
struct esprom_chip {
    uint16_t id;      /* as in image headers and GET_SECURITY_INFO */
    const char *name; /* "esp32h2"                                 */
    uint32_t bootloader_offset;
    uint32_t spi_base; /* SPI controller that leads to the flash    */
    uint32_t mac_reg;  /* eFuse register with the lower MAC word    */
    bool has_eui64;    /* the eFuse holds the two middle bytes too  */
    struct esprom_revision_bits revision;
    struct esprom_crystals crystals;
    uint32_t magic[ESPROM_MAGIC_MAX]; /* known words at a ROM address, 0: unused */
};

/* The chip with this id, or NULL. */
const struct esprom_chip *esprom_chip_by_id(uint16_t id);

struct esprom_config { /* set by the caller */
    struct tdm_serial *serial;
    struct tdm_lines *lines;
    struct tdm_clock *clock;
    struct tdm_log *log;
    uint16_t expected_chip;      /* id, or ESPROM_CHIP_ANY: any known one          */
    uint32_t block_size;         /* 1024, 2048 or 4096; 0: ESPROM_BLOCK_MAX        */
    struct tdm_deflate *deflate; /* NULL: blocks are sent plain                */
    uint32_t app_baud;           /* the rate to leave the port at; 0: 115200        */
    uint32_t hand_ms;            /* without lines: how long the buttons are waited for; 0: ESPROM_HAND_MS */
};

/* The conversation by commands; src/esprom/esprom_link.h. */
struct esprom_link {
    struct tdm_serial *serial;
    struct tdm_clock *clock;
    uint32_t baud;
    struct tdm_fault fault; /* of the last command */
    uint64_t heard;         /* bytes received so far */
    uint32_t disturbances;  /* frames that answered none of our commands, and commands that had to be repeated */
    char *text;             /* ESPROM_BOOT_TEXT_MAX bytes for what comes between frames; NULL: not kept */
    size_t wire_len;
    uint8_t wire[2 + 2 * ESPROM_FRAME_MAX]; /* the last command, as it is sent */
    uint8_t reply[ESPROM_REPLY_MAX];
};

/* Where the bytes of a region come from. They are read more than once and must not change meanwhile. */
struct esprom_source {
    tdm_err (*read)(struct esprom_source *s, uint32_t at, uint8_t *buf, uint32_t len);
};

/* What updates have cost since init. */
struct esprom_tally {
    uint32_t sectors, rewritten; /* of all regions; erased and written, again after a failure counts again     */
    uint32_t streams;            /* runs of sectors written                                                   */
    uint64_t sent;               /* bytes of blocks, compressed or plain                                     */
    uint32_t recoveries;         /* failures of the wire or the loader that were overcome                   */
};

struct esprom {
    struct esprom_config cfg;
    struct tdm_fault fault;
    const struct esprom_chip *chip;       /* after connect                                     */
    uint32_t flash_size;                  /* bytes the ROM can reach; after connect            */
    uint8_t rom_mhz, crystal_mhz;         /* what the ROM takes its crystal for, and what it is; 0: as it should be */
    uint16_t revision;                    /* major * 100 + minor, or ESPROM_REVISION_UNKNOWN; after connect */
    uint8_t mac[8];                       /* EUI-64; after connect                             */
    uint32_t security_flags;              /* of GET_SECURITY_INFO                              */
    char boot_text[ESPROM_BOOT_TEXT_MAX]; /* printable start of what the chip said before it synchronised */
    bool needs_hand;                      /* lines not wired: after leave, somebody has to reset the radio */
    struct esprom_tally tally;

    struct esprom_link link;
    bool is_connected, is_identified, is_deflate_refused;
    bool is_in_loader;         /* it has answered a SYNC since the last leave */
    struct {                   /* the region in hand */
        uint32_t offset, size; /* size: a multiple of 4, filled up with ff */
        uint32_t source_size;
        struct esprom_source *source;
        uint32_t sector_count, differing;
        uint32_t written;                        /* bytes of the runs that are done in this round */
        uint8_t differs[ESPROM_SECTORS_MAX / 8]; /* a bit for each sector */
    } region;
    struct {                      /* the stream of blocks under way */
        bool is_open, is_awaited; /* a block is sent and not answered */
        enum esprom_stream { ESPROM_PLAIN, ESPROM_DEFLATE } kind;
        uint32_t number, block_len; /* of the next block */
        uint8_t block[ESPROM_BLOCK_MAX];
    } stream;
};

void esprom_init(struct esprom *e, const struct esprom_config *cfg);

/* Reset into the ROM loader, synchronise, identify chip, MAC and flash, attach the flash. */
TDM_MUST_USE tdm_err esprom_connect(struct esprom *e);
/*
 * Both sides to the fastest rate that works, wanted or the next below it, each proven by a command at it; link.baud tells
 * which. A rate that the line does not carry costs a reset; one that the port cannot have, or the ROM refuses, costs none.
 */
TDM_MUST_USE tdm_err esprom_set_speed(struct esprom *e, uint32_t wanted);

/*
 * Which sectors of the region differ from the source: region.differing of region.sector_count. Writes nothing. A size
 * that is no multiple of 4 is filled up with ff.
 */
TDM_MUST_USE tdm_err esprom_plan(struct esprom *e, uint32_t offset, uint32_t size, struct esprom_source *source);
/* Of the region that was planned: the bytes of blocks that an update would send. */
TDM_MUST_USE tdm_err esprom_predict(struct esprom *e, uint64_t *bytes);
/*
 * Make the region hold the source's bytes: plan, write what differs, and plan again until nothing does. Failures that may
 * heal are overcome: by SYNC, by a reset, at a lower rate. Three rounds without progress at one rate, and there is no
 * lower one, or thirty-two failures: the last is final.
 */
TDM_MUST_USE tdm_err esprom_update(struct esprom *e, uint32_t offset, uint32_t size, struct esprom_source *source);

/* A region as it must be in the end. md5: of its size bytes, from whoever judged them; name: for the log. */
struct esprom_part {
    uint32_t offset, size;
    struct esprom_source *source;
    const uint8_t *md5;
    const char *name;
};

/*
 * All parts, in this order, until the flash holds every one of them by md5. Commands of a ROM have no checksum: one that was
 * damaged or came late may erase what was right already. So they count as one only when their digests were asked in a row, and
 * nothing else was answered meanwhile. not_proven: the sources hold something else than what was judged.
 */
TDM_MUST_USE tdm_err esprom_update_all(struct esprom *e, const struct esprom_part *parts, size_t count);

TDM_MUST_USE tdm_err esprom_region_md5(struct esprom *e, uint32_t offset, uint32_t size, uint8_t out[ESPROM_MD5_LEN]);

/*
 * Reset the chip into its application, without having been connected, and read what its ROM prints. STATE, no_firmware:
 * the ROM says that its flash holds nothing it would start, and starts nothing. Anything else is no verdict, silence
 * neither: an application may come. The port is left at the ROM's rate. Takes half a second at most, besides the reset.
 */
TDM_MUST_USE tdm_err esprom_start_firmware(struct esprom *e);

/*
 * Reset the chip into its application and set the port to cfg.app_baud. Call it on every way out; it does its work
 * whatever failed before, and leaves `fault` as it is unless it is the first to fail.
 */
TDM_MUST_USE tdm_err esprom_leave(struct esprom *e);

#endif
