/* SPDX-License-Identifier: Apache-2.0 */
#include "http_curl_tls.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "http_curl_trust.h"

#define SECURITY_LEVEL 2
#define CIPHERS        "HIGH:!aNULL:!eNULL:!PSK:!SRP:!DSS:@SECLEVEL=2"
#define SUITES         "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"

/* ---- what the connection shows ---- */

/* "subject, valid until ..., and it is ..." for people; the text comes from a stranger, so it is escaped. */
static void describe(struct http_curl_tls *t, X509_STORE_CTX *x)
{
    X509 *cert = X509_STORE_CTX_get_current_cert(x);
    char now[32] = "";
    time_t seconds = time(NULL);
    struct tm at;

    if (cert == NULL)
        return;
    BIO *mem = BIO_new(BIO_s_mem());
    if (mem == NULL)
        return;
    (void)X509_NAME_print_ex(mem, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253);
    if (t->verdict == X509_V_ERR_CERT_HAS_EXPIRED || t->verdict == X509_V_ERR_CERT_NOT_YET_VALID) {
        bool has_expired = t->verdict == X509_V_ERR_CERT_HAS_EXPIRED;
        (void)BIO_puts(mem, has_expired ? ", valid until " : ", valid from ");
        (void)ASN1_TIME_print(mem, has_expired ? X509_get0_notAfter(cert) : X509_get0_notBefore(cert));
        if (gmtime_r(&seconds, &at) != NULL && strftime(now, sizeof now, "%b %e %H:%M:%S %Y", &at) > 0)
            (void)BIO_printf(mem, "; the clock here says %s GMT", now);
    }
    int n = BIO_read(mem, t->about, (int)sizeof t->about - 1);
    t->about[n > 0 ? n : 0] = '\0';
    BIO_free(mem);
}

static bool has_alternative_name(const X509 *cert)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool has = false;

    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !has; i++) {
        int type = sk_GENERAL_NAME_value(names, i)->type;
        has = type == GEN_DNS || type == GEN_IPADD;
    }
    GENERAL_NAMES_free(names);
    return has;
}

/*
 * In place of the library's own verifier, which is asked first. The name is compared later, by the HTTP library, which takes
 * the common name where there is no alternative one.
 */
static int on_certificate(X509_STORE_CTX *x, void *user)
{
    struct http_curl_tls *t = user;
    X509 *leaf = X509_STORE_CTX_get0_cert(x);
    int is_good = X509_verify_cert(x) == 1;

    if (is_good && !has_alternative_name(leaf) && !http_curl_trust_has(t->trust, leaf)) {
        t->is_common_name_only = true;
        is_good = 0;
        X509_STORE_CTX_set_error(x, X509_V_ERR_HOSTNAME_MISMATCH);
    }
    t->was_judged = true;
    t->verdict = X509_STORE_CTX_get_error(x);
    if (!http_curl_trust_pin(leaf, t->pin))
        t->pin[0] = '\0';
    if (!is_good)
        describe(t, x);
    return is_good;
}

static void on_message(int is_sent, int version, int type, const void *data, size_t len, SSL *ssl, void *user)
{
    struct http_curl_tls *t = user;
    const uint8_t *bytes = data;

    (void)version, (void)ssl;
    if (type == SSL3_RT_ALERT && len == 2 && bytes[1] != SSL_AD_CLOSE_NOTIFY && bytes[1] != SSL_AD_NO_RENEGOTIATION)
        *(is_sent ? &t->alert_out : &t->alert_in) = bytes[1];
    if (type == SSL3_RT_HANDSHAKE && is_sent)
        t->has_begun = true;
    if (type != SSL3_RT_HANDSHAKE || len == 0 || is_sent)
        return;
    if (bytes[0] == SSL3_MT_CERTIFICATE_REQUEST)
        t->asked_certificate = true;
    if (bytes[0] == SSL3_MT_HELLO_REQUEST)
        t->asked_renegotiation = true;
}

/* ---- what is demanded ---- */

bool http_curl_tls_is_ours(void)
{
    const char *name = curl_version_info(CURLVERSION_NOW)->ssl_version;
    return name != NULL && strncmp(name, "OpenSSL/", 8) == 0;
}

/*
 * All that the system's openssl.cnf may have set otherwise. A missing TLS goodbye is let pass: an image's own table says
 * where it ends, so an end that comes too early is found whoever caused it.
 */
static CURLcode on_context(CURL *c, void *context, void *user)
{
    SSL_CTX *ctx = context;
    struct http_curl_tls *t = user;

    (void)c;
    (void)SSL_CTX_clear_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_security_level(ctx, SECURITY_LEVEL);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 || SSL_CTX_set_max_proto_version(ctx, 0) != 1 ||
        SSL_CTX_set_cipher_list(ctx, CIPHERS) != 1 || SSL_CTX_set_ciphersuites(ctx, SUITES) != 1 ||
        SSL_CTX_set1_verify_cert_store(ctx, t->trust) != 1)
        return CURLE_ABORTED_BY_CALLBACK;
    SSL_CTX_set_cert_verify_callback(ctx, on_certificate, t);
    SSL_CTX_set_msg_callback(ctx, on_message);
    SSL_CTX_set_msg_callback_arg(ctx, t);
    return CURLE_OK;
}

CURLcode http_curl_tls_set(CURL *c, struct http_curl_tls *t)
{
    CURLcode rc = curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);

    if (rc == CURLE_OK)
        rc = curl_easy_setopt(c, CURLOPT_CAINFO, NULL); /* the library's own ideas of whom to trust */
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, t);
    return rc != CURLE_OK ? rc : curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_context);
}

