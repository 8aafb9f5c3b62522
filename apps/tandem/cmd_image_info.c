/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

int cmd_image_info(struct app *app, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return app_fail(app, TDM_E_UNSUPPORTED, "unsupported", "this command is not built yet");
}
