/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trustfile: the router's file of trusted certificates, PEM, one after the other.
 *
 * Used by   the trust commands, ota download (is there anything to trust?).   Uses  OpenSSL's X.509, filework.
 * Memory    certificates belong to the list; trustlist_free() gives them back, also after a failed read.
 * Faults    private_key, not_a_certificate, no_certificate, too_many_certificates, trust_open; those of filework.
 */
#ifndef TANDEM_TRUSTFILE_H
#define TANDEM_TRUSTFILE_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>
#include <openssl/x509.h>

#include <tandem/crypto.h>
#include <tandem/err.h>

#define TRUST_MAX 256

struct trustlist {
    struct tdm_fault fault;
    size_t count;
    X509 *certs[TRUST_MAX];
};

/* Every certificate of a PEM file. Anything else in it but plain text is refused; so is a file without any. */
TDM_MUST_USE tdm_err trustlist_read(struct trustlist *t, const char *path);
/* TDM_E_ACCESS, trust_open: everybody may write to this file or folder, so everybody could say whom the router believes. */
TDM_MUST_USE tdm_err trust_refuse_open(const char *path, struct tdm_fault *fault);
/* A file that the router believes: never one that everybody may write to; one that does not exist, or is empty, is an
   empty list. */
TDM_MUST_USE tdm_err trustlist_read_own(struct trustlist *t, const char *path);
/* Whole or not at all, mode 0644. */
TDM_MUST_USE tdm_err trustlist_write(const struct trustlist *t, const char *path, struct tdm_fault *fault);
void trustlist_free(struct trustlist *t);

/* SHA-256 over the certificate; what people compare. */
TDM_MUST_USE tdm_err trust_fingerprint(const X509 *cert, unsigned char out[TDM_SHA256_LEN]);
/* Place of the same certificate in the list, or -1. */
int trustlist_find(const struct trustlist *t, const X509 *cert);
/* Takes the certificate over when it returns TDM_OK. */
TDM_MUST_USE tdm_err trustlist_append(struct trustlist *t, X509 *cert);
void trustlist_remove(struct trustlist *t, size_t at);

/* Subject, names, expiry, validity, fingerprint, pin, as one object. */
cJSON *trust_describe(const X509 *cert);
bool trust_has_expired(const X509 *cert);

#endif
