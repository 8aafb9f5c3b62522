/* SPDX-License-Identifier: Apache-2.0 */
#include "signing.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "filework.h"
#include "linux/keys_openssl.h"

#define KEY_FILE_MAX 65536u
#define HALF         (TDM_P256_LEN / 2)
#define DER_MAX      128          /* more than any signature of this curve has           */
#define NONCE        "nonce-type" /* a name that headers before 3.2 do not have      */
#define NONCE_FIXED  1u

static tdm_err refuse(struct tdm_fault *why, tdm_err err, const char *code, const char *what)
{
    ERR_clear_error(); /* why the library did not like it is said here, in other words */
    return tdm_fault_set(why, err, code, what, 0);
}

/* ---- passphrases ---- */

struct asking {
    const char *place;
    bool is_asked, has_no_terminal;
};

static bool is_terminal_there(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

static int ask(char *buf, int size, int rwflag, void *ctx)
{
    struct asking *a = ctx;
    char prompt[256];

    (void)rwflag;
    a->is_asked = true;
    a->has_no_terminal = !is_terminal_there();
    if (a->has_no_terminal)
        return -1;
    (void)snprintf(prompt, sizeof prompt, "Passphrase or PIN of %.200s: ", a->place);
    return EVP_read_pw_string(buf, size, prompt, 0) == 0 ? (int)strlen(buf) : -1;
}

static tdm_err refuse_locked(struct tdm_fault *why, const struct asking *a)
{
    if (a->has_no_terminal)
        return refuse(why, TDM_E_ACCESS, "key_locked",
                      "is protected, and there is no terminal to ask for its passphrase");
    return refuse(why, TDM_E_ACCESS, "key_locked", "is protected, and this is not its passphrase");
}

/* ---- from a file ---- */

static bool is_public(const uint8_t *text, size_t len)
{
    BIO *in = BIO_new_mem_buf(text, (int)len);
    EVP_PKEY *key = in != NULL ? PEM_read_bio_PUBKEY(in, NULL, NULL, NULL) : NULL;
    bool is_key = key != NULL;

    EVP_PKEY_free(key);
    BIO_free(in);
    return is_key;
}

static tdm_err read_pem(struct signing_key *k, const char *place, const uint8_t *text, size_t len,
                        struct tdm_fault *why)
{
    struct asking asking = {.place = place};
    BIO *in = BIO_new_mem_buf(text, (int)len);

    if (in != NULL)
        k->key = PEM_read_bio_PrivateKey(in, NULL, ask, &asking);
    BIO_free(in);
    if (k->key != NULL)
        return TDM_OK;
    if (asking.is_asked)
        return refuse_locked(why, &asking);
    if (is_public(text, len))
        return refuse(why, TDM_E_FORMAT, "key_is_public", "holds a public key; signing takes the private one");
    return refuse(why, TDM_E_FORMAT, "bad_signing_key", "holds no private key in PEM form");
}

static tdm_err open_file(struct signing_key *k, const char *place, struct tdm_fault *why)
{
    uint8_t *text;
    size_t len;
    tdm_err err = filework_read(place, KEY_FILE_MAX, &text, &len, why);

    if (err == TDM_OK)
        err = read_pem(k, place, text, len, why);
    if (text != NULL)
        OPENSSL_cleanse(text, len);
    free(text);
    return err;
}

/* ---- from a device ---- */

static bool is_provider_there(void)
{
    if (OSSL_PROVIDER_available(NULL, "pkcs11") != 1 && OSSL_PROVIDER_try_load(NULL, "pkcs11", 1) == NULL)
        return false;
    OSSL_STORE_LOADER *loader = OSSL_STORE_LOADER_fetch(NULL, "pkcs11", NULL);
    OSSL_STORE_LOADER_free(loader);
    return loader != NULL;
}

static EVP_PKEY *first_key(OSSL_STORE_CTX *store)
{
    EVP_PKEY *key = NULL;

    while (key == NULL && OSSL_STORE_eof(store) == 0) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info == NULL && OSSL_STORE_error(store) != 0)
            return NULL;
        if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    return key;
}

static tdm_err open_uri(struct signing_key *k, const char *uri, struct tdm_fault *why)
{
    struct asking asking = {.place = "the key's device"}; /* the URI itself may hold a PIN */

    if (!is_provider_there())
        return refuse(why, TDM_E_UNSUPPORTED, "no_provider", "OpenSSL has no pkcs11 provider here");
    UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(ask, 0);
    OSSL_STORE_CTX *store = ui != NULL ? OSSL_STORE_open(uri, ui, &asking, NULL, NULL) : NULL;
    if (store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY) == 1)
        k->key = first_key(store);
    if (store != NULL)
        (void)OSSL_STORE_close(store);
    UI_destroy_method(ui);
    if (k->key != NULL)
        return TDM_OK;
    if (asking.is_asked)
        return refuse_locked(why, &asking);
    return refuse(why, TDM_E_NOT_FOUND, "bad_signing_key", "names no private key that the pkcs11 provider can open");
}

