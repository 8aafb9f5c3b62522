/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_rfc2217: what a serial server may say. The same bytes give the same events however they are cut; answers to options
 * come to an end; data come back out of their own encoding. Then a client that has such a server: every call ends,
 * and no more is read than was said.
 * Input: a seed for the cutting, then what the server says: a length byte (0: 256) and so many bytes, again and again.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "linux/serial_backend.h"

#define ANSWERS_MAX (3u * 2u * (256u + 2u * RFC2217_OPTIONS))

const char *const fuzz_accepts[] = {"a session that a rate was set in", NULL};

struct heard {
    struct rfc2217_decoder decoder;
    struct rfc2217_options options;
    uint32_t sum; /* of all events, in order; of data byte by byte, since runs depend on the cuts */
    size_t data, answered;
};

static void add(struct heard *h, uint32_t value)
{
    h->sum = (h->sum ^ value) * 16777619u;
}

static void hear_event(struct heard *h, const struct rfc2217_event *e)
{
    uint8_t answer[3];

    if (e->kind == RFC2217_OPTION) {
        add(h, 0x10000u + e->verb * 256u + e->option);
        h->answered += rfc2217_answer(&h->options, e->verb, e->option, answer);
    }
    if (e->kind == RFC2217_COMMAND)
        add(h, 0x20000u + e->command * 256u + (uint32_t)e->len);
    for (size_t i = 0; i < e->len; i++)
        add(h, e->data[i]);
    h->data += e->kind == RFC2217_DATA ? e->len : 0;
}

static void hear(void *engine, const uint8_t *data, size_t len)
{
    struct heard *h = engine;

    for (size_t at = 0; at < len;) {
        struct rfc2217_event e;
        size_t used = rfc2217_decode(&h->decoder, data + at, len - at, &e);
        fuzz_must(used >= 1 && used <= len - at && (e.kind == RFC2217_DATA || e.len <= RFC2217_SUB_MAX));
        fuzz_must(e.kind != RFC2217_DATA || (e.data >= data + at && e.data + e.len <= data + at + used));
        hear_event(h, &e);
        at += used;
    }
}

static void data_must_return(const uint8_t *data, size_t len, size_t cap)
{
    uint8_t wire[512];
    struct heard sent = {0}, plain = {0};
    size_t used, n = rfc2217_encode(wire, cap, data, len, &used);

    fuzz_must(n <= cap && used <= len && (used == len || cap - n < 2));
    hear(&sent, wire, n);
    fuzz_must(sent.data == used && sent.answered == 0 && sent.decoder.state == 0);
    for (size_t i = 0; i < used; i++)
        add(&plain, data[i]);
    fuzz_must(plain.sum == sent.sum);
}

/* The server's packets lie ready in the socket and its side is closed, so nothing is waited for. */
static size_t fill(int server, struct bytes_reader in)
{
    size_t said = 0;

    while (bytes_left(&in) > 1) {
        size_t len, most = bytes_get_u8(&in);
        const uint8_t *packet = fuzz_take(&in, most > 0 ? most : 256, &len);
        if (write(server, packet, len) < 0)
            break; /* full */
        said += len;
    }
    return said;
}

static void client(struct bytes_reader in)
{
    struct serial_linux s = {.is_open = true};
    struct tdm_fault why = {0};
    uint8_t buf[64];
    size_t got, total = 0;
    int ends[2];

    fuzz_must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    s.fd = ends[0];
    size_t said = fill(ends[1], in);
    fuzz_must(shutdown(ends[1], SHUT_WR) == 0);
    tdm_err err = serial_rfc2217_begin(&s, 115200, &why);
    fuzz_told(err, &why);
    if (err == TDM_OK && tdm_serial_drop_input(&s.port) == TDM_OK && tdm_serial_write(&s.port, buf, 0, 0) == TDM_OK &&
        serial_rfc2217_set_modem(&s, SERIAL_DTR) == TDM_OK)
        err = tdm_serial_set_baud(&s.port, 921600);
    if (err == TDM_OK)
        fuzz_accept(0);
    for (err = TDM_OK; err == TDM_OK; total += err == TDM_OK ? got : 0)
        err = tdm_serial_read(&s.port, buf, sizeof buf, 0, &got);
    fuzz_must(total <= said);
    (void)close(ends[1]);
    serial_linux_close(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct heard whole = {0}, cut = {0};

    if (size < 2)
        return 0;
    fuzz_feed(data + 1, size - 1, 0, hear, &whole);
    fuzz_feed(data + 1, size - 1, data[0] | 256u, hear, &cut);
    fuzz_must(whole.sum == cut.sum && whole.data == cut.data && whole.data <= size - 1);
    fuzz_must(whole.answered <= ANSWERS_MAX && whole.answered == cut.answered);
    data_must_return(data + 1, size - 1, data[0] * 2u);
    client(bytes_reader_on(data + 1, size - 1));
    return 0;
}
