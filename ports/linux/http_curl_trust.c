/* SPDX-License-Identifier: Apache-2.0 */
#include "http_curl_trust.h"

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <string.h>

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* ---- whom we believe ---- */

/* Where the HTTP library was told that the system keeps its certificates. */
static bool add_system(X509_STORE *to)
{
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
    bool has_any = false;

    if (v->age >= CURLVERSION_SEVENTH && v->cainfo != NULL)
        has_any = X509_STORE_load_file(to, v->cainfo) == 1;
    if (v->age >= CURLVERSION_SEVENTH && v->capath != NULL)
        has_any = X509_STORE_load_path(to, v->capath) == 1 || has_any;
    return has_any || X509_STORE_set_default_paths(to) == 1;
}

static bool add_all(X509_STORE *to, const struct http_curl_config *cfg, const char **file)
{
    for (size_t i = 0; i < cfg->ca_file_count; i++) {
        *file = cfg->ca_files[i];
        if (X509_STORE_load_file(to, cfg->ca_files[i]) != 1)
            return false;
    }
    *file = "the system's certificates";
    return !cfg->use_system || add_system(to);
}

X509_STORE *http_curl_trust_open(const struct http_curl_config *cfg, const char **file, struct tdm_fault *why)
{
    X509_STORE *trust = X509_STORE_new();
    bool is_good = trust != NULL && X509_STORE_set_flags(trust, X509_V_FLAG_PARTIAL_CHAIN) == 1;

    *file = "";
    if (is_good)
        is_good = add_all(trust, cfg, file);
    ERR_clear_error();
    if (is_good)
        return trust;
    X509_STORE_free(trust);
    (void)tdm_fault_set(why, TDM_E_TRUST, "bad_trust_file", "the file of trusted certificates is unusable", 0);
    return NULL;
}

bool http_curl_trust_has(X509_STORE *trust, const X509 *cert)
{
    STACK_OF(X509) *all = X509_STORE_get1_all_certs(trust);
    bool has = false;

    for (int i = 0; i < sk_X509_num(all) && !has; i++)
        has = X509_cmp(sk_X509_value(all, i), cert) == 0;
    sk_X509_pop_free(all, X509_free);
    return has;
}

bool http_curl_trust_pin(const X509 *cert, char out[HTTP_PIN_MAX])
{
    static const char prefix[] = "sha256//";
    unsigned char digest[32], *key = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &key);
    bool is_made = len > 0 && EVP_Digest(key, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1;

    OPENSSL_free(key);
    if (!is_made)
        return false;
    memcpy(out, prefix, sizeof prefix);
    return EVP_EncodeBlock((unsigned char *)out + sizeof prefix - 1, digest, sizeof digest) == 44;
}

/* Anything else would be a file's name to the HTTP library. */
tdm_err http_curl_trust_check_pins(const char *pins, struct tdm_fault *why)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t len = HTTP_PIN_MAX - 1, prefix = 8;

    while (is_given(pins)) {
        bool is_one = strncmp(pins, "sha256//", prefix) == 0 && strspn(pins + prefix, base64) == len - prefix - 1 &&
                      pins[len - 1] == '=' && (pins[len] == ';' || pins[len] == '\0');
        if (!is_one)
            return tdm_fault_set(why, TDM_E_FORMAT, "bad_pin", "the pin of the server's key is not written as one", 0);
        pins += pins[len] == ';' ? len + 1 : len;
    }
    return TDM_OK;
}

/* ---- who we are ---- */

/* Asked for a passphrase: there is nobody to type one. */
static int on_passphrase(char *buf, int room, int is_writing, void *asked)
{
    (void)buf, (void)room, (void)is_writing;
    *(bool *)asked = true;
    return -1;
}

static X509 *read_certificate(const char *path)
{
    BIO *in = BIO_new_file(path, "r");
    bool unused = false;
    X509 *cert = in != NULL ? PEM_read_bio_X509(in, NULL, on_passphrase, &unused) : NULL;

    BIO_free(in);
    return cert;
}

static EVP_PKEY *read_key(const char *path, bool *is_encrypted)
{
    BIO *in = BIO_new_file(path, "r");
    EVP_PKEY *key = in != NULL ? PEM_read_bio_PrivateKey(in, NULL, on_passphrase, is_encrypted) : NULL;

    BIO_free(in);
    return key;
}

const char *http_curl_trust_key_file(const struct http_curl_config *cfg)
{
    return is_given(cfg->client_key) ? cfg->client_key : cfg->client_certificate;
}

static tdm_err check_key(X509 *cert, const char *path, struct tdm_fault *why)
{
    bool is_encrypted = false;
    EVP_PKEY *key = read_key(path, &is_encrypted);
    bool fits = key != NULL && X509_check_private_key(cert, key) == 1;

    EVP_PKEY_free(key);
    if (fits)
        return TDM_OK;
    if (is_encrypted)
        return tdm_fault_set(why, TDM_E_UNSUPPORTED, "client_key_encrypted",
                             "the client's key is locked with a passphrase", 0);
    if (key == NULL)
        return tdm_fault_set(why, TDM_E_ACCESS, "client_key_file", "the client's key cannot be read", 0);
    return tdm_fault_set(why, TDM_E_MISMATCH, "client_key_misfit",
                         "the client's key does not belong to its certificate", 0);
}

tdm_err http_curl_trust_check_client(const struct http_curl_config *cfg, const char **file, struct tdm_fault *why)
{
    if (!is_given(cfg->client_certificate) && !is_given(cfg->client_key))
        return TDM_OK;
    *file = cfg->client_certificate != NULL ? cfg->client_certificate : "";
    X509 *cert = is_given(cfg->client_certificate) ? read_certificate(cfg->client_certificate) : NULL;
    tdm_err err = cert != NULL ? TDM_OK
                               : tdm_fault_set(why, TDM_E_ACCESS, "client_certificate_file",
                                               "the client's certificate cannot be read", 0);
    if (err == TDM_OK) {
        *file = http_curl_trust_key_file(cfg);
        err = check_key(cert, *file, why);
    }
    X509_free(cert);
    ERR_clear_error();
    return err;
}
