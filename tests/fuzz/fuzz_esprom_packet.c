/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_esprom_packet: what a ROM loader sends: packets, replies with as much data as the first byte expects, and the text
 * after reset. A packet that is read is written again byte for byte; a reply's data lies within its frame; kept text is
 * printable, and the same however it comes in.
 */
#include <tandem/esprom.h>

#include "esprom/esprom_boot.h"
#include "esprom/esprom_packet.h"
#include "fuzz.h"

enum { PACKET, REPLY, REFUSAL, BOOT_TEXT };
const char *const fuzz_accepts[] = {[PACKET] = "a packet",
                                    [REPLY] = "a reply with data",
                                    [REFUSAL] = "a refusal",
                                    [BOOT_TEXT] = "a boot text that says something",
                                    NULL};

static void read_packet(const uint8_t *frame, size_t len)
{
    struct esprom_packet p;
    uint8_t *again = fuzz_copy(frame, len);

    if (esprom_packet_decode(&p, frame, len) == TDM_OK) {
        fuzz_accept(PACKET);
        fuzz_must(p.len == len - ESPROM_HEAD_LEN && p.data == frame + ESPROM_HEAD_LEN);
        memset(again, 0, len);
        fuzz_must(esprom_packet_encode(again, len, &p) == len && memcmp(again, frame, len) == 0);
        fuzz_must(esprom_packet_encode(again, len - 1, &p) == 0);
    } else {
        fuzz_must(len < ESPROM_HEAD_LEN);
    }
    free(again);
}

static void read_reply(const uint8_t *frame, size_t len, size_t expected)
{
    struct esprom_reply r;

    if (esprom_reply_decode(&r, frame, len, expected) != TDM_OK)
        return;
    fuzz_must(frame[0] == ESPROM_REPLY && r.op == frame[1] && bytes_le16(frame + 2) == len - ESPROM_HEAD_LEN);
    fuzz_must((r.data != NULL) == (!r.is_error && expected > 0));
    fuzz_must(r.data == NULL || (r.data == frame + ESPROM_HEAD_LEN && expected + 2 <= len - ESPROM_HEAD_LEN));
    fuzz_must(esprom_reason_name(r.reason)[0] != '\0');
    if (r.data != NULL || r.is_error)
        fuzz_accept(r.is_error ? REFUSAL : REPLY);
}

struct hearing {
    char text[ESPROM_BOOT_TEXT_MAX];
};

static void hear(void *ctx, const uint8_t *data, size_t len)
{
    struct hearing *h = ctx;
    esprom_boot_collect(h->text, sizeof h->text, data, len);
}

static void read_text(const uint8_t *data, size_t size, uint32_t seed)
{
    struct hearing whole = {""}, cut = {""};

    fuzz_feed(data, size, 0, hear, &whole);
    fuzz_feed(data, size, seed, hear, &cut);
    fuzz_must(strcmp(whole.text, cut.text) == 0 && strlen(whole.text) < sizeof whole.text);
    for (const char *c = whole.text; *c != '\0'; c++)
        fuzz_must(*c >= ' ' && *c <= '~');
    fuzz_must(esprom_boot_judge(whole.text) <= ESPROM_BOOT_USB_ONLY);
    if (esprom_boot_judge(whole.text) != ESPROM_BOOT_UNKNOWN)
        fuzz_accept(BOOT_TEXT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    uint8_t *frame = fuzz_copy(data + 1, size - 1);
    read_packet(frame, size - 1);
    read_reply(frame, size - 1, data[0] % 80u);
    read_text(frame, size - 1, data[0] + 1u);
    free(frame);
    return 0;
}
