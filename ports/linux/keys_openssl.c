/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/keys_openssl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "linux/open_to_all.h"

#define FILE_LIMIT 65536
#define COORDINATE (TDM_P256_LEN / 2)

/* ---- the id ---- */

/* SubjectPublicKeyInfo up to the point: id-ecPublicKey, prime256v1, a bit string of 04 X Y. */
static const uint8_t spki_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

tdm_err keys_id(const uint8_t point[TDM_P256_LEN], uint8_t id[TDM_KEY_ID_LEN])
{
    uint8_t spki[sizeof spki_head + TDM_P256_LEN], digest[TDM_SHA256_LEN];

    memcpy(spki, spki_head, sizeof spki_head);
    memcpy(spki + sizeof spki_head, point, TDM_P256_LEN);
    if (EVP_Digest(spki, sizeof spki, digest, NULL, EVP_sha256(), NULL) != 1)
        return TDM_E_IO;
    memcpy(id, digest, TDM_KEY_ID_LEN);
    return TDM_OK;
}

/* ---- the list ---- */

struct loading {
    struct keys_list *list;
    struct tdm_fault *why;
    bool is_revoked; /* the place that is being read */
    size_t found;    /* keys in that place           */
};

static tdm_err refuse(struct loading *l, tdm_err err, const char *code, const char *what)
{
    return tdm_fault_set(l->why, err, code, what, 0);
}

static struct tdm_key *find(struct keys_list *list, const uint8_t *id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (memcmp(list->keys[i].id, id, TDM_KEY_ID_LEN) == 0)
            return &list->keys[i];
    }
    return NULL;
}

static tdm_err add(struct loading *l, const uint8_t *point)
{
    struct keys_list *list = l->list;
    struct tdm_key key = {.is_revoked = l->is_revoked};

    memcpy(key.point, point, sizeof key.point);
    if (keys_id(point, key.id) != TDM_OK)
        return refuse(l, TDM_E_IO, "hash_failed", "the digest failed");
    struct tdm_key *known = find(list, key.id);
    l->found++;
    if (known != NULL && !l->is_revoked)
        return refuse(l, TDM_E_FORMAT, "key_doubled", "holds a key that stands among the trusted ones already");
    if (known != NULL) {
        known->is_revoked = true;
        return TDM_OK;
    }
    if (list->count == TDM_KEYS_MAX)
        return refuse(l, TDM_E_NO_ROOM, "too_many_keys",
                      "is one key too many: 16 are the limit, revoked ones included");
    list->keys[list->count++] = key;
    return TDM_OK;
}

/* ---- one key ---- */

static bool get_coordinate(const EVP_PKEY *key, const char *name, uint8_t *out)
{
    BIGNUM *n = NULL;
    bool is_good = EVP_PKEY_get_bn_param(key, name, &n) == 1 && BN_bn2binpad(n, out, COORDINATE) == COORDINATE;

    BN_free(n);
    return is_good;
}

static bool is_p256(const EVP_PKEY *key)
{
    char group[64];

    return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
           strcmp(group, SN_X9_62_prime256v1) == 0;
}

static tdm_err take_key(struct loading *l, const EVP_PKEY *key)
{
    uint8_t point[TDM_P256_LEN];

    if (!is_p256(key))
        return refuse(l, TDM_E_FORMAT, "key_wrong_kind", "holds a key that is not one of the curve P-256");
    if (!get_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, point) ||
        !get_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, point + COORDINATE))
        return refuse(l, TDM_E_FORMAT, "bad_key_file", "holds a damaged key");
    return add(l, point);
}

static tdm_err take_block(struct loading *l, const char *name, const char *header, const unsigned char *data, long len)
{
    const unsigned char *at = data;

    if (strcmp(name, PEM_STRING_PUBLIC) != 0 || header[0] != '\0')
        return refuse(l, TDM_E_FORMAT, "bad_key_file", "holds something else than public keys");
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, len);
    tdm_err err = key == NULL || at != data + len ? refuse(l, TDM_E_FORMAT, "bad_key_file", "holds a damaged key")
                                                  : take_key(l, key);
    EVP_PKEY_free(key);
    return err;
}

