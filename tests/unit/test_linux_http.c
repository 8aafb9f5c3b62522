/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP ports where no server is needed: local files, refused URLs, nobody there. TLS is in tests/e2e/test_https.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/tandem_linux.h"

#define FILE_LEN 40000u

struct catcher {
    struct tdm_sink sink;
    size_t len;
    uint8_t first, last;
    tdm_err answer;
};

static tdm_err push(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct catcher *c = (struct catcher *)sink;
    if (c->len == 0)
        c->first = data[0];
    c->last = data[len - 1];
    c->len += len;
    return c->answer;
}

static char folder[] = "/tmp/tandem-http-XXXXXX", file[64];

static int make_file(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/image", folder);
    FILE *f = fopen(file, "wb");
    assert_non_null(f);
    for (unsigned i = 0; i < FILE_LEN; i++)
        assert_int_equal(fputc((int)(i & 0x7f), f), (int)(i & 0x7f));
    assert_int_equal(fclose(f), 0);
    return 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(file) + rmdir(folder);
}

static void test_file(void **state)
{
    static const struct {
        const char *name;
        uint64_t from;
        size_t len;
        uint8_t first;
    } rows[] = {
        {"whole", 0, FILE_LEN, 0},
        {"from byte 16385", 16385, FILE_LEN - 16385, 1},
        {"from its end", FILE_LEN, 0, 0},
    };
    struct http_file port;

    (void)state;
    http_file_init(&port);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct catcher c = {.sink = {push}};
        struct tdm_http_reply reply;
        if (tdm_http_get(&port.port, file, rows[i].from, &c.sink, &reply) != TDM_OK || c.len != rows[i].len ||
            c.first != rows[i].first || !reply.has_length || reply.length != FILE_LEN)
            fail_msg("%s: %zu bytes, first %u, length %u", rows[i].name, c.len, c.first, (unsigned)reply.length);
    }
}

static void test_sink_error_is_handed_on(void **state)
{
    struct catcher c = {.sink = {push}, .answer = TDM_E_NO_ROOM};
    struct tdm_http_reply reply;
    struct http_file port;

    (void)state;
    http_file_init(&port);
    assert_int_equal(tdm_http_get(&port.port, file, 0, &c.sink, &reply), TDM_E_NO_ROOM);
    assert_int_equal(reply.fault.err, TDM_OK);
    assert_true(c.len < FILE_LEN);
}

static void test_no_file(void **state)
{
    struct catcher c = {.sink = {push}};
    struct tdm_http_reply reply;
    struct http_file port;

    (void)state;
    http_file_init(&port);
    assert_int_equal(tdm_http_get(&port.port, "/nonexistent/image", 0, &c.sink, &reply), TDM_E_NOT_FOUND);
    assert_string_equal(reply.fault.code, "no_such_file");
    assert_int_equal(tdm_http_get(&port.port, folder, 0, &c.sink, &reply), TDM_E_FORMAT);
    assert_string_equal(reply.fault.code, "not_a_file");
}

/* A port of loopback on which nobody listens, because we hold it without listening. */
static int hold_port(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void test_urls(void **state)
{
    static const struct {
        const char *name, *url;
        bool allow_http;
        tdm_err err;
        const char *code;
    } rows[] = {
        {"http", "http://127.0.0.1:%u/i", false, TDM_E_REFUSED, "plain_http"},
        {"http in capitals", "HTTP://127.0.0.1:%u/i", false, TDM_E_REFUSED, "plain_http"},
        {"http allowed", "http://127.0.0.1:%u/i", true, TDM_E_UNREACHABLE, "no_connection"},
        {"https", "https://127.0.0.1:%u/i", false, TDM_E_UNREACHABLE, "no_connection"},
        {"ftp", "ftp://127.0.0.1:%u/i", true, TDM_E_REFUSED, "bad_scheme"},
        {"file", "file:///etc/hostname?%u", true, TDM_E_REFUSED, "bad_scheme"},
        {"not a URL", "https://[127.0.0.1:%u", false, TDM_E_FORMAT, "bad_url"},
    };
    uint16_t number;
    int fd = hold_port(&number);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct http_curl_config cfg = {
            .allow_http = rows[i].allow_http, .connect_ms = 5000, .first_byte_ms = 5000, .stall_ms = 5000};
        struct catcher c = {.sink = {push}};
        struct tdm_http_reply reply;
        struct http_curl port;
        char url[128];

        http_curl_init(&port, &cfg);
        (void)snprintf(url, sizeof url, rows[i].url, number);
        tdm_err err = tdm_http_get(&port.port, url, 0, &c.sink, &reply);
        if (err != rows[i].err || strcmp(reply.fault.code, rows[i].code) != 0)
            fail_msg("%s: %s %s (%s)", rows[i].name, tdm_err_name(err), reply.fault.code, reply.detail);
    }
    assert_int_equal(close(fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_sink_error_is_handed_on),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_urls),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
