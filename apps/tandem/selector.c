/* SPDX-License-Identifier: Apache-2.0 */
#include "selector.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "linux/block_place.h"
#include "linux/host_running.h"

#define BOOT_RECORD_SIZE 8192u

/* ---- the kinds of [host] selector --------------------------------------------------------------------------------- */

static int open_record(struct app *app, struct device *dev, enum device_use use)
{
    int status = device_open_flash(app, &dev->boot_record, app->cfg.host.boot_record, BOOT_RECORD_SIZE, use);

    if (status == EXIT_OK)
        bootsel_record_init(&dev->record_selector, &dev->boot_record.port);
    dev->host.selector = &dev->record_selector.port;
    return status;
}

static int open_uboot(struct app *app, struct device *dev, enum device_use use)
{
    const struct config *cfg = &app->cfg;
    const struct bootsel_uboot_config uboot = {
        .file = cfg->host.uboot_config,
        .slot = cfg->host.uboot_slot,
        .upgrade = cfg->host.uboot_upgrade,
        .count = cfg->host.uboot_count,
        .limit = cfg->host.uboot_limit,
        .values = cfg->host.uboot_slots,
    };
    struct tdm_fault why;

    (void)use; /* the library locks each act, against its other users too */
    dev->host.selector = &dev->uboot_selector.port;
    if (bootsel_uboot_open(&dev->uboot_selector, &uboot, &why) == TDM_OK)
        return EXIT_OK;
    return app_fail_fault(app, strcmp(why.code, "uboot_values") == 0 ? "[host] uboot-slots" : uboot.file, &why);
}

static int open_command(struct app *app, struct device *dev, enum device_use use)
{
    const char *program = app->cfg.host.selector_command;

    (void)use;
    bootsel_command_init(&dev->command_selector, program);
    dev->host.selector = &dev->command_selector.port;
    if (access(program, X_OK) != 0)
        return app_fail(app, TDM_E_NOT_FOUND, "selector_not_found",
                        "[host] selector-command = \"%s\" is not a program that may be run; name one by its whole path",
                        program);
    return EXIT_OK;
}

static const struct selector_kind {
    const char *name;
    int (*open)(struct app *app, struct device *dev, enum device_use use);
    size_t place; /* of the text that says where, in struct config */
} kinds[] = {
    {"record", open_record, offsetof(struct config, host.boot_record)},
    {"uboot", open_uboot, offsetof(struct config, host.uboot_config)},
    {"command", open_command, offsetof(struct config, host.selector_command)},
};

static const struct selector_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

const char *device_selector_place(const struct config *cfg)
{
    const struct selector_kind *kind = find_kind(cfg->host.selector);

    return kind != NULL ? (const char *)cfg + kind->place : cfg->host.selector;
}

/* ---- the slots ----------------------------------------------------------------------------------------------------- */

static int find_running(struct app *app, struct device *dev, const struct selector_kind *kind,
                        enum tdm_host_slot *running)
{
    const struct config *cfg = &app->cfg;
    const struct host_running ask = {
        .from = cfg->host.running,
        .slots = {cfg->host.slot_a, cfg->host.slot_b},
        .uboot = kind->open == open_uboot ? &dev->uboot_selector : NULL,
        .command = kind->open == open_command ? &dev->command_selector : NULL,
    };
    struct tdm_fault why;

    return host_running_find(&ask, running, &why) == TDM_OK ? EXIT_OK : app_fail_fault(app, ask.from, &why);
}

/* The running slot is only read: its device is mounted, and nobody may write to it. */
static int open_running_slot(struct app *app, struct flash_file *f, const char *path)
{
    struct tdm_fault why = {0};

    return flash_file_open(f, path, 0, FLASH_FILE_READ, &why) == TDM_OK ? EXIT_OK : app_fail_fault(app, path, &why);
}

/* A device says itself that it is mounted; a file that a loop device was made of does not. */
static int check_free(struct app *app, const char *path)
{
    struct block_place place = block_place_of(path);
    const struct tdm_fault why = {TDM_E_BUSY, "storage_in_use", "in use as a loop device", 0};

    return block_place_is_looped("/sys", &place) ? app_fail_fault(app, path, &why) : EXIT_OK;
}

static int open_slots(struct app *app, struct device *dev, enum tdm_host_slot running, enum device_use use)
{
    const struct config *cfg = &app->cfg;
    const char *const paths[TDM_HOST_SLOTS] = {cfg->host.slot_a, cfg->host.slot_b};
    enum tdm_host_slot other = tdm_host_other(running);

    int status = open_running_slot(app, &dev->host_slots[running], paths[running]);
    if (status == EXIT_OK && use == DEVICE_WORK)
        status = check_free(app, paths[other]);
    if (status == EXIT_OK)
        status = device_open_flash(app, &dev->host_slots[other], paths[other], cfg->host.slot_size,
                                   use == DEVICE_START ? DEVICE_LOOK : use);
    return status;
}

int selector_open_host(struct app *app, struct device *dev, enum device_use use)
{
    const struct selector_kind *kind = find_kind(app->cfg.host.selector);
    enum tdm_host_slot running;

    if (!app->cfg.host.has_slots) {
        host_none_init(&dev->host);
        return EXIT_OK;
    }
    if (kind == NULL)
        return app_fail(app, TDM_E_NOT_FOUND, "bad_config",
                        "[host] selector = \"%s\" is neither record, uboot nor command", app->cfg.host.selector);
    int status = kind->open(app, dev, use);
    if (status == EXIT_OK)
        status = find_running(app, dev, kind, &running);
    if (status == EXIT_OK)
        status = open_slots(app, dev, running, use);
    if (status == EXIT_OK)
        host_files_init(&dev->host, &dev->host_slots[TDM_HOST_A].port, &dev->host_slots[TDM_HOST_B].port,
                        dev->host.selector, running);
    return status;
}
