/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_http: what a server may answer, through the HTTP library itself, from a server on loopback that sends the input and
 * closes. What arrives is never more than was sent. It is the whole file or the part that was asked for, within the length
 * that was told; the words kept from the answer are one printable line. Redirects stay out: they would lead off this
 * machine.
 *
 *   what is asked, or from 128 on after how many bytes the receiver has enough (1) | the answer
 */
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "linux/tandem_linux.h"

enum { WHOLE, PART };
const char *const fuzz_accepts[] = {[WHOLE] = "a whole file", [PART] = "a part of one", NULL};

static struct server {
    int fd;
    char url[64];
    const uint8_t *answer;
    size_t len;
    sem_t is_done;
} server;

struct body {
    struct tdm_sink sink;
    const struct tdm_http_ask *ask;
    const struct tdm_http_reply *reply;
    uint64_t got, stops_at;
};

static tdm_err take(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct body *b = (struct body *)(void *)sink; /* its first member */

    fuzz_must(len > 0 && data != NULL);
    fuzz_must(b->reply->start == 0 || b->reply->start == b->ask->from);
    b->got += len;
    return b->stops_at > 0 && b->got >= b->stops_at ? TDM_E_NO_ROOM : TDM_OK;
}

static void hear_request(int fd)
{
    char text[2048];
    size_t len = 0;

    for (ssize_t n = 1; n > 0 && len < sizeof text - 1;) {
        n = recv(fd, text + len, sizeof text - 1 - len, 0);
        len += n > 0 ? (size_t)n : 0;
        text[len] = '\0';
        if (strstr(text, "\r\n\r\n") != NULL)
            return;
    }
}

static void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = accept(server.fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        hear_request(fd);
        for (size_t at = 0; at < server.len;) {
            ssize_t n = send(fd, server.answer + at, server.len - at, MSG_NOSIGNAL);
            if (n <= 0)
                break; /* it has heard enough */
            at += (size_t)n;
        }
        (void)shutdown(fd, SHUT_WR);
        (void)close(fd);
        (void)sem_post(&server.is_done);
    }
}

static void start_server(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    pthread_t thread;

    server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fuzz_must(server.fd >= 0 && bind(server.fd, (struct sockaddr *)&at, sizeof at) == 0);
    fuzz_must(listen(server.fd, 8) == 0 && getsockname(server.fd, (struct sockaddr *)&at, &len) == 0);
    (void)snprintf(server.url, sizeof server.url, "http://127.0.0.1:%u/x", (unsigned)ntohs(at.sin_port));
    fuzz_must(sem_init(&server.is_done, 0, 0) == 0 && pthread_create(&thread, NULL, serve, NULL) == 0);
    fuzz_must(setenv("no_proxy", "*", 1) == 0);
}

static bool leads_elsewhere(const uint8_t *data, size_t size)
{
    static const char word[] = "location";

    for (size_t i = 0; i + sizeof word - 1 <= size; i++)
        if (strncasecmp((const char *)data + i, word, sizeof word - 1) == 0)
            return true;
    return false;
}

static void check_good(const struct tdm_http_reply *reply, const struct body *body)
{
    const struct tdm_http_ask *ask = body->ask;
    bool is_part = reply->status == 206;

    fuzz_must(reply->status == 200 || (tdm_http_is_part(ask) && (is_part || (reply->status == 416 && body->got == 0))));
    fuzz_must(reply->start == (is_part ? ask->from : 0));
    fuzz_must(!is_part || ask->count == 0 || body->got <= ask->count);
    fuzz_must(!reply->has_length || reply->start + body->got <= reply->length);
    fuzz_must(is_part || !reply->has_length || reply->length == body->got);
    fuzz_must(!is_part || !reply->is_changed);
    if (body->got > 0)
        fuzz_accept(is_part ? PART : WHOLE);
}

static void check_reply(tdm_err err, const struct tdm_http_reply *reply, const struct body *body, size_t sent)
{
    fuzz_must(body->got <= sent && memchr(reply->detail, '\0', sizeof reply->detail) != NULL);
    for (const char *c = reply->detail; *c != '\0'; c++)
        fuzz_must(*c >= ' ' && *c <= '~');
    fuzz_must(err != TDM_OK || reply->fault.err == TDM_OK);
    fuzz_must(err == TDM_OK || reply->fault.err == err || err == TDM_E_NO_ROOM);
    if (err != TDM_OK)
        return;
    check_good(reply, body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct http_curl_config cfg = {
        .allow_http = true, .connect_ms = 5000, .first_byte_ms = 5000, .stall_ms = 5000};
    static const struct tdm_http_ask asks[] = {
        {.from = 0}, {.from = 3}, {.from = 3, .count = 4, .validator = "\"v1\"", .length = 9}, {.count = 4}};
    struct tdm_http_reply reply;
    struct body body = {.sink = {take}, .reply = &reply};
    struct http_curl http;

    if (size < 1 || leads_elsewhere(data, size))
        return 0;
    if (server.url[0] == '\0')
        start_server();
    server.answer = data + 1;
    server.len = size - 1;
    body.ask = &asks[data[0] < 128 ? data[0] % 4u : 0];
    body.stops_at = data[0] < 128 ? 0 : data[0] - 127u;
    memset(&reply, 0, sizeof reply);
    http_curl_init(&http, &cfg);
    tdm_err err = tdm_http_get(&http.port, server.url, body.ask, &body.sink, &reply);
    while (sem_wait(&server.is_done) != 0) {
    }
    http_curl_close(&http);
    check_reply(err, &reply, &body, size - 1);
    return 0;
}
