/* SPDX-License-Identifier: Apache-2.0 */
/* rcp update: on the operator's word the flash counters start anew, and the radio gets the running host's bundle. */
#include "radiowork.h"

static const struct app_option options[] = {{0}};

int cmd_rcp_update(struct app *app, int argc, char **argv)
{
    static struct device dev; /* large, both: keep them off the stack */
    static struct reconcile flow;
    enum reconcile_outcome outcome;

    int status = app_options(app, &argc, argv, options, 0);
    if (status == EXIT_OK)
        status = device_open_storage(app, &dev, DEVICE_START);
    if (status == EXIT_OK)
        status = device_open_radio(app, &dev, DEVICE_WORK);
    if (status == EXIT_OK) {
        radiowork_init(app, &dev, &flow);
        tdm_err err = reconcile_radio(&flow, &outcome);
        status = radiowork_report(app, &flow, outcome, err);
    }
    device_close(&dev);
    return status;
}
