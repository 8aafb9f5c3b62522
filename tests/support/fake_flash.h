/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_flash: a flash region in memory that insists on the port's contract, and the power supply of a test's world.
 *
 * Used by   unit tests of whatever takes a struct tdm_flash.   Uses  cmocka, to fail on a broken contract.
 * Contract  A program over bytes that were not erased before, or not aligned, fails the test at once.
 * Power     One struct fake_power is shared by all fakes of a test. It counts prog, erase, sync, reread (and a fake
 *           host's select). At operation cut_at the power goes: of that operation nothing, half or all lands, and
 *           every fake answers TDM_E_POWER until fake_flash_reboot. What was not synced then survives as `unsynced` says.
 *           A cut between two reads is the same world as a cut "none" at the next operation, so reads are not counted.
 */
#ifndef SUPPORT_FAKE_FLASH_H
#define SUPPORT_FAKE_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/flash.h>

enum fake_tear { FAKE_TEAR_NONE, FAKE_TEAR_HALF, FAKE_TEAR_ALL, FAKE_TEAR_COUNT };

/* Which of the operations since the last sync are on the medium after a cut. */
enum fake_unsynced { FAKE_KEPT, FAKE_LOST, FAKE_ONLY_LAST, FAKE_ALL_BUT_LAST, FAKE_UNSYNCED_COUNT };

struct fake_power {
    uint64_t ops;    /* operations so far                               */
    uint64_t cut_at; /* 1 is the first operation; 0: the power stays on */
    enum fake_tear tear;
    enum fake_unsynced unsynced;
    bool is_off;
};

enum fake_power_verdict { FAKE_POWER_ON, FAKE_POWER_CUT_NOW, FAKE_POWER_OFF };

/* What a fake asks before each counted operation. CUT_NOW: let power->tear of it land and answer TDM_E_POWER. */
enum fake_power_verdict fake_power_step(struct fake_power *p);
/* On again, and counting from 0; no cut is planned. Reboot every flash as well. */
void fake_power_on(struct fake_power *p);

struct fake_flash_op {
    bool is_erase;
    uint64_t off, len;
    uint8_t *data; /* of a prog */
};

struct fake_flash {
    struct tdm_flash port;
    struct fake_power *power; /* NULL: the power never goes */

    /* Behaviour, set by the test at any time. */
    bool erase_keeps_bytes;                /* as on files, where erase writes nothing (else ff, as on NOR) */
    bool rots_next_prog;                   /* the next prog reports success, but one of its bits is wrong  */
    uint64_t bad_off, bad_len;             /* reads that touch this range answer TDM_E_IO                  */
    tdm_err prog_err, erase_err, sync_err; /* unless TDM_OK: what these answer, doing nothing      */
    void (*on_write)(struct fake_flash *f, void *watcher); /* before each erase and program, or NULL */
    void *watcher;

    /* What happened, read by the test. */
    uint64_t reads, progs, erases, syncs, rereads;

    uint8_t *mem;     /* what reads see          */
    uint8_t *durable; /* what a cut cannot take  */
    bool *erased;     /* per byte: may be programmed */
    struct fake_flash_op *pending;
    size_t pending_count, pending_cap;
};

/* Filled with ff, and to be erased before its first use like a used one. */
void fake_flash_open(struct fake_flash *f, struct fake_power *power, uint64_t size, uint32_t erase_size,
                     uint32_t prog_size);
void fake_flash_close(struct fake_flash *f);
/* The machine starts: what is on the medium is what reads see. */
void fake_flash_reboot(struct fake_flash *f);
/* Put bytes on the medium past all rules, as a test's starting point. */
void fake_flash_plant(struct fake_flash *f, uint64_t off, const void *data, size_t len);

#endif
