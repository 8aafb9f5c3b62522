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

#define MANIFEST IMAGE_PARTS_MAX /* behind the tags: part 0 is two files when a manifest stands behind the text */
#define FILES    (IMAGE_PARTS_MAX + 1)

struct extraction {
    const char *dir;
    struct outfile files[FILES]; /* by tag */
    uint64_t sizes[FILES];
};

static const char *name_of(size_t i)
{
    return i == MANIFEST ? "manifest" : imagefile_part_name((uint32_t)i);
}

static tdm_err begin_file(struct extraction *x, size_t i)
{
    char path[FILEWORK_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s%s", x->dir, name_of(i), i == IMAGE_TAG_VERSION ? "" : ".bin");

    if (n < 0 || (size_t)n >= sizeof path)
        return tdm_fault_set(&x->files[i].fault, TDM_E_NO_ROOM, "too_large", "has too long a name", 0);
    return outfile_begin(&x->files[i], path);
}

static tdm_err put(struct extraction *x, size_t i, const uint8_t *data, size_t len)
{
    struct outfile *out = &x->files[i];

    if (!out->is_open && begin_file(x, i) != TDM_OK)
        return out->fault.err;
    x->sizes[i] += len;
    return tdm_sink_push(&out->sink, data, len);
}

/* Part 0 comes as a whole. */
static tdm_err put_part_0(struct extraction *x, const uint8_t *data, size_t len)
{
    size_t text = strnlen((const char *)data, len);
    tdm_err err = text > 0 ? put(x, IMAGE_TAG_VERSION, data, text) : TDM_OK;

    return err == TDM_OK && text < len ? put(x, MANIFEST, data + text + 1, len - text - 1) : err;
}

static tdm_err on_part(void *ctx, const struct image_part *part, const uint8_t *data, size_t len)
{
    struct extraction *x = ctx;
    return part->tag == IMAGE_TAG_VERSION ? put_part_0(x, data, len) : put(x, part->tag, data, len);
}

static int report(struct app *app, const struct extraction *x, const struct imagefile *file, const char *image)
{
    for (size_t i = 0; i < FILES; i++) {
        if (x->files[i].fault.err != TDM_OK)
            return app_fail_fault(app, x->files[i].path[0] != '\0' ? x->files[i].path : x->dir, &x->files[i].fault);
    }
    return app_fail_fault(app, image, &file->fault);
}

static int commit(struct app *app, struct extraction *x)
{
    cJSON *list = cJSON_AddArrayToObject(app->result, "files");

    for (size_t i = 0; i < FILES; i++) {
        struct outfile *out = &x->files[i];
        cJSON *row;

        if (!out->is_open)
            continue;
        if (outfile_commit(out) != TDM_OK)
            return app_fail_fault(app, out->path, &out->fault);
        row = cJSON_CreateObject();
        cJSON_AddItemToArray(list, row);
        cJSON_AddStringToObject(row, "part", name_of(i));
        cJSON_AddStringToObject(row, "file", out->path);
        cJSON_AddNumberToObject(row, "size", (double)x->sizes[i]);
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
    return commit(app, x);
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
    for (size_t i = 0; i < FILES; i++)
        tdm_fault_clear(&x.files[i].fault);
    status = extract(app, &x, argv[0]);
    for (size_t i = 0; i < FILES; i++)
        outfile_drop(&x.files[i]);
    return status;
}