/* ---- blame ---- */

static bool blame_certificate(const struct http_curl_tls *t, struct tdm_fault *why)
{
    static const struct row {
        int verdict;
        tdm_err err;
        const char *code, *what;
    } rows[] = {
        {X509_V_OK, TDM_E_TRUST, "wrong_name", "the server's certificate is for another name"},
        {X509_V_ERR_CERT_NOT_YET_VALID, TDM_E_TRUST, "certificate_not_yet_valid",
         "the server's certificate is not yet valid"},
        {X509_V_ERR_CERT_HAS_EXPIRED, TDM_E_TRUST, "certificate_expired", "the server's certificate has expired"},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, TDM_E_TRUST, "issuer_missing",
         "the issuer of the server's certificate is neither trusted here nor sent along"},
        {X509_V_ERR_EE_KEY_TOO_SMALL, TDM_E_TRUST, "weak_certificate",
         "the key of the server's certificate is too short"},
        {X509_V_ERR_CA_KEY_TOO_SMALL, TDM_E_TRUST, "weak_certificate",
         "the key of an issuer of the server's certificate is too short"},
        {X509_V_ERR_CA_MD_TOO_WEAK, TDM_E_TRUST, "weak_certificate",
         "the server's certificate is signed with a digest that is too weak"},
        {X509_V_ERR_INVALID_PURPOSE, TDM_E_TRUST, "wrong_purpose", "the server's certificate is not one for servers"},
        {X509_V_ERR_INVALID_CA, TDM_E_TRUST, "wrong_issuer",
         "the server's certificate was issued by one that may not issue any"},
        {X509_V_ERR_PATH_LENGTH_EXCEEDED, TDM_E_TRUST, "wrong_issuer",
         "the server's certificate was issued by one that may not issue it"},
        {X509_V_ERR_PERMITTED_VIOLATION, TDM_E_TRUST, "wrong_issuer",
         "the server's certificate was issued by one that may not issue it"},
        {X509_V_ERR_EXCLUDED_VIOLATION, TDM_E_TRUST, "wrong_issuer",
         "the server's certificate was issued by one that may not issue it"},
    };

    if (t->is_common_name_only)
        return tdm_fault_set(why, TDM_E_TRUST, "no_alternative_name",
                             "the server's certificate names it in no subject alternative name", 0) != TDM_OK;
    for (size_t i = 0; t->was_judged && i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].verdict == t->verdict)
            return tdm_fault_set(why, rows[i].err, rows[i].code, rows[i].what, 0) != TDM_OK;
    }
    return tdm_fault_set(why, TDM_E_TRUST, "untrusted_certificate", "the server's certificate is not trusted here",
                         0) != TDM_OK;
}

/* Alerts by which a server says that our certificate, or the lack of it, is the reason. */
static bool is_about_our_certificate(int alert)
{
    return alert == SSL_AD_HANDSHAKE_FAILURE || alert == SSL_AD_CERTIFICATE_REQUIRED || alert == SSL_AD_UNKNOWN_CA ||
           alert == SSL_AD_ACCESS_DENIED || alert == SSL_AD_DECRYPT_ERROR ||
           (alert >= SSL_AD_BAD_CERTIFICATE && alert <= SSL_AD_CERTIFICATE_UNKNOWN);
}

/* Some servers hang up without an alert, or say it with a status: 400, or two numbers of nginx's. */
static bool is_refused_client(const struct http_curl_tls *t, int status)
{
    if (!t->asked_certificate)
        return false;
    if (status != 0)
        return status == 400 || status == 495 || status == 496;
    return t->alert_out == 0 && (t->alert_in == 0 || is_about_our_certificate(t->alert_in));
}

static bool blame_client(const struct http_curl_tls *t, struct tdm_fault *why)
{
    if (t->has_certificate)
        return tdm_fault_set(why, TDM_E_TRUST, "client_certificate_refused",
                             "the server does not accept this router's client certificate", 0) != TDM_OK;
    return tdm_fault_set(why, TDM_E_TRUST, "client_certificate_needed",
                         "the server wants a client certificate, and this router has none configured", 0) != TDM_OK;
}

static bool is_broken(CURLcode rc)
{
    return rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CONNECT_ERROR || rc == CURLE_RECV_ERROR ||
           rc == CURLE_SEND_ERROR || rc == CURLE_GOT_NOTHING;
}

bool http_curl_tls_blame(const struct http_curl_tls *t, CURLcode rc, int status, struct tdm_fault *why)
{
    bool is_by_alert = t->alert_in != 0 && t->alert_out == 0; /* the library counts some of them as its own refusal */
    if (rc == CURLE_PEER_FAILED_VERIFICATION && !is_by_alert)
        return blame_certificate(t, why);
    if (rc == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        return tdm_fault_set(why, TDM_E_TRUST, "pin_mismatch", "the server's key is not the pinned one", 0) != TDM_OK;
    if (is_broken(rc) && t->asked_renegotiation)
        return tdm_fault_set(why, TDM_E_REFUSED, "renegotiation",
                             "the server wants to agree on TLS anew in mid-connection", 0) != TDM_OK;
    if ((is_broken(rc) || status != 0) && is_refused_client(t, status))
        return blame_client(t, why);
    if (is_broken(rc) && (t->alert_in == SSL_AD_PROTOCOL_VERSION || t->alert_out == SSL_AD_PROTOCOL_VERSION))
        return tdm_fault_set(why, TDM_E_REFUSED, "tls_too_old", "the server speaks no TLS newer than 1.1", 0) != TDM_OK;
    return false;
}
