/* SPDX-License-Identifier: Apache-2.0 */
#include "radiowork.h"

#include <string.h>

#include "status.h"

static tdm_err nobody_read(struct tdm_serial *s, uint8_t *buf, size_t cap, uint32_t timeout_ms, size_t *got)
{
    (void)s;
    (void)buf;
    (void)cap;
    (void)timeout_ms;
    *got = 0;
    return TDM_E_UNREACHABLE;
}

static tdm_err nobody_write(struct tdm_serial *s, const uint8_t *data, size_t len, uint32_t timeout_ms)
{
    (void)s;
    (void)data;
    (void)len;
    (void)timeout_ms;
    return TDM_E_UNREACHABLE;
}

static tdm_err nobody_set_baud(struct tdm_serial *s, uint32_t baud)
{
    (void)s;
    (void)baud;
    return TDM_E_UNREACHABLE;
}

static tdm_err nobody_drop_input(struct tdm_serial *s)
{
    (void)s;
    return TDM_E_UNREACHABLE;
}

static const struct tdm_serial_ops nobody = {nobody_read, nobody_write, nobody_set_baud, nobody_drop_input};

static tdm_err no_lines_set(struct tdm_lines *l, bool reset, bool boot)
{
    (void)l;
    (void)reset;
    (void)boot;
    return TDM_OK;
}

static const struct tdm_lines_ops no_lines = {no_lines_set};

void radiowork_stand_in(struct device *dev)
{
    if (!dev->serial.is_open)
        dev->serial.port.ops = &nobody;
    if (!dev->lines.is_open)
        dev->lines.port = (struct tdm_lines){.ops = &no_lines};
}

void radiowork_init(struct app *app, struct device *dev, struct reconcile *flow)
{
    struct reconcile_config cfg = {
        .serial = &dev->serial.port,
        .lines = &dev->lines.port,
        .clock = &dev->clock.port,
        .crypto = &dev->crypto.port,
        .host = &dev->host.port,
        .rcp_slots = {&dev->rcp[SLOT_R0].port, &dev->rcp[SLOT_R1].port},
        .store = &dev->store,
        .log = app->log,
        .deflate = &dev->deflate.port,
        .radio_chip = dev->chip,
        .app_baud = (uint32_t)app->cfg.radio.baud,
        .flash_baud = (uint32_t)app->cfg.radio.flash_baud,
        .block_size = (uint32_t)app->cfg.radio.block_size,
        .buf = dev->buf,
        .buf_len = sizeof dev->buf,
        .min_radio_api = (uint32_t)app->cfg.radio.min_api,
        .host_api = (uint32_t)app->cfg.radio.host_api,
        .waits_for_operator = app->cfg.boot.is_manual,
    };

    health_command_init(&dev->health, app->cfg.boot.check_command, (uint32_t)app->cfg.boot.check_timeout_ms);
    if (app->cfg.boot.check_command[0] != '\0')
        cfg.health = &dev->health.port;
    reconcile_init(flow, &cfg);
}

static void add_done(cJSON *to, const struct reconcile *flow)
{
    const struct {
        bool is_so;
        const char *what;
    } acts[] = {
        {flow->was_flashed && flow->record.radio.is_known, "radio flashed"},
        {flow->was_flashed && !flow->record.radio.is_known, "warning: flashing the radio was tried and failed"},
        {flow->was_confirmed, "new pair proven and kept"},
        {flow->was_condemned, "new pair refused, going back"},
        {flow->was_substituted, "warning: its own bundle cannot be had; the radio runs the other known-good one"},
        {flow->text_differs, "warning: the radio names itself otherwise than its bundle says; its digests are right"},
        {flow->bundle_is_damaged, "warning: the stored bundle cannot be used: store it again"},
    };
    cJSON *done = cJSON_AddArrayToObject(to, "done");

    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (acts[i].is_so)
            cJSON_AddItemToArray(done, cJSON_CreateString(acts[i].what));
    }
}

static void add_host(struct app *app, const struct reconcile *flow)
{
    cJSON *host = cJSON_AddObjectToObject(app->result, "host");
    char version[ESP_APP_TEXT_MAX + 1];

    status_host_version(flow->cfg.host, flow->running, flow->record.host[flow->running].content.version, version);
    cJSON_AddStringToObject(host, "running", status_slot_letter(flow->running));
    cJSON_AddStringToObject(host, "version", version);
}

const struct tdm_fault *radiowork_blame(const struct tdm_fault *fault, bool radio_answers, bool is_wired)
{
    static const struct tdm_fault idle = {TDM_E_TIMEOUT, "lines_no_effect", "moving RESET and BOOT changes nothing", 0};
    static const struct tdm_fault no_hand = {TDM_E_TIMEOUT, "no_hand", "nobody started the ROM loader by its buttons",
                                             0};

    if (!radio_answers || strcmp(fault->code, "no_answer") != 0)
        return fault;
    return is_wired ? &idle : &no_hand;
}

static const struct tdm_fault *blame(const struct reconcile *flow)
{
    return radiowork_blame(&flow->fault, flow->radio_answers, flow->cfg.lines->is_wired);
}

