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
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

static const struct tdm_http_ask whole;

static void test_file(void **state)
{
    static const struct {
        const char *name;
        uint64_t from, count;
        const char *validator; /* "": the file's own */
        uint64_t length;
        size_t len;
        uint64_t start;
        bool is_changed;
        const char *code;
    } rows[] = {
        {"whole", 0, 0, NULL, 0, FILE_LEN, 0, false, ""},
        {"from byte 16385", 16385, 0, NULL, 0, FILE_LEN - 16385, 16385, false, ""},
        {"its last byte", FILE_LEN - 1, 0, NULL, 0, 1, FILE_LEN - 1, false, ""},
        {"its front", 0, 100, NULL, 0, 100, 0, false, ""},
        {"a block of it and one byte more", 3, 16385, NULL, 0, 16385, 3, false, ""},
        {"more than there is", 39000, 1001, NULL, 0, 1000, 39000, false, ""},
        {"gone on with", 7, 3, "", FILE_LEN, 3, 7, false, ""},
        {"another file, as its name says", 7, 3, "file-1-2-3-4.5", FILE_LEN, FILE_LEN, 0, true, ""},
        {"another file, as its length says", 7, 3, NULL, FILE_LEN + 1, FILE_LEN, 0, true, ""},
        {"from its end", FILE_LEN, 0, NULL, 0, 0, 0, false, "range_beyond_end"},
        {"far behind its end", INT64_MAX, 0, NULL, 0, 0, 0, false, "range_beyond_end"},
        {"not a number of bytes", UINT64_MAX, 0, NULL, 0, 0, 0, false, "bug"},
        {"two lines for a name", 7, 0, "a\nb", 0, 0, 0, false, "bug"},
    };
    struct http_file port;
    struct tdm_http_reply first;
    struct catcher all = {.sink = {push}};

    (void)state;
    http_file_init(&port);
    assert_int_equal(tdm_http_get(&port.port, file, &whole, &all.sink, &first), TDM_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool is_own = rows[i].validator != NULL && rows[i].validator[0] == '\0';
        const struct tdm_http_ask ask = {rows[i].from, rows[i].count, is_own ? first.validator : rows[i].validator,
                                         rows[i].length};
        struct catcher c = {.sink = {push}};
        struct tdm_http_reply reply;
        tdm_err err = tdm_http_get(&port.port, file, &ask, &c.sink, &reply);
        bool is_bug = err == TDM_E_BUG; /* nothing was opened then */
        if ((err == TDM_OK) != (rows[i].code[0] == '\0') || strcmp(reply.fault.code, rows[i].code) != 0 ||
            c.len != rows[i].len || reply.start != rows[i].start || (c.len > 0 && c.first != (reply.start & 0x7f)) ||
            reply.is_changed != rows[i].is_changed ||
            (!is_bug && (!reply.has_length || reply.length != FILE_LEN || !reply.has_ranges)))
            fail_msg("%s: %s, %zu bytes, first %u, length %u", rows[i].name, reply.fault.code, c.len, c.first,
                     (unsigned)reply.length);
    }
}

/* The name of its content: another one after each change that anybody can see, and the same one without. */
static void test_file_changes(void **state)
{
    static const long written_ns[] = {0, 0, 1};
    struct tdm_http_reply replies[3];
    struct http_file port;

    (void)state;
    http_file_init(&port);
    for (int i = 0; i < 3; i++) {
        const struct timespec time = {.tv_sec = 5, .tv_nsec = written_ns[i]}, times[2] = {time, time};
        struct catcher c = {.sink = {push}};
        assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
        assert_int_equal(tdm_http_get(&port.port, file, &whole, &c.sink, &replies[i]), TDM_OK);
    }
    assert_string_equal(replies[0].validator, replies[1].validator);
    assert_string_not_equal(replies[1].validator, replies[2].validator);
}

static void test_pipe_has_no_parts(void **state)
{
    const struct tdm_http_ask ask = {.from = 2, .count = 1};
    struct catcher c = {.sink = {push}};
    struct tdm_http_reply reply;
    struct http_file port;
    int ends[2];
    char name[32];

    (void)state;
    http_file_init(&port);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "abcd", 4), 4);
    assert_int_equal(close(ends[1]), 0);
    (void)snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    assert_int_equal(tdm_http_get(&port.port, name, &ask, &c.sink, &reply), TDM_OK);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(c.len, 4);
    assert_int_equal(reply.start, 0);
    assert_false(reply.has_ranges || reply.has_length);
    assert_string_equal(reply.validator, "");
}

static void test_sink_error_is_handed_on(void **state)
{
    struct catcher c = {.sink = {push}, .answer = TDM_E_NO_ROOM};
    struct tdm_http_reply reply;
    struct http_file port;

    (void)state;
    http_file_init(&port);
    assert_int_equal(tdm_http_get(&port.port, file, &whole, &c.sink, &reply), TDM_E_NO_ROOM);
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
    assert_int_equal(tdm_http_get(&port.port, "/nonexistent/image", &whole, &c.sink, &reply), TDM_E_NOT_FOUND);
    assert_string_equal(reply.fault.code, "no_such_file");
    assert_int_equal(tdm_http_get(&port.port, folder, &whole, &c.sink, &reply), TDM_E_FORMAT);
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
        tdm_err err = tdm_http_get(&port.port, url, &whole, &c.sink, &reply);
        if (err != rows[i].err || strcmp(reply.fault.code, rows[i].code) != 0)
            fail_msg("%s: %s %s (%s)", rows[i].name, tdm_err_name(err), reply.fault.code, reply.detail);
        http_curl_close(&port);
    }
    assert_int_equal(close(fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_file_changes),
        cmocka_unit_test(test_pipe_has_no_parts),
        cmocka_unit_test(test_sink_error_is_handed_on),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_urls),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
