/* SPDX-License-Identifier: Apache-2.0 */
#include "switching.h"

#include "radiowork.h"

static int restart(struct app *app, struct device *dev, bool may_restart)
{
    device_close(dev); /* a reboot command may look at the router */
    if (may_restart)
        return device_restart(app);
    cJSON_AddStringToObject(app->result, "next_step",
                            "restart the router when it suits; `tandem boot` then proves the new pair");
    return EXIT_OK;
}

/* The radio alone: no restart is needed, so it is flashed and proven now, unless it is to wait or cannot be reached. */
static int flash(struct app *app, struct device *dev, bool may_flash)
{
    static struct reconcile flow; /* large: keep it off the stack */
    enum reconcile_outcome outcome;
    int status = may_flash ? device_open_radio(app, dev, DEVICE_WORK) : EXIT_OK;

    if (!may_flash || status != EXIT_OK) {
        cJSON_AddStringToObject(app->result, "next_step", "run `tandem boot`: it flashes and proves the radio");
        return status;
    }
    radiowork_init(app, dev, &flow);
    tdm_err err = reconcile_armed(&flow, &outcome);
    return radiowork_report(app, &flow, outcome, err);
}

int switching_finish(struct app *app, struct device *dev, bool needs_restart, bool may_go_on)
{
    cJSON_AddBoolToObject(app->result, "needs_restart", needs_restart);
    return needs_restart ? restart(app, dev, may_go_on) : flash(app, dev, may_go_on);
}
