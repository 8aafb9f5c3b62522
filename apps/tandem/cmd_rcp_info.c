/* SPDX-License-Identifier: Apache-2.0 */
/* rcp info: what the radio says, what it is known to hold, and what it should hold. */
#include <string.h>

#include <tandem/spinel.h>

#include "status.h"

static const struct app_option options[] = {{0}};

static tdm_err ask(struct app *app, struct device *dev, struct spinel *probe, struct spinel_identity *who)
{
    struct spinel_config cfg = {.serial = &dev->serial.port,
                                .lines = &dev->lines.port,
                                .clock = &dev->clock.port,
                                .log = app->log,
                                .baud = (uint32_t)app->cfg.radio.baud};

    spinel_init(probe, &cfg);
    return spinel_probe(probe, SPINEL_ASK, who);
}

static void add_wanted(struct app *app, struct device *dev, const struct status *s, const char *says)
{
    const struct slot_record *rec = &s->record;
    uint8_t slot = rec->host[s->running].rcp;
    char text[IMAGE_VERSION_MAX + 1] = "";
    cJSON *wanted = cJSON_AddObjectToObject(app->result, "wanted");

    cJSON_AddStringToObject(wanted, "bundle", status_bundle_name(slot));
    if (slot == SLOT_RCP_NONE)
        return;
    (void)status_bundle_text(dev, &rec->rcp[slot], slot, text, sizeof text);
    cJSON_AddStringToObject(wanted, "version", text);
    cJSON_AddBoolToObject(wanted, "version_fits", says != NULL && strcmp(says, text) == 0);
    cJSON_AddBoolToObject(wanted, "known_to_be_held",
                          rec->radio.is_known && slot_id_equal(rec->radio.holds, rec->rcp[slot].id));
}

static int show(struct app *app, struct device *dev, const struct status *s)
{
    static struct spinel probe; /* large: keep it off the stack */
    struct spinel_identity who;
    const struct esprom_chip *chip = esprom_chip_by_id(s->record.radio.chip);

    bool answers = ask(app, dev, &probe, &who) == TDM_OK;
    cJSON *radio = cJSON_AddObjectToObject(app->result, "radio");
    cJSON_AddBoolToObject(radio, "answers", answers);
    if (answers)
        status_add_radio(radio, &who);
    cJSON_AddStringToObject(radio, "chip", chip != NULL ? chip->name : "");
    cJSON_AddNumberToObject(radio, "flash_size", s->record.radio.flash_size);
    add_wanted(app, dev, s, answers ? who.version : NULL);
    status_add_slots(app, app->result, dev, s);
    return answers ? EXIT_OK : app_fail_fault(app, app->cfg.radio.port, &probe.fault);
}

int cmd_rcp_info(struct app *app, int argc, char **argv)
{
    static struct device dev;
    static struct status s;

    int status = app_options(app, &argc, argv, options, 0);
    if (status == EXIT_OK)
        status = device_open_storage(app, &dev, DEVICE_LOOK);
    if (status == EXIT_OK)
        status = device_open_radio(app, &dev, DEVICE_LOOK);
    if (status == EXIT_OK)
        status = status_read(app, &dev, &s);
    if (status == EXIT_OK)
        status = show(app, &dev, &s);
    device_close(&dev);
    return status;
}