/* ---- one file ---- */

/* Blocks in a text; what stands around them must be blank or a comment. */
static tdm_err count_blocks(struct loading *l, const char *text, size_t len, size_t *count)
{
    static const char begin[] = "-----BEGIN ", end[] = "-----END ", private_key[] = "PRIVATE KEY-----";
    bool is_inside = false;

    *count = 0;
    for (const char *line = text, *next; line < text + len; line = next) {
        size_t left = (size_t)(text + len - line);
        const char *feed = memchr(line, '\n', left);
        size_t n = feed != NULL ? (size_t)(feed - line) : left;
        next = feed != NULL ? feed + 1 : text + len;
        if (n >= sizeof begin - 1 && memcmp(line, begin, sizeof begin - 1) == 0) {
            if (memmem(line, n, private_key, sizeof private_key - 1) != NULL)
                return refuse(l, TDM_E_FORMAT, "key_is_private", "holds a private key");
            is_inside = true;
            ++*count;
        } else if (n >= sizeof end - 1 && memcmp(line, end, sizeof end - 1) == 0) {
            is_inside = false;
        } else if (!is_inside && n > 0 && line[0] != '#' && strspn(line, " \t\r") < n) {
            return refuse(l, TDM_E_FORMAT, "bad_key_file", "holds text around its keys that is no comment (# ...)");
        }
    }
    return TDM_OK;
}

static tdm_err take_blocks(struct loading *l, BIO *in, size_t count)
{
    tdm_err err = TDM_OK;

    for (size_t i = 0; i < count && err == TDM_OK; i++) {
        char *name = NULL, *header = NULL;
        unsigned char *data = NULL;
        long len = 0;
        if (PEM_read_bio(in, &name, &header, &data, &len) == 1)
            err = take_block(l, name, header, data, len);
        else
            err = refuse(l, TDM_E_FORMAT, "bad_key_file", "holds a damaged PEM block");
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    return err;
}

static tdm_err take_text(struct loading *l, const char *text, size_t len)
{
    size_t count;
    tdm_err err = count_blocks(l, text, len, &count);

    if (err != TDM_OK)
        return err;
    BIO *in = BIO_new_mem_buf(text, (int)len);
    if (in == NULL)
        return refuse(l, TDM_E_IO, "no_memory", "does not fit into memory");
    (void)ERR_set_mark();
    err = take_blocks(l, in, count);
    (void)ERR_pop_to_mark(); /* why the library did not like a block is not for the next one who asks it */
    BIO_free(in);
    return err;
}

static tdm_err refuse_errno(struct loading *l, int number)
{
    tdm_err err = number == ENOENT || number == ENOTDIR ? TDM_E_NOT_FOUND
                  : number == EACCES || number == EPERM ? TDM_E_ACCESS
                                                        : TDM_E_IO;
    if (err == TDM_E_NOT_FOUND)
        return tdm_fault_set(l->why, TDM_E_NOT_FOUND, "key_file_missing", "does not exist", (uint64_t)number);
    return tdm_fault_set(l->why, err, "key_file_unreadable", "cannot be read", (uint64_t)number);
}

/* Who may change it decides whom this router believes. */
static tdm_err refuse_open(struct loading *l)
{
    return refuse(l, TDM_E_ACCESS, "keys_open", "may be changed, or replaced, by everybody");
}

/* All of it, with a NUL behind the last line, which strspn() meets there. The caller frees it, whatever is answered. */
static tdm_err read_text(struct loading *l, const char *path, char **text, size_t *len)
{
    FILE *file = fopen(path, "re");
    tdm_err err = TDM_OK;

    *text = NULL;
    *len = 0;
    if (file == NULL)
        return refuse_errno(l, errno);
    *text = malloc(FILE_LIMIT + 1);
    if (*text != NULL)
        *len = fread(*text, 1, FILE_LIMIT + 1, file);
    if (*text == NULL)
        err = refuse(l, TDM_E_IO, "no_memory", "does not fit into memory");
    else if (ferror(file) != 0)
        err = refuse(l, TDM_E_IO, "key_file_unreadable", "cannot be read");
    else if (*len > FILE_LIMIT)
        err = refuse(l, TDM_E_FORMAT, "bad_key_file", "is longer than 64 KiB");
    else
        (*text)[*len] = '\0';
    (void)fclose(file); /* only read from */
    return err;
}

static tdm_err take_file(struct loading *l, const char *path)
{
    struct stat st;
    char *text;
    size_t len;

    if (stat(path, &st) != 0)
        return refuse_errno(l, errno);
    if (!S_ISREG(st.st_mode))
        return refuse(l, TDM_E_FORMAT, "bad_key_file", "is not a file");
    if (open_to_all(path))
        return refuse_open(l);
    tdm_err err = read_text(l, path, &text, &len);
    if (err == TDM_OK)
        err = take_text(l, text, len);
    free(text);
    return err;
}

/* Passed over, a trusted key is missed; a revoked one would go on signing, and nobody would notice. */
static tdm_err pass_over(struct loading *l, const char *path)
{
    struct stat st;
    char *text;
    size_t len;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_LIMIT)
        return TDM_OK;
    tdm_err err = read_text(l, path, &text, &len);
    if (err == TDM_OK && strstr(text, "-----BEGIN ") != NULL)
        err =
            refuse(l, TDM_E_FORMAT, "bad_key_file", "holds a key that would not count: its name does not end in .pem");
    free(text);
    return err;
}

