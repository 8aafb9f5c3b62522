/* SPDX-License-Identifier: Apache-2.0 */
/* tandem image extract: an image's parts as files. All of them appear, each whole, or none under its name. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app.h"
#include "filework.h"
#include "imagefile.h"
#include "linux/tandem_linux.h"

struct extraction {
    const char *dir;
    struct outfile parts[IMAGE_PARTS_MAX]; /* by tag */
};

static tdm_err begin_part(struct extraction *x, uint32_t tag)
{
    char path[FILEWORK_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s%s", x->dir, imagefile_part_name(tag),
                     tag == IMAGE_TAG_VERSION ? "" : ".bin");

    if (n < 0 || (size_t)n >= sizeof path)
        return tdm_fault_set(&x->parts[tag].fault, TDM_E_NO_ROOM, "too_large", "has too long a name", 0);
    return outfile_begin(&x->parts[tag], path);
}

static tdm_err on_part(void *ctx, const struct image_part *part, const uint8_t *data, size_t len)
{
    struct extraction *x = ctx;
    struct outfile *out = &x->parts[part->tag];

    if (!out->is_open && begin_part(x, part->tag) != TDM_OK)
        return out->fault.err;
    return tdm_sink_push(&out->sink, data, len);
}

static int report(struct app *app, const struct extraction *x, const struct imagefile *file, const char *image)
{
    for (size_t i = 0; i < IMAGE_PARTS_MAX; i++) {
        if (x->parts[i].fault.err != TDM_OK)
            return app_fail_fault(app, x->parts[i].path[0] != '\0' ? x->parts[i].path : x->dir, &x->parts[i].fault);
    }
    return app_fail_fault(app, image, &file->fault);
}

static int commit(struct app *app, struct extraction *x, const struct imagefile *file)
{
    cJSON *list = cJSON_AddArrayToObject(app->result, "files");

    for (size_t i = 0; i < file->layout.part_count; i++) {
        const struct image_part *part = &file->layout.parts[i];
        struct outfile *out = &x->parts[part->tag];
        cJSON *row;

        if (outfile_commit(out) != TDM_OK)
            return app_fail_fault(app, out->path, &out->fault);
        row = cJSON_CreateObject();
        cJSON_AddItemToArray(list, row);
        cJSON_AddStringToObject(row, "part", imagefile_part_name(part->tag));
        cJSON_AddStringToObject(row, "file", out->path);
        cJSON_AddNumberToObject(row, "size", part->size);
    }
    return EXIT_OK;
}

static int extract(struct app *app, struct extraction *x, const char *image)
{
    static struct imagefile file;
    struct crypto_openssl crypto;
    struct tdm_fault fault;

    tdm_fault_clear(&fault);
    crypto_openssl_init(&crypto);
    if (mkdir(x->dir, 0777) != 0 && errno != EEXIST) {
        (void)filework_fault(&fault, "cannot be made");
        return app_fail_fault(app, x->dir, &fault);
    }
    if (imagefile_read(&file, image, &crypto.port, on_part, x) != TDM_OK)
        return report(app, x, &file, image);
    return commit(app, x, &file);
}

int cmd_image_extract(struct app *app, int argc, char **argv)
{
    static struct extraction x;
    const struct app_option options[] = {{"output-dir", &x.dir, NULL}, {NULL, NULL, NULL}};
    int status = app_options(app, &argc, argv, options, 1);

    if (status != EXIT_OK)
        return status;
    if (!x.dir)
        return app_usage(app, "--output-dir is wanted");
    for (size_t i = 0; i < IMAGE_PARTS_MAX; i++)
        tdm_fault_clear(&x.parts[i].fault);
    status = extract(app, &x, argv[0]);
    for (size_t i = 0; i < IMAGE_PARTS_MAX; i++)
        outfile_drop(&x.parts[i]);
    return status;
}
