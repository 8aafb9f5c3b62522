/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rcp update: on the operator's word the flash counters start anew, and the radio gets the running host's bundle. With
 * --dry-run it tells what that would send, and how long it would take.
 */
#include "radiowork.h"

static int update(struct app *app, struct device *dev, bool is_dry)
{
    static struct reconcile flow; /* large: keep it off the stack */
    enum reconcile_outcome outcome;

    radiowork_init(app, dev, &flow);
    flow.cfg.hand_ms = RADIOWORK_HAND_MS;
    if (is_dry)
        return radiowork_report_prediction(app, &flow, reconcile_predict(&flow));
    tdm_err err = reconcile_radio(&flow, &outcome);
    int status = radiowork_report(app, &flow, outcome, err);
    if (outcome == RECONCILE_UNMANAGED)
        cJSON_AddStringToObject(app->result, "next_step",
                                "nothing is stored that could be flashed: `tandem rcp adopt` stores it, or an update");
    return status;
}

int cmd_rcp_update(struct app *app, int argc, char **argv)
{
    static struct device dev;
    bool is_dry = false;
    const struct app_option options[] = {{.name = "dry-run", .flag = &is_dry}, {0}};

    int status = app_options(app, &argc, argv, options, 0);
    if (status == EXIT_OK)
        status = device_open_storage(app, &dev, is_dry ? DEVICE_LOOK : DEVICE_START);
    if (status == EXIT_OK)
        status = device_open_radio(app, &dev, DEVICE_WORK);
    if (status == EXIT_OK)
        status = update(app, &dev, is_dry);
    device_close(&dev);
    return status;
}
