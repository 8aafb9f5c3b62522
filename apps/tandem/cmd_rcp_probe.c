/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rcp probe: is there a radio, layer by layer: the port, the firmware, the lines with the ROM loader behind them, the
 * firmware once more. Each failure has its own words and the wiring hint that belongs to it. Nothing is written to the
 * radio. It is reset only when it is silent, or with --reset; without lines its buttons are asked for then.
 */
#include <string.h>

#include <tandem/esprom.h>
#include <tandem/spinel.h>

#include "radiowork.h"
#include "status.h"

struct probing {
    struct app *app;
    struct device *dev;
    cJSON *layers;
    struct spinel spinel;
    struct esprom rom;
    struct spinel_identity who;
};

static void add_layer(struct probing *p, const char *layer, const char *result, const char *detail)
{
    cJSON *row = cJSON_CreateObject();

    cJSON_AddItemToArray(p->layers, row);
    cJSON_AddStringToObject(row, "layer", layer);
    cJSON_AddStringToObject(row, "result", result);
    cJSON_AddStringToObject(row, "detail", detail);
}

static void add_failed_layer(struct probing *p, const char *layer, const char *result, const struct tdm_fault *why)
{
    bool is_stopped = why->err == TDM_E_CANCELLED;
    add_layer(p, layer, is_stopped ? tdm_err_name(why->err) : result,
              is_stopped ? "stopped by the operator" : why->what);
}

static tdm_err ask(struct probing *p, const char *layer, bool was_reset)
{
    struct spinel_config cfg = {.serial = &p->dev->serial.port,
                                .lines = &p->dev->lines.port,
                                .clock = &p->dev->clock.port,
                                .log = p->app->log,
                                .baud = (uint32_t)p->app->cfg.radio.baud};

    tdm_log_progress(p->app->log, TDM_PHASE_ASK, "radio", 0, 1);
    spinel_init(&p->spinel, &cfg);
    tdm_err err =
        was_reset ? spinel_probe_after_reset(&p->spinel, &p->who) : spinel_probe(&p->spinel, SPINEL_ASK, &p->who);
    if (err == TDM_OK)
        add_layer(p, layer, "answers", "");
    else
        add_failed_layer(p, layer, tdm_err_name(err), &p->spinel.fault);
    return err;
}

static void add_rom(struct probing *p)
{
    cJSON *rom = cJSON_AddObjectToObject(p->app->result, "chip");

    cJSON_AddStringToObject(rom, "name", p->rom.chip->name);
    cJSON_AddNumberToObject(rom, "flash_size", p->rom.flash_size);
    app_add_hex(rom, "mac", p->rom.mac, sizeof p->rom.mac);
}

/* Into the ROM loader and out again. */
static tdm_err visit_loader(struct probing *p)
{
    struct esprom_config cfg = {.serial = &p->dev->serial.port,
                                .lines = &p->dev->lines.port,
                                .clock = &p->dev->clock.port,
                                .log = p->app->log,
                                .expected_chip = p->dev->chip, /* JUDGE_CHIP_UNKNOWN: any */
                                .block_size = (uint32_t)p->app->cfg.radio.block_size,
                                .app_baud = (uint32_t)p->app->cfg.radio.baud,
                                .hand_ms = RADIOWORK_HAND_MS};

    esprom_init(&p->rom, &cfg);
    tdm_err err = esprom_connect(&p->rom);
    tdm_err left = esprom_leave(&p->rom); /* what failed first stays its fault */
    err = err != TDM_OK ? err : left;
    if (p->rom.boot_text[0] != '\0')
        cJSON_AddStringToObject(p->app->result, "boot_text", p->rom.boot_text);
    if (err != TDM_OK) {
        add_failed_layer(p, "loader", p->rom.fault.code, &p->rom.fault);
        return err;
    }
    add_layer(p, "loader", "answers", "");
    add_rom(p);
    return TDM_OK;
}

/* Firmware that is no co-processor's may still tell its version. */
static int tell(struct probing *p, tdm_err err)
{
    if (err != TDM_OK && p->who.version[0] != '\0')
        cJSON_AddStringToObject(cJSON_AddObjectToObject(p->app->result, "radio"), "version", p->who.version);
    if (err != TDM_OK)
        return app_fail_fault(p->app, p->app->cfg.radio.port, &p->spinel.fault);
    status_add_radio(cJSON_AddObjectToObject(p->app->result, "radio"), &p->who);
    return EXIT_OK;
}

