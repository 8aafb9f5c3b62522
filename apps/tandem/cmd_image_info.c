/* SPDX-License-Identifier: Apache-2.0 */
/* tandem image info: what an image contains. Describes also what a router would refuse, if it is an image at all. */
#include "app.h"
#include "imagefile.h"
#include "linux/tandem_linux.h"

int cmd_image_info(struct app *app, int argc, char **argv)
{
    const struct app_option options[] = {{NULL, NULL, NULL}};
    static struct imagefile file;
    struct crypto_openssl crypto;
    int status = app_options(app, &argc, argv, options, 1);

    if (status != EXIT_OK)
        return status;
    crypto_openssl_init(&crypto);
    if (imagefile_read(&file, argv[0], &crypto.port, NULL, NULL) != TDM_OK)
        return app_fail_fault(app, argv[0], &file.fault);
    cJSON_AddStringToObject(app->result, "file", argv[0]);
    imagefile_describe(&file, app->result);
    return EXIT_OK;
}
