/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_framing: SLIP and HDLC-lite. Any bytes are a payload that comes back out of its own frame, also behind noise; any
 * bytes are a wire on which no frame is longer than the buffer, and every frame found is one that can be sent again.
 */
#include "fuzz.h"
#include "hdlc/hdlc.h"
#include "slip/slip.h"

#define FRAME_MAX 300u

enum { SLIP, HDLC };
const char *const fuzz_accepts[] = {[SLIP] = "a SLIP frame heard", [HDLC] = "an HDLC frame heard", NULL};

static void slip_must_return(const uint8_t *payload, size_t len, size_t head)
{
    uint8_t wire[SLIP_ENCODED_MAX(FRAME_MAX)], buf[FRAME_MAX];
    struct slip_decoder d;
    size_t n = slip_encode(wire, sizeof wire, payload, head, payload + head, len - head), frames = 0;

    fuzz_must(n >= len + 2 && slip_encode(wire, n - 1, payload, head, payload + head, len - head) == 0);
    fuzz_must(slip_encode(wire, n, payload, head, payload + head, len - head) == n);
    slip_decoder_init(&d, buf, sizeof buf);
    for (size_t i = 0; i < n; i++) {
        bool is_frame = slip_decoder_push(&d, wire[i]);
        fuzz_must(is_frame == (i + 1 == n && len > 0));
        frames += is_frame;
    }
    fuzz_must(len == 0 || (frames == 1 && d.len == len && memcmp(d.buf, payload, len) == 0));
}

static void hdlc_must_return(const uint8_t *payload, size_t len)
{
    uint8_t wire[HDLC_ENCODED_MAX(FRAME_MAX)], buf[FRAME_MAX + 2];
    struct hdlc_decoder d;
    size_t n = hdlc_encode(wire, sizeof wire, payload, len), got = 0;

    fuzz_must(n >= len + 4 && hdlc_encode(wire, n - 1, payload, len) == 0);
    fuzz_must(hdlc_encode(wire, n, payload, len) == n);
    hdlc_decoder_init(&d, buf, sizeof buf);
    for (size_t i = 0; i < n; i++)
        fuzz_must(hdlc_decoder_push(&d, wire[i], &got) == (i + 1 == n));
    fuzz_must(got == len && memcmp(d.buf, payload, len) == 0 && d.damaged == 0);
}

/* cap: of a buffer whose end the sanitizer watches. */
static void slip_listen(const uint8_t *wire, size_t len, size_t cap)
{
    uint8_t *buf = fuzz_copy(wire, cap < len ? cap : len);
    struct slip_decoder d;

    cap = cap < len ? cap : len;
    slip_decoder_init(&d, buf, cap);
    for (size_t i = 0; i < len; i++) {
        if (!slip_decoder_push(&d, wire[i]))
            continue;
        fuzz_must(d.len > 0 && d.len <= cap);
        slip_must_return(d.buf, d.len, d.len / 2);
        fuzz_accept(SLIP);
    }
    fuzz_must(d.dropped <= len);
    free(buf);
}

static void hdlc_listen(const uint8_t *wire, size_t len, size_t cap)
{
    uint8_t *buf = fuzz_copy(wire, cap < len ? cap : len);
    struct hdlc_decoder d;
    size_t got = 0;

    cap = cap < len ? cap : len;
    hdlc_decoder_init(&d, buf, cap);
    for (size_t i = 0; i < len; i++) {
        if (!hdlc_decoder_push(&d, wire[i], &got))
            continue;
        fuzz_must(got + 2 <= cap);
        hdlc_must_return(d.buf, got);
        if (got > 0)
            fuzz_accept(HDLC);
    }
    fuzz_must(d.damaged <= len);
    free(buf);
}

/* Noise before a frame costs nothing but itself: a flag ends it, and the frame behind the flag is whole. */
static void hdlc_behind_noise(const uint8_t *noise, size_t noise_len, const uint8_t *payload, size_t len)
{
    uint8_t wire[HDLC_ENCODED_MAX(FRAME_MAX)], buf[FRAME_MAX + 2];
    struct hdlc_decoder d;
    size_t n = hdlc_encode(wire, sizeof wire, payload, len), got = 0, found = 0;

    hdlc_decoder_init(&d, buf, sizeof buf);
    for (size_t i = 0; i < noise_len; i++)
        if (hdlc_decoder_push(&d, noise[i], &got))
            found++;
    for (size_t i = 0; i < n; i++)
        fuzz_must(!hdlc_decoder_push(&d, wire[i], &got) || i == 0 || i + 1 == n);
    fuzz_must(got == len && memcmp(d.buf, payload, len) == 0 && found <= noise_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t cap = data[0] + 1u, len = size - 1 < FRAME_MAX ? size - 1 : FRAME_MAX;
    slip_must_return(data + 1, len, data[0] < len ? data[0] : len);
    hdlc_must_return(data + 1, len);
    slip_listen(data + 1, size - 1, cap);
    hdlc_listen(data + 1, size - 1, cap);
    hdlc_behind_noise(data + 1, len / 2, data + 1 + len / 2, len - len / 2);
    return 0;
}
