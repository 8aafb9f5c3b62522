/* SPDX-License-Identifier: Apache-2.0 */
/* rcp reset: restart the radio by its RESET line and see it come back. */
#include <tandem/spinel.h>

#include "status.h"

static const struct app_option options[] = {{0}};

static int reset(struct app *app, struct device *dev)
{
    struct spinel_config cfg = {.serial = &dev->serial.port,
                                .lines = &dev->lines.port,
                                .clock = &dev->clock.port,
                                .log = app->log,
                                .baud = (uint32_t)app->cfg.radio.baud};
    static struct spinel probe;
    struct spinel_identity who;

    if (!dev->lines.port.is_wired)
        return app_fail(app, TDM_E_UNSUPPORTED, "no_lines",
                        "[radio] lines = \"%s\": no RESET line to pull; name the radio's lines in the configuration",
                        app->cfg.radio.lines);
    tdm_err err = tdm_lines_reset(&dev->lines.port, &dev->clock.port, TDM_BOOT_APP);
    if (err != TDM_OK)
        return app_fail(app, err, "lines_failed", "%s: the RESET line could not be driven", app->cfg.radio.lines);
    spinel_init(&probe, &cfg);
    if (spinel_probe_after_reset(&probe, &who) != TDM_OK)
        return app_fail_fault(app, app->cfg.radio.port, &probe.fault);
    status_add_radio(cJSON_AddObjectToObject(app->result, "radio"), &who);
    return EXIT_OK;
}

int cmd_rcp_reset(struct app *app, int argc, char **argv)
{
    static struct device dev; /* large: keep it off the stack */

    int status = app_options(app, &argc, argv, options, 0);
    if (status == EXIT_OK)
        status = device_open_radio(app, &dev, DEVICE_WORK);
    if (status == EXIT_OK)
        status = reset(app, &dev);
    device_close(&dev);
    return status;
}
