/* SPDX-License-Identifier: Apache-2.0 */
/* ota confirm: with [boot] confirm = manual, the operator's word that the new pair may stay. */
#include "radiowork.h"

static const struct app_option options[] = {{0}};

int cmd_ota_confirm(struct app *app, int argc, char **argv)
{
    static struct device dev; /* large, both: keep them off the stack */
    static struct reconcile flow;
    enum reconcile_outcome outcome;

    int status = app_options(app, &argc, argv, options, 0);
    if (status == EXIT_OK)
        status = device_open_storage(app, &dev, DEVICE_WORK);
    if (status == EXIT_OK) {
        radiowork_stand_in(&dev); /* the Thread stack may have the radio; it is not asked */
        radiowork_init(app, &dev, &flow);
        tdm_err err = reconcile_accept(&flow, &outcome);
        status = radiowork_report_unasked(app, &flow, outcome, err);
    }
    device_close(&dev);
    return status;
}
