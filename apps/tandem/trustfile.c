/* SPDX-License-Identifier: Apache-2.0 */
#include "trustfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "app.h"
#include "filework.h"
#include "linux/http_curl_trust.h"
#include "linux/open_to_all.h"

#define FILE_LIMIT ((size_t)4 * 1024 * 1024)
#define TEXT_MAX   512

/* ---- reading ---- */

static tdm_err refuse(struct trustlist *t, const char *code, const char *what)
{
    return tdm_fault_set(&t->fault, TDM_E_FORMAT, code, what, 0);
}

/* Whole as far as it can be told here: dates that are dates, and the signature where the signer is the certificate. */
static bool is_sound(X509 *cert)
{
    struct tm unused;

    if (ASN1_TIME_to_tm(X509_get0_notBefore(cert), &unused) != 1 ||
        ASN1_TIME_to_tm(X509_get0_notAfter(cert), &unused) != 1)
        return false;
    bool is_own_signer = (X509_get_extension_flags(cert) & EXFLAG_SS) != 0;
    return !is_own_signer || X509_verify(cert, X509_get0_pubkey(cert)) == 1;
}

/* One PEM block. The name says what it pretends to be, the parser whether it is. */
static tdm_err take_block(struct trustlist *t, const char *name, const unsigned char *data, long len)
{
    const unsigned char *at = data;

    if (strstr(name, "PRIVATE KEY") != NULL)
        return refuse(t, "private_key", "contains a private key, which must not leave its server");
    if (strcmp(name, PEM_STRING_X509) != 0)
        return refuse(t, "not_a_certificate", "contains something that is no certificate");
    X509 *cert = d2i_X509(NULL, &at, len);
    if (cert == NULL || at != data + len || !is_sound(cert)) {
        X509_free(cert);
        return refuse(t, "not_a_certificate", "contains a damaged certificate");
    }
    tdm_err err = trustlist_append(t, cert);
    if (err != TDM_OK)
        X509_free(cert);
    return err;
}

static tdm_err take_blocks(struct trustlist *t, BIO *in)
{
    tdm_err err = TDM_OK;

    while (err == TDM_OK) {
        char *name = NULL, *header = NULL;
        unsigned char *data = NULL;
        long len = 0;
        int got = PEM_read_bio(in, &name, &header, &data, &len);
        bool is_end = got != 1 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
        if (got == 1)
            err = take_block(t, name, data, len);
        else if (!is_end)
            err = refuse(t, "not_a_certificate", "contains a damaged PEM block");
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
        if (is_end)
            break;
    }
    ERR_clear_error();
    return err;
}

tdm_err trustlist_read(struct trustlist *t, const char *path)
{
    uint8_t *data;
    size_t len;

    t->count = 0;
    tdm_fault_clear(&t->fault);
    tdm_err err = filework_read(path, FILE_LIMIT, &data, &len, &t->fault);
    if (err != TDM_OK)
        return err;
    BIO *in = BIO_new_mem_buf(data, (int)len);
    if (in == NULL)
        err = tdm_fault_set(&t->fault, TDM_E_IO, "no_memory", "does not fit into memory", 0);
    else
        err = take_blocks(t, in);
    BIO_free(in);
    free(data);
    if (err == TDM_OK && t->count == 0)
        err = refuse(t, "no_certificate", "contains no certificate in PEM form");
    return err;
}

tdm_err trust_refuse_open(const char *path, struct tdm_fault *fault)
{
    static const char what[] = "may be changed, or replaced, by everybody";

    return open_to_all(path) ? tdm_fault_set(fault, TDM_E_ACCESS, "trust_open", what, 0) : TDM_OK;
}

tdm_err trustlist_read_own(struct trustlist *t, const char *path)
{
    t->count = 0;
    tdm_fault_clear(&t->fault);
    if (trust_refuse_open(path, &t->fault) != TDM_OK)
        return t->fault.err;
    tdm_err err = trustlist_read(t, path);
    bool is_missing = err == TDM_E_NOT_FOUND && strcmp(t->fault.code, "not_found") == 0;

    if (!is_missing && (err == TDM_OK || strcmp(t->fault.code, "no_certificate") != 0))
        return err;
    tdm_fault_clear(&t->fault);
    return TDM_OK;
}

void trustlist_free(struct trustlist *t)
{
    while (t->count > 0)
        X509_free(t->certs[--t->count]);
}

/* ---- changing ---- */

tdm_err trustlist_append(struct trustlist *t, X509 *cert)
{
    if (t->count == TRUST_MAX)
        return tdm_fault_set(&t->fault, TDM_E_NO_ROOM, "too_many_certificates", "more than 256 certificates", 0);
    t->certs[t->count++] = cert;
    return TDM_OK;
}

void trustlist_remove(struct trustlist *t, size_t at)
{
    X509_free(t->certs[at]);
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are what is moved */
    memmove(&t->certs[at], &t->certs[at + 1], (t->count - at - 1) * sizeof t->certs[0]);
    t->count--;
}