/* ---- both ---- */

static bool coordinate(const EVP_PKEY *key, const char *name, uint8_t out[HALF])
{
    BIGNUM *n = NULL;
    bool is_good = EVP_PKEY_get_bn_param(key, name, &n) == 1 && BN_bn2binpad(n, out, HALF) == HALF;

    BN_free(n);
    return is_good;
}

static bool is_p256(const EVP_PKEY *key)
{
    char group[64];

    return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
           strcmp(group, SN_X9_62_prime256v1) == 0;
}

/* The public half as everybody would write it down: what a device's key tells of itself differs, this does not. */
static EVP_PKEY *public_half(const EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    const unsigned char *at = der;
    EVP_PKEY *half = len > 0 ? d2i_PUBKEY(NULL, &at, len) : NULL;

    OPENSSL_free(der);
    return half;
}

static tdm_err read_point(struct signing_key *k, const EVP_PKEY *half, struct tdm_fault *why)
{
    if (half == NULL)
        return refuse(why, TDM_E_FORMAT, "bad_signing_key", "does not tell the public half of its key");
    if (!is_p256(half))
        return refuse(why, TDM_E_FORMAT, "key_wrong_kind", "holds a key that is not one of the curve P-256");
    if (!coordinate(half, OSSL_PKEY_PARAM_EC_PUB_X, k->point) ||
        !coordinate(half, OSSL_PKEY_PARAM_EC_PUB_Y, k->point + HALF))
        return refuse(why, TDM_E_FORMAT, "bad_signing_key", "does not tell the public half of its key");
    if (keys_id(k->point, k->id) != TDM_OK)
        return refuse(why, TDM_E_IO, "crypto", "the digest library does not work");
    return TDM_OK;
}

static tdm_err identify(struct signing_key *k, struct tdm_fault *why)
{
    EVP_PKEY *half = public_half(k->key);
    tdm_err err = read_point(k, half, why);

    EVP_PKEY_free(half);
    return err;
}

tdm_err signing_open(struct signing_key *k, const char *place, struct tdm_fault *why)
{
    static const char scheme[] = "pkcs11:";

    *k = (struct signing_key){0};
    tdm_fault_clear(why);
    bool is_uri = strncmp(place, scheme, sizeof scheme - 1) == 0;
    tdm_err err = is_uri ? open_uri(k, place, why) : open_file(k, place, why);
    if (err == TDM_OK)
        err = identify(k, why);
    if (err != TDM_OK)
        signing_close(k);
    return err;
}

void signing_close(struct signing_key *k)
{
    EVP_PKEY_free(k->key);
    k->key = NULL;
}

/* Ask for a nonce made of key and digest, where that can be asked for. */
static bool fix_nonce(EVP_PKEY_CTX *ctx)
{
    const OSSL_PARAM *known = EVP_PKEY_CTX_settable_params(ctx);
    unsigned int kind = NONCE_FIXED;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_uint(NONCE, &kind), OSSL_PARAM_construct_end()};

    return known != NULL && OSSL_PARAM_locate_const(known, NONCE) != NULL && EVP_PKEY_CTX_set_params(ctx, params) == 1;
}

static size_t sign_digest(struct signing_key *k, const uint8_t *digest, uint8_t der[DER_MAX])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->key, NULL);
    size_t len = DER_MAX;
    bool is_made = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1;

    k->is_deterministic = is_made && fix_nonce(ctx);
    is_made = is_made && EVP_PKEY_sign(ctx, der, &len, digest, TDM_SHA256_LEN) == 1;
    EVP_PKEY_CTX_free(ctx);
    return is_made ? len : 0;
}

tdm_err signing_sign(struct signing_key *k, const uint8_t digest[TDM_SHA256_LEN], uint8_t signature[TDM_P256_LEN],
                     struct tdm_fault *why)
{
    uint8_t der[DER_MAX];
    size_t len = sign_digest(k, digest, der);

    if (len == 0)
        return refuse(why, TDM_E_IO, "sign_failed", "the key did not sign");
    return signing_read_der(der, len, signature, why);
}

tdm_err signing_read_der(const uint8_t *der, size_t len, uint8_t signature[TDM_P256_LEN], struct tdm_fault *why)
{
    const unsigned char *at = der;
    ECDSA_SIG *sig = len <= DER_MAX ? d2i_ECDSA_SIG(NULL, &at, (long)len) : NULL;
    bool is_good = sig != NULL && at == der + len && BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, HALF) == HALF &&
                   BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + HALF, HALF) == HALF;

    ECDSA_SIG_free(sig);
    if (is_good)
        return TDM_OK;
    return refuse(why, TDM_E_FORMAT, "bad_signature_file", "is no signature in DER form");
}
