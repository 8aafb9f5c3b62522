/* SPDX-License-Identifier: Apache-2.0 */
/* Which part of a URL is secret, which two URLs are one server, and how a pin is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "linux/http_curl_trust.h"
#include "linux/http_curl_url.h"

static void test_urls(void **state)
{
    static const struct {
        const char *url, *text, *origin, *user, *password;
    } rows[] = {
        {"https://a.example/i", "https://a.example/i", "https://a.example:443", "", ""},
        {"https://A.Example:443/i", "https://A.Example:443/i", "https://a.example:443", "", ""},
        {"https://a.example:444/i?a=b%20c", "https://a.example:444/i?a=b%20c", "https://a.example:444", "", ""},
        {"https://me:se%40cret@a.example/i", "https://a.example/i", "https://a.example:443", "me", "se@cret"},
        {"https://me@a.example/i", "https://a.example/i", "https://a.example:443", "me", ""},
        {"https://:pw@a.example/i", "https://a.example/i", "https://a.example:443", "", "pw"},
        {"https://a.example@b.example/i", "https://b.example/i", "https://b.example:443", "a.example", ""},
        {"https://a.example/@b.example", "https://a.example/@b.example", "https://a.example:443", "", ""},
        {"https://[::1]:8070/i", "https://[::1]:8070/i", "https://[::1]:8070", "", ""},
        {"http://a.example/i", "http://a.example/i", "http://a.example:80", "", ""},
        {"https://%30/i", "https://0.0.0.0/i", "https://0.0.0.0:443", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_curl_url u = {.text = ""};
        struct tdm_fault why;
        if (http_curl_url_read(&u, rows[i].url, &why) != TDM_OK || strcmp(u.text, rows[i].text) != 0 ||
            strcmp(u.origin, rows[i].origin) != 0 || strcmp(u.user, rows[i].user) != 0 ||
            strcmp(u.password, rows[i].password) != 0 || u.is_https != (rows[i].url[4] == 's'))
            fail_msg("%s: %s of %s, %s:%s", rows[i].url, u.text, u.origin, u.user, u.password);
    }
}

static void test_no_urls(void **state)
{
    static const char *const rows[] = {"",
                                       "a.example",
                                       "https://",
                                       "https://[::1",
                                       "https://a.example:99999/",
                                       "https://a b.example/",
                                       "https://u@[fe80::%00@b]/"};
    static char long_one[HTTP_URL_MAX + 64] = "https://a.example/", long_secret[HTTP_SECRET_MAX + 64] = "https://";

    (void)state;
    memset(long_one + 18, 'x', HTTP_URL_MAX);
    memset(long_secret + 8, 'x', HTTP_SECRET_MAX);
    memcpy(long_secret + 8 + HTTP_SECRET_MAX, "@a.example/", 12);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] + 2; i++) {
        const char *url = i < sizeof rows / sizeof rows[0] ? rows[i] : i % 2 == 0 ? long_one : long_secret;
        struct http_curl_url u = {.text = ""};
        struct tdm_fault why;
        tdm_fault_clear(&why);
        if (http_curl_url_read(&u, url, &why) != TDM_E_FORMAT || strcmp(why.code, "bad_url") != 0)
            fail_msg("%.40s was taken", url);
    }
}

#define PIN "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void test_pins(void **state)
{
    static const struct {
        const char *pins;
        tdm_err err;
    } rows[] = {
        {NULL, TDM_OK},
        {"", TDM_OK},
        {PIN, TDM_OK},
        {PIN ";" PIN, TDM_OK},
        {PIN ";" PIN ";" PIN, TDM_OK},
        {PIN ";/etc/key.pem", TDM_E_FORMAT},
        {"/etc/key.pem", TDM_E_FORMAT},
        {"sha256//", TDM_E_FORMAT},
        {"SHA256" PIN, TDM_E_FORMAT},
        {PIN " ", TDM_E_FORMAT},
        {PIN "; " PIN, TDM_E_FORMAT},
        {PIN "A", TDM_E_FORMAT},
        {"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", TDM_E_FORMAT},
        {"sha256//AAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAAA=", TDM_E_FORMAT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tdm_fault why;
        tdm_fault_clear(&why);
        if (http_curl_trust_check_pins(rows[i].pins, &why) != rows[i].err)
            fail_msg("%s", rows[i].pins);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_no_urls),
        cmocka_unit_test(test_pins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