/* ---- one place ---- */

static bool is_path(struct loading *l, const char *folder, const char *name)
{
    int n = snprintf(l->list->file, sizeof l->list->file, "%s%s%s", folder, name[0] != '\0' ? "/" : "", name);
    return n > 0 && (size_t)n < sizeof l->list->file;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool is_key_name(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".pem") == 0;
}

static tdm_err take_entry(struct loading *l, const char *folder, const char *name)
{
    if (!is_key_name(name) && !l->is_revoked)
        return TDM_OK;
    if (!is_path(l, folder, name))
        return refuse(l, TDM_E_FORMAT, "bad_key_file", "has too long a name");
    return is_key_name(name) ? take_file(l, l->list->file) : pass_over(l, l->list->file);
}

static tdm_err take_folder(struct loading *l, const char *folder)
{
    struct dirent **entries;
    tdm_err err = TDM_OK;
    int count = scandir(folder, &entries, is_visible, alphasort);

    if (count < 0)
        return refuse_errno(l, errno);
    for (int i = 0; i < count; i++) {
        if (err == TDM_OK)
            err = take_entry(l, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return err;
}

static tdm_err take_place(struct loading *l, const char *place)
{
    struct stat st;

    if (place == NULL || place[0] == '\0')
        return TDM_OK;
    if (!is_path(l, place, ""))
        return refuse(l, TDM_E_FORMAT, "bad_key_file", "has too long a name");
    if (stat(place, &st) != 0)
        return refuse_errno(l, errno);
    if (open_to_all(place))
        return refuse_open(l);
    l->found = 0;
    tdm_err err = S_ISDIR(st.st_mode) ? take_folder(l, place) : take_file(l, place);
    if (err != TDM_OK || l->found > 0)
        return err;
    (void)is_path(l, place, "");
    return refuse(l, TDM_E_NOT_FOUND, "no_keys", "holds no public key (of a folder only *.pem counts)");
}

tdm_err keys_load(const char *trusted, const char *revoked, struct keys_list *list, struct tdm_fault *why)
{
    struct loading l = {.list = list, .why = why};

    *list = (struct keys_list){0};
    tdm_fault_clear(why);
    tdm_err err = take_place(&l, trusted);
    l.is_revoked = true;
    if (err == TDM_OK)
        err = take_place(&l, revoked);
    if (err == TDM_OK)
        list->file[0] = '\0';
    else
        list->count = 0; /* half a list is none */
    return err;
}
