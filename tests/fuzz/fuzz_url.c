/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_url: any text as the address that a person or a server's redirect names. User and password are taken out of what
 * others will see, whatever the address looks like; the rest is an address again, of the same origin.
 */
#include "fuzz.h"
#include "linux/http_curl_url.h"

enum { PUBLIC, WITH_SECRETS };
const char *const fuzz_accepts[] = {[PUBLIC] = "an address", [WITH_SECRETS] = "one with a user", NULL};

static void must_end(const char *text, size_t room)
{
    fuzz_must(memchr(text, '\0', room) != NULL);
}

/* No @ in front of the path: nobody is named there. */
static void must_name_nobody(const struct http_curl_url *u)
{
    const char *at = strstr(u->text, "://");

    fuzz_must(at != NULL);
    fuzz_must(memchr(at + 3, '@', strcspn(at + 3, "/?#")) == NULL);
    fuzz_must(strchr(u->origin, '@') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_curl_url url, again;
    struct tdm_fault why;
    char *text = malloc(size + 1);

    fuzz_must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    tdm_fault_clear(&why);
    tdm_err err = http_curl_url_read(&url, text, &why);
    fuzz_told(err, &why);
    free(text);
    if (err != TDM_OK)
        return 0;
    must_end(url.user, sizeof url.user);
    must_end(url.password, sizeof url.password);
    must_name_nobody(&url);
    fuzz_must(url.is_https == (strncmp(url.origin, "https://", 8) == 0));
    fuzz_must(http_curl_url_read(&again, url.text, &why) == TDM_OK);
    fuzz_must(again.user[0] == '\0' && again.password[0] == '\0' && again.is_https == url.is_https);
    fuzz_must(strcmp(again.origin, url.origin) == 0 && strcmp(again.text, url.text) == 0);
    fuzz_accept(url.user[0] != '\0' ? WITH_SECRETS : PUBLIC);
    return 0;
}
