/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tandem/esprom.h>

#include "advice.h"
#include "historian.h"
#include "linux/cancel.h"
#include "selector.h"
#include "storage_check.h"

#define RECORD_SIZE  16384u
#define JOURNAL_SIZE 16384u

int device_open_flash(struct app *app, struct flash_file *f, const char *path, uint64_t size, enum device_use use)
{
    struct tdm_fault why = {0};
    tdm_err err = TDM_E_NOT_FOUND;

    if (use == DEVICE_LOOK)
        err = flash_file_open(f, path, size, FLASH_FILE_READ, &why);
    if (err == TDM_E_NOT_FOUND)
        err = flash_file_open(f, path, size, FLASH_FILE_CREATE, &why);
    return err == TDM_OK ? EXIT_OK : app_fail_fault(app, path, &why);
}

bool device_beside_record(const struct config *cfg, const char *key, const char *suffix, char *path, size_t room)
{
    struct stat st;

    if (strcmp(key, "none") == 0)
        return false;
    if (key[0] != '\0')
        return snprintf(path, room, "%s", key) < (int)room;
    if (stat(cfg->slots.record, &st) == 0 && !S_ISREG(st.st_mode))
        return false;
    return snprintf(path, room, "%s%s", cfg->slots.record, suffix) < (int)room;
}

/* Without it a download that is cut begins anew: a remark, and no reason to stop. */
static void open_journal(struct app *app, struct device *dev, enum device_use use)
{
    char path[DEVICE_PATH_MAX];
    struct tdm_fault why = {0};

    if (!device_beside_record(&app->cfg, app->cfg.slots.journal, "-journal", path, sizeof path))
        return;
    tdm_err err = flash_file_open(&dev->journal, path, JOURNAL_SIZE,
                                  use == DEVICE_LOOK ? FLASH_FILE_READ : FLASH_FILE_CREATE, &why);
    if (err != TDM_OK && use == DEVICE_WORK)
        tdm_log_note(app->log, TDM_LOG_WARNING, "the download journal cannot be opened", 0);
}

#define CHIP_IDS 64u

static void list_chips(char *text, size_t room)
{
    size_t len = 0;

    for (uint16_t id = 0; id < CHIP_IDS && len < room; id++) {
        const struct esprom_chip *c = esprom_chip_by_id(id);
        if (c != NULL)
            len += (size_t)snprintf(text + len, room - len, "%s, ", c->name);
    }
}

static int find_chip(struct app *app, uint16_t *chip)
{
    const char *name = app->cfg.radio.chip;
    char known[160] = "";

    *chip = JUDGE_CHIP_UNKNOWN;
    if (strcmp(name, "any") == 0)
        return EXIT_OK;
    for (uint16_t id = 0; id < CHIP_IDS; id++) {
        const struct esprom_chip *c = esprom_chip_by_id(id);
        if (c != NULL && strcmp(c->name, name) == 0) {
            *chip = id;
            return EXIT_OK;
        }
    }
    list_chips(known, sizeof known);
    return app_fail(app, TDM_E_NOT_FOUND, "bad_config",
                    "[radio] chip = \"%s\" is not a chip this version knows; take %sor any", name, known);
}

int device_open_storage(struct app *app, struct device *dev, enum device_use use)
{
    const struct config *cfg = &app->cfg;
    int status;

    clock_posix_init(&dev->clock);
    crypto_openssl_init(&dev->crypto);
    deflate_zlib_init(&dev->deflate);
    status = find_chip(app, &dev->chip);
    if (status == EXIT_OK)
        status = storage_check(app);
    if (status == EXIT_OK)
        status = device_open_flash(app, &dev->record, cfg->slots.record, RECORD_SIZE, use);
    if (status == EXIT_OK)
        status = device_open_flash(app, &dev->rcp[SLOT_R0], cfg->slots.rcp_0, cfg->slots.rcp_size, use);
    if (status == EXIT_OK)
        status = device_open_flash(app, &dev->rcp[SLOT_R1], cfg->slots.rcp_1, cfg->slots.rcp_size, use);
    if (status == EXIT_OK)
        status = selector_open_host(app, dev, use);
    if (status == EXIT_OK)
        slot_store_init(&dev->store, &dev->record.port);
    if (status != EXIT_OK)
        return status;
    open_journal(app, dev, use);
    historian_open(app, dev, use);
    historian_follow(dev); /* of a command that was cut before it could */
    return EXIT_OK;
}

/* With the name of whoever has the port, when the system tells it. */
static int port_fault(struct app *app, const struct serial_linux *serial, const struct tdm_fault *why)
{
    if (why->err != TDM_E_BUSY || serial->holder[0] == '\0')
        return app_fail_fault(app, app->cfg.radio.port, why);
    return app_fail(app, why->err, why->code, "%s: %s has the serial port open; %s", app->cfg.radio.port,
                    serial->holder, advice_for(why->code));
}

#define PORT_LOOK_MS 200u

