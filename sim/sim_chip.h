/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_chip: a whole radio chip: power, RESET and BOOT, its UART, and whichever program runs on it.
 *
 * Used by   tandem-sim (real time), tests and campaigns (virtual time).   Uses  sim_wire, sim_esprom, sim_boot, sim_radio.
 * Events    nothing happens by itself. The owner says what time it is; sim_chip_run() does all that is due until then,
 *           each thing at its own time, and says when it wants to run again. Time never goes back.
 * Strap     BOOT is sampled when RESET is released (or power comes with RESET released); a restart by software or
 *           watchdog keeps the sample.
 * Memory    about 1.3 MB, the caller's; the loader's inflater takes heap, sim_chip_deinit() gives it back.
 * Units     microseconds from any start, bit/s.
 */
#ifndef TANDEM_SIM_CHIP_H
#define TANDEM_SIM_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim_boot.h"
#include "sim_esprom.h"
#include "sim_flash.h"
#include "sim_parts.h"
#include "sim_radio.h"
#include "sim_wire.h"

#define SIM_NEVER    UINT64_MAX
#define SIM_BAUD_ANY 0u /* a host that is always at the chip's rate */

/* What may be wrong with the wires and the chip: bits of sim_chip_config.broken. */
enum sim_broken {
    SIM_BROKEN_RESET = 1 << 0,        /* RESET and BOOT have no effect, as when they go elsewhere */
    SIM_BROKEN_BOOT = 1 << 1,         /* BOOT has no effect                                       */
    SIM_BROKEN_RX = 1 << 2,           /* the chip hears nothing                                   */
    SIM_BROKEN_TX = 1 << 3,           /* nobody hears the chip                                    */
    SIM_BROKEN_SECOND_STRAP = 1 << 4, /* the second strap is low, so the loader waits on USB      */
    SIM_BROKEN_CLOCK = 1 << 5,        /* a crystal of 26 MHz where the ROM reckons with 40        */
    SIM_BROKEN_FLASH = 1 << 6,        /* the flash does not tell its id                           */
};

struct sim_chip_config { /* set by the caller */
    const struct sim_part *part;
    struct sim_flash *flash;
    uint8_t mac[6];
    uint32_t app_baud;            /* 0: SIM_RADIO_BAUD                            */
    unsigned broken;              /* enum sim_broken */
    struct sim_flash_times times; /* 0: takes no time                             */
    uint32_t boot_us;             /* from the release of RESET to the application */
    bool is_instant;              /* bytes take no time on the line               */
    uint32_t security_flags;      /* of the loader, see sim_esprom.h              */
    uint8_t crypt_count;
    bool is_strict; /* the loader insists on SPI_ATTACH             */
};

enum sim_runs {
    SIM_RUNS_OFF,
    SIM_RUNS_HELD, /* in reset */
    SIM_RUNS_BOOT,
    SIM_RUNS_LOADER,
    SIM_RUNS_RADIO,
    SIM_RUNS_OTHER_APP, /* a valid application that is no radio: it has no version text */
    SIM_RUNS_NO_IMAGE,
    SIM_RUNS_STUCK,
    SIM_RUNS_COUNT
};

struct sim_chip {
    struct sim_chip_config cfg;
    struct sim_wire to_chip, to_host;
    bool has_power, in_reset, boot_pulled;
    bool strap_loader; /* as sampled */
    enum sim_runs runs;
    uint32_t baud;
    uint64_t busy_until, timer, watchdog;
    bool restarts_at_timer; /* else the timer belongs to what runs */
    enum sim_cause cause;
    uint32_t starts; /* since init */
    struct sim_boot boot;
    struct sim_esprom rom;
    struct sim_radio radio;
};

/* Without power, RESET and BOOT released. */
void sim_chip_init(struct sim_chip *c, const struct sim_chip_config *cfg);
void sim_chip_deinit(struct sim_chip *c);

/* Inputs. Run the chip up to now_us first; they take effect at once. */
void sim_chip_power(struct sim_chip *c, uint64_t now_us, bool on);
void sim_chip_lines(struct sim_chip *c, uint64_t now_us, bool reset, bool boot);
void sim_chip_write(struct sim_chip *c, uint64_t now_us, uint32_t baud, const uint8_t *data, size_t len);

/* No program has the line open any more: a loader that waits measures the rate of the next one anew. */
void sim_chip_line_closed(struct sim_chip *c);

/* What the host's UART at baud has heard by now; cap at least SIM_UART_HEARD_MAX. */
size_t sim_chip_read(struct sim_chip *c, uint64_t now_us, uint32_t baud, uint8_t *buf, size_t cap);

/* Do what is due. Returns when something is due again (a byte for the host included), or SIM_NEVER. */
uint64_t sim_chip_run(struct sim_chip *c, uint64_t now_us);

const char *sim_chip_runs_name(enum sim_runs runs);

#endif