static bool is_of_bundle(const struct reconcile *flow)
{
    return flow->bundle_is_damaged && strcmp(flow->fault.code, flow->bundle_fault.code) == 0;
}

static int finish(struct app *app, const struct reconcile *flow, enum reconcile_outcome outcome, tdm_err err)
{
    const struct tdm_fault *why = blame(flow);
    const char *where = flow->was_condemned             ? "the update was refused"
                        : is_of_bundle(flow)            ? "the stored bundle"
                        : outcome == RECONCILE_DEGRADED ? "the router is degraded"
                        : outcome == RECONCILE_STOPPED  ? "the radio"
                                                        : "the update is not proven yet";

    add_done(app->result, flow);
    if (outcome == RECONCILE_WAITING)
        cJSON_AddStringToObject(app->result, "next_step",
                                "`tandem ota confirm` keeps the new pair, `tandem ota rollback` refuses it");
    return err == TDM_OK ? EXIT_OK : app_fail_fault(app, where, why);
}

/* The command does not fit what the router is at: that says nothing about the router. */
static bool is_out_of_place(const struct reconcile *flow)
{
    static const char *const codes[] = {"no_trial", "not_waiting", "trial_pending"};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0] && flow->fault.code != NULL; i++) {
        if (strcmp(flow->fault.code, codes[i]) == 0)
            return true;
    }
    return false;
}

int radiowork_report_unasked(struct app *app, const struct reconcile *flow, enum reconcile_outcome outcome, tdm_err err)
{
    if (is_out_of_place(flow))
        return app_fail_fault(app, "nothing was done", &flow->fault);
    cJSON_AddStringToObject(app->result, "state", status_outcome_word(outcome));
    add_host(app, flow);
    return finish(app, flow, outcome, err);
}

static void add_cost(cJSON *to, const char *name, const struct reconcile_cost *cost)
{
    cJSON *flash = cJSON_AddObjectToObject(to, name);

    cJSON_AddNumberToObject(flash, "sectors", cost->sectors);
    cJSON_AddNumberToObject(flash, "rewritten", cost->rewritten);
    cJSON_AddNumberToObject(flash, "bytes_sent", (double)cost->sent);
    cJSON_AddNumberToObject(flash, "baud", cost->baud);
    cJSON_AddNumberToObject(flash, "seconds", cost->flash_ms / 1000.0);
}

/* Until the radio answered; what is started again afterwards (exclusive.c) makes it longer. */
static void add_off_air(struct app *app, cJSON *flash, const struct reconcile *flow)
{
    uint32_t until_ms = flow->off_since_ms + flow->cost.off_air_ms;
    uint32_t since_ms = app->off_air.was_stopped ? app->off_air.since_ms : flow->off_since_ms;

    if (flow->cost.off_air_ms == 0)
        return;
    cJSON_AddNumberToObject(flash, "off_air_seconds", (until_ms - since_ms) / 1000.0);
    app->off_air.flash = flash;
}

static void add_flash(struct app *app, const struct reconcile *flow)
{
    add_cost(app->result, "flash", &flow->cost);
    cJSON *flash = cJSON_GetObjectItem(app->result, "flash");
    cJSON_AddNumberToObject(flash, "recoveries", flow->cost.recoveries);
    add_off_air(app, flash, flow);
}

static void add_radio(cJSON *to, const struct reconcile *flow)
{
    cJSON *radio = cJSON_AddObjectToObject(to, "radio");

    cJSON_AddBoolToObject(radio, "answers", flow->radio_answers);
    cJSON_AddStringToObject(radio, "version", flow->radio_answers ? flow->radio.version : "");
    cJSON_AddStringToObject(radio, "wanted", flow->wanted);
}

int radiowork_report_prediction(struct app *app, const struct reconcile *flow, tdm_err err)
{
    bool was_asked = err == TDM_OK || (flow->wanted[0] != '\0' && !is_of_bundle(flow));

    add_host(app, flow);
    if (was_asked)
        add_radio(app->result, flow);
    if (err == TDM_OK)
        add_cost(app->result, "prediction", &flow->cost);
    if (err == TDM_OK && flow->esprom.needs_hand && !flow->radio_answers)
        cJSON_AddStringToObject(app->result, "next_step",
                                "press the radio's RESET button: nothing else ends its loader");
    if (err == TDM_OK && flow->cost.sectors == 0)
        tdm_log_note(app->log, TDM_LOG_INFO, "the radio runs its bundle: nothing would be sent", 0);
    return err == TDM_OK ? EXIT_OK
                         : app_fail_fault(app, is_of_bundle(flow) ? "the stored bundle" : "the radio", blame(flow));
}

int radiowork_report(struct app *app, const struct reconcile *flow, enum reconcile_outcome outcome, tdm_err err)
{
    if (is_out_of_place(flow))
        return app_fail_fault(app, "nothing was done", &flow->fault);
    cJSON_AddStringToObject(app->result, "state", status_outcome_word(outcome));
    add_host(app, flow);
    add_radio(app->result, flow);
    if (flow->was_flashed)
        add_flash(app, flow);
    return finish(app, flow, outcome, err);
}