/* An adapter on USB may appear later than the init system comes to us. */
static tdm_err open_port(struct app *app, struct device *dev, enum device_use use, struct tdm_fault *why)
{
    const struct config *cfg = &app->cfg;
    uint32_t wait_ms = use == DEVICE_START ? (uint32_t)cfg->radio.port_wait_ms : 0;
    struct tdm_deadline deadline = tdm_deadline_in(&dev->clock.port, wait_ms);
    tdm_err err;

    for (;;) {
        *why = (struct tdm_fault){0};
        err = serial_linux_open(&dev->serial, cfg->radio.port, (uint32_t)cfg->radio.baud, why);
        bool may_come = err == TDM_E_NOT_FOUND || err == TDM_E_UNREACHABLE;
        if (!may_come || tdm_deadline_passed(&deadline) || cancel_is_asked())
            return err;
        tdm_clock_sleep_ms(&dev->clock.port, PORT_LOOK_MS);
    }
}

/*
 * Another command that changes this router may be at its radio, and has stopped what uses it: to stop and start that once
 * more would start it in the middle. A record that cannot be looked at tells nothing.
 */
static int check_turn(struct app *app, const struct device *dev)
{
    static const struct tdm_fault why = {TDM_E_BUSY, "storage_in_use", "mounted, or in use by another program", 0};
    int fd = dev->record.is_writable ? -1 : open(app->cfg.slots.record, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) /* it is ours, or there is none */
        return EXIT_OK;
    bool is_taken = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    (void)close(fd); /* only read */
    return is_taken ? app_fail_fault(app, app->cfg.slots.record, &why) : EXIT_OK;
}

static int stopped(struct app *app)
{
    static const struct tdm_fault why = {TDM_E_CANCELLED, "stopped_by_operator", "stopped by the operator", 0};

    return app_fail_fault(app, app->cfg.radio.port, &why);
}

int device_open_radio(struct app *app, struct device *dev, enum device_use use)
{
    const struct config *cfg = &app->cfg;
    struct tdm_fault why = {0};

    if (cfg->radio.block_size != 1024 && cfg->radio.block_size != 2048 && cfg->radio.block_size != 4096)
        return app_fail(app, TDM_E_FORMAT, "bad_config", "[radio] block-size = %" PRIu64 " is not 1024, 2048 or 4096",
                        cfg->radio.block_size);
    if (cfg->radio.flash_baud < ESPROM_BAUD_START)
        return app_fail(app, TDM_E_FORMAT, "bad_config",
                        "[radio] flash-baud = %" PRIu64 " is below %u, with which the radio's loader begins",
                        cfg->radio.flash_baud, (unsigned)ESPROM_BAUD_START);
    int status = find_chip(app, &dev->chip);
    cancel_on_signals(); /* what is being stopped is stopped before it is started again */
    if (status == EXIT_OK && use != DEVICE_LOOK)
        status = check_turn(app, dev);
    if (status == EXIT_OK && use != DEVICE_LOOK)
        status = exclusive_begin(&dev->exclusive, app);
    if (status != EXIT_OK)
        return status;
    clock_posix_init(&dev->clock);
    tdm_err err = cancel_is_asked() ? TDM_E_CANCELLED : open_port(app, dev, use, &why);
    if (err != TDM_OK)
        return cancel_is_asked() ? stopped(app) : port_fault(app, &dev->serial, &why);
    if (lines_linux_open(&dev->lines, cfg->radio.lines, &dev->serial, (uint32_t)cfg->radio.reset_hold_ms,
                         (uint32_t)cfg->radio.boot_hold_ms, &why) != TDM_OK)
        return app_fail_fault(app, cfg->radio.lines, &why);
    return EXIT_OK;
}

void device_close(struct device *dev)
{
    historian_follow(dev);
    flash_file_close(&dev->history);
    flash_file_close(&dev->journal);
    lines_linux_close(&dev->lines);
    serial_linux_close(&dev->serial);
    exclusive_end(&dev->exclusive); /* now that the port is free */
    flash_file_close(&dev->boot_record);
    for (int i = 0; i < TDM_HOST_SLOTS; i++)
        flash_file_close(&dev->host_slots[i]);
    for (int i = 0; i < SLOT_RCP_SLOTS; i++)
        flash_file_close(&dev->rcp[i]);
    flash_file_close(&dev->record); /* last: it holds the lock */
}

int device_restart(struct app *app)
{
    const char *command = app->cfg.host.reboot_command;

    progress_close(&app->progress);
    if (command[0] == '\0') {
        cJSON_AddStringToObject(app->result, "next_step", "restart the router; `tandem boot` then proves the new pair");
        return EXIT_OK;
    }
    /* NOLINTNEXTLINE(cert-env33-c): the operator's own words, so the shell may read them */
    int result = system(command);
    if (result == -1 || !WIFEXITED(result) || WEXITSTATUS(result) != 0)
        return app_fail(app, TDM_E_IO, "restart_failed", "[host] reboot-command \"%s\" failed; restart by hand",
                        command);
    return EXIT_OK;
}
