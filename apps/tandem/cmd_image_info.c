/* SPDX-License-Identifier: Apache-2.0 */
/* tandem image info: what an image contains and states. Describes also what a router would refuse, if it is an image at all. */
#include "app.h"
#include "imagefile.h"
#include "linux/tandem_linux.h"
#include "manifest_text.h"

static void describe_statement(struct app *app, const struct imagefile *file, struct tdm_crypto *crypto)
{
    static struct front front;
    struct tdm_fault why;

    if (file->manifest_size == 0)
        cJSON_AddStringToObject(app->result, "statement", "none");
    else if (imagefile_front(file, crypto, &front, &why) == TDM_OK)
        manifest_text_describe(&front, &file->layout, app->result);
    else
        manifest_text_problem(&why, app->result);
}

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
    describe_statement(app, &file, &crypto.port);
    if (file.manifest_size > 0)
        tdm_log_note(app->log, TDM_LOG_INFO, "nothing of this is checked: `tandem image verify --key` does", 0);
    return EXIT_OK;
}
