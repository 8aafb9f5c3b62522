/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair_world: a whole router in memory: what install_world has, and a simulated ESP32-H2 on its serial port, in virtual
 * time. The shipped install and reconcile run in it, start after start.
 *
 * Used by   unit tests of reconcile, and of both flows together.   Uses  install_world, fake_log, the simulator.
 * Power     A router whose power is off can neither speak to the radio nor move its lines. The radio's own flash counts
 *           its operations on the same supply, so a cut may come in the middle of a flash; with radio_falls_too the
 *           radio loses its power with the router and runs its boot loader again, else it finishes what it was told.
 */
#ifndef SUPPORT_PAIR_WORLD_H
#define SUPPORT_PAIR_WORLD_H

#include <tandem/reconcile.h>

#include "linux/tandem_linux.h"
#include "sim_link.h"
#include "support/fake_log.h"
#include "support/install_world.h"

#define PAIR_RADIO_FLASH (2u * 1024 * 1024)
#define PAIR_FOREVER     UINT32_MAX

struct pair_world {
    struct install_world router;
    struct reconcile flow;
    struct fake_log heard;
    struct deflate_zlib packer;
    uint8_t buf[8192];

    struct sim_chip chip;
    struct sim_link wire;
    struct sim_flash radio_flash;
    struct tdm_flash_ops radio_ops; /* the simulator's, with the two ways to fail put in front */
    const struct tdm_flash_ops *sound_ops;
    struct tdm_serial serial; /* the wire, as long as the router has power */
    struct tdm_lines lines;
    uint8_t radio_bytes[PAIR_RADIO_FLASH];

    /* Behaviour, set by the test at any time. */
    uint32_t rots;         /* so many programs into the radio's flash lose a bit */
    bool has_no_port;      /* the serial port is not there                       */
    bool waits;            /* trials wait for the operator's word                */
    bool radio_falls_too;  /* a cut of the router's power is one of the radio's  */
    bool radio_has_fallen; /* it has come                                        */
    uint32_t
        radio_falls_in; /* so many writes of its flash from now the radio alone loses its power for a moment; 0: not */
    /* What becomes of bytes on the wire, either way: how many are left of them. NULL: all, as they are. */
    size_t (*on_wire)(struct pair_world *w, uint8_t *data, size_t len);

    /* What happened, read by the test. */
    unsigned falls;                               /* cuts of the router's power                         */
    bool fell_unsynced;                           /* at the last one, something waited for its sync     */
    void (*on_radio_write)(struct pair_world *w); /* before each erase and program of the radio's flash, or NULL */
};

/* A router that was never updated, running A; the radio's flash is empty, and it has no power yet. */
void pair_open(struct pair_world *w, bool has_slots);
void pair_close(struct pair_world *w);

/*
 * A radio image, or with host_size a pair. named: part 0, what the radio should say. says: what it answers with, NULL:
 * the firmware is no radio at all.
 */
void pair_build(struct sample_image *s, const char *named, const char *says, size_t host_size, uint8_t seed);

/* The same with a manifest, which states the counter and is signed by the key. named NULL: a host alone. */
void pair_build_signed(struct sample_image *s, const char *named, const char *says, size_t host_size, uint8_t seed,
                       uint32_t counter, const struct sample_key *key);

/* Put an image's parts into the radio's flash, past its ROM. */
void pair_plant(struct pair_world *w, const struct sample_image *s);
/* Does the radio's flash hold exactly these parts? */
bool pair_radio_holds(const struct pair_world *w, const struct sample_image *s);
void pair_radio_on(struct pair_world *w);
/* What the radio runs when left alone, asked of the simulator itself: the version text, or why there is none. */
const char *pair_radio_runs(struct pair_world *w);

/* The router's power comes back after a cut: storage as it landed, the radio as it was left. The host is not started. */
void pair_power_on(struct pair_world *w);

void pair_begin(struct pair_world *w); /* a fresh struct reconcile, as a new process has it */
/* One start of the boot flow; its error and its fault must agree. */
enum reconcile_outcome pair_boot(struct pair_world *w);

struct slot_record pair_load(struct pair_world *w); /* fails the test without a record */

#endif
