/* SPDX-License-Identifier: Apache-2.0 */
/* tandem image create: an RCP build directory, host firmware, or both, into one image file; stated and signed if wanted. */
#include <string.h>

#include "app.h"
#include "filework.h"
#include "image/image_writer.h"
#include "imagesign.h"
#include "linux/tandem_linux.h"
#include "rcp_build.h"
#include "statement.h"

struct creation {
    struct app *app;
    const char *dir, *host, *target;
    const char *keys[IMAGESIGN_KEYS];
    struct statement_options options;
    struct crypto_openssl crypto;
    struct rcp_build build;
    struct manifest manifest;
    struct front front;
};

static int fail_build(struct creation *c)
{
    const struct rcp_build_problem *why = &c->build.problem;
    return app_fail(c->app, why->err, why->code, "%s (nothing was written)", why->sentence);
}

/* ---- the statement ---- */

static bool is_stated(const struct creation *c)
{
    return c->dir == NULL || c->keys[0] != NULL || statement_is_wanted(&c->options);
}

static tdm_err hash_part(struct creation *c, const struct rcp_build_part *part, uint8_t out[TDM_SHA256_LEN])
{
    struct tdm_sha256 sha = {0};
    tdm_err err = tdm_sha256_begin(&sha, &c->crypto.port);

    if (err == TDM_OK)
        err = tdm_sha256_update(&sha, part->data, part->len);
    if (err == TDM_OK)
        err = tdm_sha256_end(&sha, out);
    tdm_sha256_drop(&sha);
    return err;
}

static int hash_parts(struct creation *c)
{
    const struct image_layout *layout = &c->build.layout;

    for (size_t i = 1; i < layout->part_count; i++) {
        if (hash_part(c, &c->build.parts[layout->parts[i].tag], c->manifest.digests[i - 1]) != TDM_OK)
            return app_fail(c->app, TDM_E_IO, "crypto", "the digest library does not work (nothing was written)");
    }
    return EXIT_OK;
}

static int write_front(struct creation *c)
{
    const struct rcp_build_part *text = &c->build.parts[IMAGE_TAG_VERSION];
    struct image_front spec = {.kind = c->build.layout.kind,
                               .text = (const char *)text->data,
                               .text_len = text->len,
                               .manifest = &c->manifest};
    struct front *f = &c->front;
    struct tdm_fault why;

    tdm_fault_clear(&why);
    for (size_t i = 0; i < IMAGE_PARTS_MAX; i++)
        spec.sizes[i] = (uint32_t)c->build.parts[i].len; /* each file was read with a limit below 4 GiB */
    f->len = sizeof f->bytes;
    if (image_writer_front(&spec, f->bytes, &f->len, &c->build.layout, &why) != TDM_OK)
        return app_fail(c->app, why.err, why.code, "what the image states: %s (nothing was written)", why.what);
    f->manifest_at = c->build.layout.header_size + text->len + 1;
    f->digest_count = c->manifest.digest_count;
    f->crypto = &c->crypto.port;
    return front_open(f, &why) == TDM_OK ? EXIT_OK : app_fail_fault(c->app, c->target, &why);
}

static int state(struct creation *c)
{
    int status = statement_fill(c->app, &c->options, &c->build, &c->manifest);

    if (status == EXIT_OK)
        status = hash_parts(c);
    if (status == EXIT_OK)
        status = write_front(c);
    return status == EXIT_OK ? imagesign_sign(c->app, &c->front, c->target, c->keys) : status;
}

/* ---- the file ---- */

static tdm_err push_image(const struct creation *c, struct tdm_sink *into)
{
    if (!is_stated(c))
        return rcp_build_write(&c->build, into);
    tdm_err err = tdm_sink_push(into, c->front.bytes, c->front.len);
    return err == TDM_OK ? rcp_build_write_parts(&c->build, into) : err;
}

static int write_image(struct creation *c)
{
    static struct outfile out;
    tdm_err err = outfile_begin(&out, c->target);

    if (err == TDM_OK)
        err = push_image(c, &out.sink);
    if (err == TDM_OK)
        err = outfile_commit(&out);
    outfile_drop(&out);
    if (err != TDM_OK && out.fault.err == TDM_OK)
        (void)tdm_fault_set(&out.fault, err, "io", "cannot be written", 0);
    return err == TDM_OK ? EXIT_OK : app_fail_fault(c->app, c->target, &out.fault);
}

static void describe(struct creation *c)
{
    const struct rcp_build_part *text = &c->build.parts[IMAGE_TAG_VERSION];
    cJSON *result = c->app->result;

    cJSON_AddStringToObject(result, "file", c->target);
    cJSON_AddNumberToObject(result, "size", c->build.layout.total_size);
    cJSON_AddNumberToObject(result, "bundle_size", c->build.layout.bundle_size);
    cJSON_AddNumberToObject(result, "host_size", c->build.layout.host_size);
    if (c->dir != NULL) {
        cJSON_AddStringToObject(result, "rcp_version", (const char *)text->data); /* ends with 0, stated or not */
        cJSON_AddBoolToObject(result, "version_in_firmware", c->build.has_version_inside);
    }
    cJSON_AddStringToObject(result, "statement", !is_stated(c) ? "none" : c->keys[0] == NULL ? "unsigned" : "signed");
    if (is_stated(c))
        imagesign_describe(result, &c->front);
}

static int create(struct creation *c)
{
    crypto_openssl_init(&c->crypto);
    if (rcp_build_load(&c->build, c->dir, c->host, &c->crypto.port) != TDM_OK)
        return fail_build(c);
    if (c->dir != NULL && !c->build.has_version_inside)
        tdm_log_note(c->app->log, TDM_LOG_WARNING,
                     "the text of rcp_version is not in the RCP firmware: the radio would never answer with it and be "
                     "flashed in vain; configure the RCP project again",
                     0);
    int status = is_stated(c) ? state(c) : EXIT_OK;
    if (status == EXIT_OK)
        status = write_image(c);
    if (status != EXIT_OK)
        return status;
    describe(c);
    if (is_stated(c) && c->keys[0] == NULL)
        tdm_log_note(c->app->log, TDM_LOG_INFO, "not signed yet: routers that have keys refuse it", 0);
    return EXIT_OK;
}

int cmd_image_create(struct app *app, int argc, char **argv)
{
    static struct creation c; /* large: keep it off the stack */
    const struct app_option options[] = {{"rcp-build-dir", &c.dir, NULL},  {"br-firmware", &c.host, NULL},
                                         {"target-file", &c.target, NULL}, STATEMENT_OPTIONS(&c.options),
                                         IMAGESIGN_OPTIONS(c.keys),        {NULL, NULL, NULL}};
    c.app = app;
    int status = app_options(app, &argc, argv, options, 0);

    if (status != EXIT_OK)
        return status;
    if ((!c.dir && !c.host) || !c.target)
        return app_usage(app, "--target-file, and --rcp-build-dir or --br-firmware or both, are wanted");
    if (is_stated(&c))
        status = statement_check(app, &c.options, c.dir != NULL, c.host != NULL);
    if (status == EXIT_OK)
        status = create(&c);
    rcp_build_free(&c.build);
    return status;
}