/* Resets were tried, and no ROM showed itself: did they reach the radio at all? Only its firmware can tell. */
static bool are_lines_idle(struct probing *p, bool answered_before)
{
    bool heard_rom = p->rom.chip != NULL || strstr(p->rom.boot_text, "ESP-ROM") != NULL;

    return answered_before && !heard_rom && p->rom.fault.err == TDM_E_TIMEOUT;
}

static const char *place_of(const struct app *app, const struct tdm_fault *fault)
{
    bool is_lines = strncmp(fault->code, "lines_", strlen("lines_")) == 0 || strcmp(fault->code, "not_in_loader") == 0;
    return is_lines ? app->cfg.radio.lines : app->cfg.radio.port;
}

static int fail_loader(struct probing *p, bool answered_before)
{
    struct app *app = p->app;
    bool is_idle = are_lines_idle(p, answered_before);
    bool is_stopped = p->rom.fault.err == TDM_E_CANCELLED;
    bool is_asked = answered_before && !is_stopped;
    tdm_err err = is_asked ? ask(p, "firmware after reset", true) : TDM_E_TIMEOUT; /* its layer says how it is */

    if (!is_idle || err == TDM_E_TIMEOUT)
        return app_fail_fault(app, place_of(app, &p->rom.fault), &p->rom.fault);
    add_layer(p, "lines", "lines_no_effect", "the firmware ran on while RESET was pulled");
    return app_fail_fault(
        app, app->cfg.radio.lines,
        &(struct tdm_fault){TDM_E_TIMEOUT, "lines_no_effect", "moving RESET and BOOT changes nothing", 0});
}

/* Somebody has to press buttons. The radio stays in its loader until they do again. */
static int probe_by_hand(struct probing *p, tdm_err asked)
{
    if (visit_loader(p) != TDM_OK)
        return app_fail_fault(p->app, p->app->cfg.radio.port,
                              radiowork_blame(&p->rom.fault, asked != TDM_E_TIMEOUT, false));
    cJSON_AddStringToObject(p->app->result, "next_step",
                            "press the radio's RESET button: nothing else ends its loader");
    return tell(p, asked);
}

static int probe_by_lines(struct probing *p, tdm_err asked)
{
    if (visit_loader(p) != TDM_OK)
        return fail_loader(p, asked != TDM_E_TIMEOUT);
    tdm_err err = ask(p, "firmware after reset", true);
    if (err != TDM_E_TIMEOUT)
        return tell(p, err);
    return app_fail(p->app, err, p->spinel.fault.code,
                    "%s: the chip is there, its firmware is not: %s; flash it with `tandem rcp update`, or check "
                    "[radio] baud",
                    p->app->cfg.radio.port, p->spinel.fault.what);
}

/* Whatever answers, be it no co-processor's firmware, is reset on the operator's word alone. */
static int probe(struct probing *p, bool with_reset)
{
    p->layers = cJSON_AddArrayToObject(p->app->result, "layers");
    add_layer(p, "port", "open", p->app->cfg.radio.port);
    tdm_err err = ask(p, "firmware", false);
    if (err == TDM_E_TIMEOUT || (with_reset && err != TDM_E_CANCELLED))
        return p->dev->lines.port.is_wired ? probe_by_lines(p, err) : probe_by_hand(p, err);
    return tell(p, err);
}

int cmd_rcp_probe(struct app *app, int argc, char **argv)
{
    static struct device dev; /* large, both: keep them off the stack */
    static struct probing p;
    bool with_reset = false;
    const struct app_option options[] = {{.name = "reset", .flag = &with_reset}, {0}};

    p.app = app;
    p.dev = &dev;
    int status = app_options(app, &argc, argv, options, 0);
    if (status == EXIT_OK)
        status = device_open_radio(app, &dev, with_reset ? DEVICE_WORK : DEVICE_LOOK);
    if (status == EXIT_OK)
        status = probe(&p, with_reset);
    device_close(&dev);
    return status;
}
