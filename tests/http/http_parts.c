/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_parts CA MILLISECONDS: one HTTP port, asked for one part after the other. CA: the certificate to believe. MILLISECONDS:
 * of patience, for an answer and for a pause in it.
 *
 * A line of the input has, with tabs between: URL, from, count, validator, length, enough (bytes after which the sink
 * refuses; 0: never). The line that answers it: cause, code, status, length ("-": not known), start, has_ranges, is_changed,
 * validator, bytes that came, their SHA-256, the library's words.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "linux/tandem_linux.h"

struct catcher {
    struct tdm_sink sink;
    EVP_MD_CTX *digest;
    uint64_t len, enough;
};

static tdm_err take(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct catcher *c = (struct catcher *)(void *)sink;

    c->len += len;
    if (EVP_DigestUpdate(c->digest, data, len) != 1)
        return TDM_E_BUG;
    return c->enough > 0 && c->len >= c->enough ? TDM_E_CANCELLED : TDM_OK;
}

static void print(tdm_err err, const struct tdm_http_reply *r, struct catcher *c)
{
    unsigned char digest[32] = {0};
    char length[24] = "-";

    if (r->has_length)
        (void)snprintf(length, sizeof length, "%" PRIu64, r->length);
    (void)printf("%s\t%s\t%d\t%s\t%" PRIu64 "\t%d\t%d\t%s\t%" PRIu64 "\t", tdm_err_name(err), r->fault.code, r->status,
                 length, r->start, r->has_ranges, r->is_changed, r->validator, c->len);
    if (EVP_DigestFinal_ex(c->digest, digest, NULL) != 1)
        abort();
    for (size_t i = 0; i < sizeof digest; i++)
        (void)printf("%02x", digest[i]);
    (void)printf("\t%s\n", r->detail);
    (void)fflush(stdout);
}

static void get(struct tdm_http *port, char *fields[6])
{
    const struct tdm_http_ask ask = {strtoull(fields[1], NULL, 10), strtoull(fields[2], NULL, 10), fields[3],
                                     strtoull(fields[4], NULL, 10)};
    struct catcher c = {.sink = {take}, .digest = EVP_MD_CTX_new(), .enough = strtoull(fields[5], NULL, 10)};
    struct tdm_http_reply reply;

    if (c.digest == NULL || EVP_DigestInit_ex(c.digest, EVP_sha256(), NULL) != 1)
        abort();
    tdm_err err = tdm_http_get(port, fields[0], &ask, &c.sink, &reply);
    print(err, &reply, &c);
    EVP_MD_CTX_free(c.digest);
}

static bool split(char *line, char *fields[6])
{
    line[strcspn(line, "\n")] = '\0';
    for (int i = 0; i < 6; i++) {
        fields[i] = line;
        line += strcspn(line, "\t");
        if (i < 5 && *line == '\0')
            return false;
        *line++ = '\0';
    }
    return true;
}

int main(int argc, char **argv)
{
    static char line[20000];
    char *fields[6];
    struct http_curl http;

    if (argc != 3)
        return 2;
    const char *const files[] = {argv[1]};
    uint32_t patience = (uint32_t)strtoul(argv[2], NULL, 10);
    const struct http_curl_config cfg = {
        .ca_files = files, .ca_file_count = 1, .connect_ms = 10000, .first_byte_ms = patience, .stall_ms = patience};
    http_curl_init(&http, &cfg);
    while (fgets(line, sizeof line, stdin) != NULL && split(line, fields))
        get(&http.port, fields);
    http_curl_close(&http);
    return 0;
}
