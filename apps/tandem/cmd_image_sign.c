/* SPDX-License-Identifier: Apache-2.0 */
/* tandem image sign: sign an image's statement, show what a signer elsewhere has to sign, or attach what it made. */
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "deskjudge.h"
#include "filework.h"
#include "imagefile.h"
#include "imagesign.h"
#include "linux/keys_openssl.h"
#include "linux/tandem_linux.h"

#define SIGNATURE_FILE_MAX 4096u

struct signwork {
    struct app *app;
    const char *path;
    const char *keys[IMAGESIGN_KEYS];
    bool is_print;
    const char *der, *raw, *public_key;
    struct crypto_openssl crypto;
    struct judge_verdict verdict;
    struct imagefile file;
    struct front front;
    struct outfile out;
};

/* ---- read: what is signed is an image that a router could take ---- */

static int read_image(struct signwork *w)
{
    struct judge_facts facts = deskjudge_facts();
    struct tdm_fault why;
    int status = deskjudge_ask(w->app, w->path, &w->crypto.port, &facts, &w->verdict);

    if (status != EXIT_OK)
        return status;
    if (!w->verdict.has_manifest)
        return app_fail(w->app, TDM_E_UNSUPPORTED, "no_statement",
                        "%s: states nothing that could be signed; pack it with `tandem image create --compatible ...`",
                        w->path);
    if (imagefile_read(&w->file, w->path, &w->crypto.port, NULL, NULL) != TDM_OK)
        return app_fail_fault(w->app, w->path, &w->file.fault);
    if (imagefile_front(&w->file, &w->crypto.port, &w->front, &why) != TDM_OK)
        return app_fail_fault(w->app, w->path, &why);
    if (memcmp(w->front.id, w->verdict.id, sizeof w->front.id) != 0)
        return app_fail(w->app, TDM_E_CORRUPT, "file_changed", "%s: changed while it was read; try again", w->path);
    return EXIT_OK;
}

/* ---- write: the new front, and the rest as it was ---- */

struct rest {
    struct tdm_sink sink;
    struct tdm_sink *into;
    size_t skip;
};

static tdm_err push_rest(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct rest *r = (struct rest *)(void *)sink; /* its first member */
    size_t skip = r->skip;

    r->skip -= len < skip ? len : skip;
    return skip < len ? tdm_sink_push(r->into, data + skip, len - skip) : TDM_OK;
}

static int write_image(struct signwork *w)
{
    struct rest rest = {.sink = {push_rest}, .into = &w->out.sink, .skip = w->front.len};
    struct tdm_fault why;
    tdm_err err = outfile_begin(&w->out, w->path);

    tdm_fault_clear(&why);
    if (err == TDM_OK)
        err = tdm_sink_push(&w->out.sink, w->front.bytes, w->front.len);
    if (err == TDM_OK)
        err = filework_push(w->path, &rest.sink, &why);
    if (err == TDM_OK)
        err = outfile_commit(&w->out);
    outfile_drop(&w->out);
    if (err == TDM_OK)
        return EXIT_OK;
    (void)tdm_fault_set(&why, err, "io", "cannot be written", 0);
    return app_fail_fault(w->app, w->path, w->out.fault.err != TDM_OK ? &w->out.fault : &why);
}

/* ---- a signature made elsewhere ---- */

static int read_signature(struct signwork *w, uint8_t signature[TDM_P256_LEN])
{
    const char *path = w->der != NULL ? w->der : w->raw;
    struct tdm_fault why;
    uint8_t *data;
    size_t len;

    tdm_fault_clear(&why);
    tdm_err err = filework_read(path, SIGNATURE_FILE_MAX, &data, &len, &why);
    if (err == TDM_OK && w->der != NULL)
        err = signing_read_der(data, len, signature, &why);
    else if (err == TDM_OK && len != TDM_P256_LEN)
        err = tdm_fault_set(&why, TDM_E_FORMAT, "bad_signature_file", "is not 64 bytes r, s", len);
    else if (err == TDM_OK)
        memcpy(signature, data, TDM_P256_LEN);
    free(data);
    return err == TDM_OK ? EXIT_OK : app_fail_fault(w->app, path, &why);
}

static int read_public(struct signwork *w, struct tdm_key *key)
{
    static struct keys_list list;
    struct tdm_fault why;

    tdm_fault_clear(&why);
    if (keys_load(w->public_key, NULL, &list, &why) != TDM_OK)
        return app_fail_fault(w->app, list.file, &why);
    if (list.count != 1)
        return app_usage(w->app, "--key: %s holds %zu keys; name the one that has signed", w->public_key, list.count);
    *key = list.keys[0];
    return EXIT_OK;
}

static int attach(struct signwork *w)
{
    uint8_t signature[TDM_P256_LEN];
    struct tdm_fault why;
    struct tdm_key key;
    int status = read_public(w, &key);

    if (status == EXIT_OK)
        status = read_signature(w, signature);
    if (status != EXIT_OK)
        return status;
    tdm_fault_clear(&why);
    if (front_attach(&w->front, key.point, key.id, signature, &why) != TDM_OK)
        return app_fail(w->app, why.err, why.code, "%s: %s: %s (nothing was written)", w->path,
                        w->der != NULL ? w->der : w->raw, why.what);
    cJSON *row = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_AddArrayToObject(w->app->result, "signatures"), row);
    app_add_hex(row, "key_id", key.id, sizeof key.id);
    cJSON_AddStringToObject(row, "key", w->public_key);
    return EXIT_OK;
}

/* ---- the command ---- */

static int check_words(struct signwork *w)
{
    int ways = (w->keys[0] != NULL) + w->is_print + (w->der != NULL) + (w->raw != NULL);
    bool is_attach = w->der != NULL || w->raw != NULL;

    if (ways != 1)
        return app_usage(w->app, "one of --sign, --print-digest, --attach-der and --attach-raw is wanted");
    if (is_attach && w->public_key == NULL)
        return app_usage(w->app,
                         "a signature is attached when it verifies: --key with the signer's public key is missing");
    if (!is_attach && w->public_key != NULL)
        return app_usage(w->app, "--key is for --attach-der and --attach-raw");
    return EXIT_OK;
}

static int work(struct signwork *w)
{
    int status = read_image(w);

    if (status != EXIT_OK)
        return status;
    cJSON_AddStringToObject(w->app->result, "file", w->path);
    if (w->keys[0] != NULL)
        status = imagesign_sign(w->app, &w->front, w->path, w->keys);
    else if (!w->is_print)
        status = attach(w);
    if (status == EXIT_OK && !w->is_print)
        status = write_image(w);
    if (status == EXIT_OK)
        imagesign_describe(w->app->result, &w->front);
    return status;
}

int cmd_image_sign(struct app *app, int argc, char **argv)
{
    static struct signwork w; /* large: keep it off the stack */
    const struct app_option options[] = {{"print-digest", NULL, &w.is_print}, {"attach-der", &w.der, NULL},
                                         {"attach-raw", &w.raw, NULL},        {"key", &w.public_key, NULL},
                                         IMAGESIGN_OPTIONS(w.keys),           {NULL, NULL, NULL}};
    int status = app_options(app, &argc, argv, options, 1);

    w.app = app;
    w.path = argv[0];
    if (status == EXIT_OK)
        status = check_words(&w);
    if (status != EXIT_OK)
        return status;
    crypto_openssl_init(&w.crypto);
    return work(&w);
}
