/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: the ports of this router, opened as the configuration names them.
 *
 * Used by   the ota, rcp and boot commands.
 * Memory    the struct belongs to the command; device_close() gives back all that was opened, on every way out.
 * Locks     DEVICE_WORK locks every file and device: two commands never change one router at a time. DEVICE_LOOK reads
 *           beside a command that works. DEVICE_START is DEVICE_WORK without the host slots.
 */
#ifndef TANDEM_DEVICE_H
#define TANDEM_DEVICE_H

#include <tandem/judge.h>
#include <tandem/slot.h>

#include "app.h"
#include "exclusive.h"
#include "linux/tandem_linux.h"
#include "policy.h"

#define DEVICE_PATH_MAX (CONFIG_TEXT_MAX + 16)
#define DEVICE_BUF_LEN  (128u * 1024u)

struct device {
    struct clock_posix clock;
    struct crypto_openssl crypto;
    struct deflate_zlib deflate;
    struct flash_file history, journal, record, rcp[SLOT_RCP_SLOTS], host_slots[TDM_HOST_SLOTS], boot_record;
    struct bootsel_record record_selector;
    struct bootsel_uboot uboot_selector;
    struct bootsel_command command_selector;
    struct host_files host;
    struct slot_store store;
    struct exclusive exclusive;
    struct serial_linux serial;
    struct lines_linux lines;
    struct health_command health;
    struct policy policy; /* policy_load() has filled it, or no image is judged */
    uint16_t chip;        /* configured ESP chip id, or 0xffff */
    uint8_t buf[DEVICE_BUF_LEN];
};

enum device_use {
    DEVICE_LOOK,
    DEVICE_WORK,
    DEVICE_START, /* whoever holds a host slot does not hold up a start of the machine */
};

/* Record, RCP slots, host slots, boot selection; what is missing is made. Reported failures give the exit number. */
int device_open_storage(struct app *app, struct device *dev, enum device_use use);
/*
 * The path of something small that lies beside a record that is a file, unless its key says where: its name is the
 * record's with the suffix. False: there is none.
 */
bool device_beside_record(const struct config *cfg, const char *key, const char *suffix, char *path, size_t room);
/* One region: a file of this size, or a block device. DEVICE_WORK locks it. */
int device_open_flash(struct app *app, struct flash_file *f, const char *path, uint64_t size, enum device_use use);
/*
 * The radio's serial port and lines. DEVICE_WORK takes it away from the programs that [radio] names; device_close() gives
 * it back. DEVICE_START does so too, and gives a port that is not there yet its time. From here on an operator's signal makes the port answer CANCELLED instead of ending us.
 */
int device_open_radio(struct app *app, struct device *dev, enum device_use use);
void device_close(struct device *dev);

/* What [host] selector leads to: the boot record's path, the description of the U-Boot environment, or the program. */
const char *device_selector_place(const struct config *cfg);

/* Run the configured reboot command, or say that a restart is due. */
int device_restart(struct app *app);

#endif