int trustlist_find(const struct trustlist *t, const X509 *cert)
{
    for (size_t i = 0; i < t->count; i++) {
        if (X509_cmp(t->certs[i], cert) == 0)
            return (int)i;
    }
    return -1;
}

static tdm_err write_cert(X509 *cert, struct tdm_sink *into)
{
    BIO *mem = BIO_new(BIO_s_mem());
    tdm_err err = TDM_E_IO;
    char *text;

    if (mem != NULL && PEM_write_bio_X509(mem, cert) == 1) {
        long len = BIO_get_mem_data(mem, &text);
        err = tdm_sink_push(into, (const uint8_t *)text, (size_t)len);
    }
    BIO_free(mem);
    return err;
}

tdm_err trustlist_write(const struct trustlist *t, const char *path, struct tdm_fault *fault)
{
    static struct outfile out;

    (void)umask(022); /* the file is public, whatever the caller's mask */
    tdm_err err = outfile_begin(&out, path);
    for (size_t i = 0; i < t->count && err == TDM_OK; i++)
        err = write_cert(t->certs[i], &out.sink);
    if (err == TDM_OK)
        err = outfile_commit(&out);
    outfile_drop(&out);
    if (err == TDM_OK)
        return TDM_OK;
    (void)tdm_fault_from(fault, &out.fault);
    return tdm_fault_set(fault, err, "io", "cannot be written", 0);
}

/* ---- describing ---- */

tdm_err trust_fingerprint(const X509 *cert, unsigned char out[TDM_SHA256_LEN])
{
    unsigned len = 0;
    return X509_digest(cert, EVP_sha256(), out, &len) == 1 && len == TDM_SHA256_LEN ? TDM_OK : TDM_E_IO;
}

static void bio_text(BIO *mem, char *out, size_t cap)
{
    int n = BIO_read(mem, out, (int)cap - 1);
    out[n > 0 ? n : 0] = '\0';
}

static void add_subject(cJSON *to, const X509 *cert)
{
    char text[TEXT_MAX] = "";
    BIO *mem = BIO_new(BIO_s_mem());

    /* One line, everything outside printable ASCII escaped: the text comes from a stranger. */
    if (mem != NULL && X509_NAME_print_ex(mem, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) >= 0)
        bio_text(mem, text, sizeof text);
    BIO_free(mem);
    cJSON_AddStringToObject(to, "subject", text);
}

static void print_name(BIO *to, const GENERAL_NAME *name, bool is_first)
{
    const unsigned char *b;
    int n;

    if (name->type != GEN_DNS && name->type != GEN_IPADD)
        return;
    if (!is_first)
        (void)BIO_puts(to, " ");
    if (name->type == GEN_DNS) {
        (void)ASN1_STRING_print_ex(to, name->d.dNSName, ASN1_STRFLGS_RFC2253);
        return;
    }
    b = ASN1_STRING_get0_data(name->d.iPAddress);
    n = ASN1_STRING_length(name->d.iPAddress);
    if (n == 4)
        (void)BIO_printf(to, "%d.%d.%d.%d", b[0], b[1], b[2], b[3]);
    for (int i = 0; n == 16 && i < n; i += 2)
        (void)BIO_printf(to, "%s%x", i > 0 ? ":" : "", b[i] << 8 | b[i + 1]);
}

/* The names that a server with this certificate may go by. */
static void add_names(cJSON *to, const X509 *cert)
{
    char text[TEXT_MAX] = "";
    BIO *mem = BIO_new(BIO_s_mem());
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; mem != NULL && i < sk_GENERAL_NAME_num(names); i++)
        print_name(mem, sk_GENERAL_NAME_value(names, i), i == 0);
    if (mem != NULL)
        bio_text(mem, text, sizeof text);
    GENERAL_NAMES_free(names);
    BIO_free(mem);
    cJSON_AddStringToObject(to, "names", text);
}

bool trust_has_expired(const X509 *cert)
{
    return X509_cmp_current_time(X509_get0_notAfter(cert)) < 0;
}

static const char *validity(const X509 *cert)
{
    if (trust_has_expired(cert))
        return "expired";
    return X509_cmp_current_time(X509_get0_notBefore(cert)) > 0 ? "not yet" : "valid";
}

cJSON *trust_describe(const X509 *cert)
{
    unsigned char digest[TDM_SHA256_LEN];
    char when[32] = "", pin[HTTP_PIN_MAX];
    struct tm end;
    cJSON *to = cJSON_CreateObject();

    add_subject(to, cert);
    add_names(to, cert);
    if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) == 1)
        (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &end);
    cJSON_AddStringToObject(to, "expires", when);
    cJSON_AddStringToObject(to, "validity", validity(cert));
    if (trust_fingerprint(cert, digest) == TDM_OK)
        app_add_hex(to, "fingerprint", digest, sizeof digest);
    if (http_curl_trust_pin(cert, pin))
        cJSON_AddStringToObject(to, "pin", pin);
    return to;
}
