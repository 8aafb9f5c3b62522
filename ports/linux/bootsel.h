/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootsel: what decides which host slot the next start boots. One file for each kind; all of them say the same thing.
 *
 *   bootsel_record   Tandem's own boot record, for a bootloader that reads it (tandem-sim-loader in the demo)
 *   bootsel_uboot    the U-Boot environment, through libubootenv
 *   bootsel_command  a program of the user's
 *
 * Used by   host_files.c, host_running.c, apps/, sim/loader.c.   Uses  flash, copies, program, libubootenv.
 * Memory    the caller owns the structs; the texts of a configuration are borrowed for as long as the selector is used.
 * Power     select is one atomic act, durable when it returns TDM_OK: afterwards a cut leaves it done, before it undone.
 */
#ifndef TANDEM_LINUX_BOOTSEL_H
#define TANDEM_LINUX_BOOTSEL_H

#include <stdbool.h>
#include <stdint.h>

#include <tandem/copies.h>
#include <tandem/err.h>
#include <tandem/flash.h>
#include <tandem/host.h>

/* What a selector holds. */
struct bootsel {
    enum tdm_host_slot next;
    bool is_final;
    uint8_t starts; /* of a trial, counted by the bootloader                       */
    uint8_t limit;  /* starts that the bootloader gives a trial; 0: it counts none, or has not said */
};

struct bootsel_port;

struct bootsel_ops {
    /* A selector that was never set names slot A for good. FORMAT: it names no slot of ours. */
    tdm_err (*load)(struct bootsel_port *port, struct bootsel *out);
    tdm_err (*select)(struct bootsel_port *port, enum tdm_host_slot slot, enum tdm_select how);
};

struct bootsel_port {
    const struct bootsel_ops *ops;
};

/* What a bootloader does with it now: a trial whose starts are used up boots the other slot. */
enum tdm_host_slot bootsel_choice(const struct bootsel *sel);

/* ---- bootsel_record.c: two copies of 32 bytes, docs/FORMAT.md, "Boot record" -------------------------------------- */

#define BOOTSEL_ROOM 512 /* bytes of one copy with its padding: a sector of a block device */

struct bootsel_record {
    struct bootsel_port port;
    struct tdm_copies copies;
    uint8_t buf[BOOTSEL_ROOM];
};

void bootsel_record_init(struct bootsel_record *b, struct tdm_flash *flash);
/* NOT_FOUND when it was never written, CORRUPT when it is lost: the loader then boots slot A. It writes nothing. */
TDM_MUST_USE tdm_err bootsel_record_load(struct bootsel_record *b, struct bootsel *out);
/* Durable when it returns TDM_OK; cut in the middle, the old or the new one, whole. Also over a lost one. */
TDM_MUST_USE tdm_err bootsel_record_store(struct bootsel_record *b, const struct bootsel *sel);

/* ---- bootsel_uboot.c ----------------------------------------------------------------------------------------------- */

#define BOOTSEL_VALUE_MAX 64

/* Names of variables. Trial: slot = the slot's value, upgrade = 1, count = 0. Final: upgrade = 0, count = 0. */
struct bootsel_uboot_config {
    const char *file;    /* fw_env.config: where the environment and its second copy lie      */
    const char *slot;    /* names the slot to boot                                             */
    const char *upgrade; /* 1: the bootloader counts starts                                    */
    const char *count;   /* starts so far                                                      */
    const char *limit;   /* starts it gives; unset or 0: it counts none. Never written         */
    const char *values;  /* what the slot variable holds for A and for B, a blank between them */
};

struct bootsel_uboot {
    struct bootsel_port port;
    struct bootsel_uboot_config cfg;
    char values[TDM_HOST_SLOTS][BOOTSEL_VALUE_MAX];
};

/*
 * Reads the environment once. Codes: uboot_values, uboot_config (missing or not understood), uboot_single (only one
 * copy: a cut while it is written would lose it), uboot_environment (no valid copy, or it cannot be read).
 */
TDM_MUST_USE tdm_err bootsel_uboot_open(struct bootsel_uboot *u, const struct bootsel_uboot_config *cfg,
                                        struct tdm_fault *why);
/* The slot that a variable names; NOT_FOUND when it is not set, FORMAT when it holds neither value. */
TDM_MUST_USE tdm_err bootsel_uboot_read(const struct bootsel_uboot *u, const char *variable, enum tdm_host_slot *slot);

/* ---- bootsel_command.c: PROGRAM running | next | select A|B trial|final -------------------------------------------- */

/*
 * running answers "A" or "B". next answers a slot and "trial" or "final", then "counts" when the bootloader counts the
 * starts of a trial and falls back by itself. select answers by its exit status alone; it returns when the choice is
 * durable. Status other than 0: PEER. More than 10 s: TIMEOUT, and it is ended.
 */
struct bootsel_command {
    struct bootsel_port port;
    const char *program;
};

void bootsel_command_init(struct bootsel_command *c, const char *program);
TDM_MUST_USE tdm_err bootsel_command_running(const struct bootsel_command *c, enum tdm_host_slot *slot);

#endif
