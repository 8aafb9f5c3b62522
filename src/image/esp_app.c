/* SPDX-License-Identifier: Apache-2.0 */
#include "image/esp_app.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "image/esp_chip.h"

#define SEGMENTS_MAX     16u
#define SEGMENT_LIMIT    0x1000000u /* 24-bit flash addresses */
#define APP_MAGIC        0xabcd5432u
#define APP_DESC_LEN     256u
#define BOOT_MAGIC       0x50u
#define BOOT_DESC_LEN    80u
#define DESC_AT          (ESP_APP_HEADER_LEN + 8u)
#define APP_VERSION_AT   (DESC_AT + 16u)
#define APP_PROJECT_AT   (DESC_AT + 48u)
#define APP_IDF_AT       (DESC_AT + 112u)
#define BOOT_IDF_AT      (DESC_AT + 8u)
#define BOOT_DATE_AT     (DESC_AT + 40u)
#define BOOT_DATE_LEN    24u
#define HASH_APPENDED_AT 23u

struct state_row {
    size_t (*eat)(struct esp_app *a, const uint8_t *data, size_t len);
    bool is_hashed;
};

static void fail(struct esp_app *a, const char *code, const char *what, uint64_t at)
{
    (void)tdm_fault_set(&a->fault, TDM_E_FORMAT, code, what, at); /* eaters answer bytes; push looks at the fault */
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

bool esp_app_is_likely(const uint8_t *head, size_t len)
{
    return len >= ESP_APP_HEADER_LEN && head[0] == ESP_APP_MAGIC && head[1] >= 1 && head[1] <= SEGMENTS_MAX &&
           esp_chip_by_id(bytes_le16(head + 12)) != NULL && head[HASH_APPENDED_AT] <= 1;
}

static void read_header(struct esp_app *a)
{
    const uint8_t *h = a->head;

    a->info.segment_count = h[1];
    a->info.chip_id = bytes_le16(h + 12);
    a->info.revision_min = bytes_le16(h + 15);
    a->info.revision_max = bytes_le16(h + 17) == 0 ? UINT16_MAX : bytes_le16(h + 17);
    a->info.has_digest = h[HASH_APPENDED_AT] == 1;
    a->segments_left = h[1];
    if (h[1] == 0 || h[1] > SEGMENTS_MAX)
        fail(a, "bad_firmware", "segment count not 1 to 16", 1);
    else if (h[HASH_APPENDED_AT] > 1)
        fail(a, "bad_firmware", "digest flag neither 0 nor 1", HASH_APPENDED_AT);
    a->state = ESP_APP_SEGMENT_HEADER;
}

static size_t eat_header(struct esp_app *a, const uint8_t *data, size_t len)
{
    size_t n = least(len, ESP_APP_HEADER_LEN - (size_t)a->at);

    if (a->at == 0 && data[0] != ESP_APP_MAGIC)
        fail(a, "bad_firmware", "does not begin as ESP firmware does", 0);
    else if (a->at + n == ESP_APP_HEADER_LEN)
        read_header(a);
    return n;
}

static size_t eat_segment_header(struct esp_app *a, const uint8_t *data, size_t len)
{
    size_t n = least(len, sizeof a->segment_header - a->held);

    memcpy(a->segment_header + a->held, data, n);
    a->held += n;
    if (a->held < sizeof a->segment_header)
        return n;
    a->held = 0;
    a->segment_left = bytes_le32(a->segment_header + 4);
    if (a->segments_left == a->info.segment_count)
        a->first_segment_size = a->segment_left;
    if (a->segment_left % 4 != 0)
        fail(a, "bad_firmware", "segment length not a multiple of 4", a->at + n - 4);
    else if (a->segment_left >= SEGMENT_LIMIT)
        fail(a, "bad_firmware", "segment of 16 MiB or more", a->at + n - 4);
    a->segments_left--;
    if (a->segment_left > 0)
        a->state = ESP_APP_SEGMENT;
    else if (a->segments_left == 0)
        a->state = ESP_APP_CHECKSUM;
    return n;
}

static size_t eat_segment(struct esp_app *a, const uint8_t *data, size_t len)
{
    size_t n = least(len, a->segment_left);

    a->checksum = crc_xor8_add(a->checksum, data, n);
    a->segment_left -= (uint32_t)n;
    if (a->segment_left == 0)
        a->state = a->segments_left == 0 ? ESP_APP_CHECKSUM : ESP_APP_SEGMENT_HEADER;
    return n;
}

/* Filler, then the checksum as the last byte of a line of 16. */
static size_t eat_checksum(struct esp_app *a, const uint8_t *data, size_t len)
{
    size_t left = 16u - (size_t)(a->at % 16u), n = least(len, left);

    if (n < left)
        return n;
    if (data[n - 1] != a->checksum)
        fail(a, "bad_checksum", "checksum over the segments is wrong", a->at + n - 1);
    a->info.image_size = a->at + n;
    a->state = a->info.has_digest ? ESP_APP_DIGEST : ESP_APP_TRAILER;
    return n;
}

static size_t eat_digest(struct esp_app *a, const uint8_t *data, size_t len)
{
    size_t n = least(len, sizeof a->info.digest - a->held);

    memcpy(a->info.digest + a->held, data, n);
    a->held += n;
    if (a->held < sizeof a->info.digest)
        return n;
    a->info.image_size += sizeof a->info.digest;
    a->state = ESP_APP_TRAILER;
    return n;
}

static size_t eat_trailer(struct esp_app *a, const uint8_t *data, size_t len)
{
    (void)a;
    (void)data;
    return len;
}

static const struct state_row states[ESP_APP_STATES] = {
    [ESP_APP_HEADER] = {eat_header, true},   [ESP_APP_SEGMENT_HEADER] = {eat_segment_header, true},
    [ESP_APP_SEGMENT] = {eat_segment, true}, [ESP_APP_CHECKSUM] = {eat_checksum, true},
    [ESP_APP_DIGEST] = {eat_digest, false},  [ESP_APP_TRAILER] = {eat_trailer, false},
};

/* The first bytes of the file, whatever they are: the description is looked for in them at the end. */
static void keep_head(struct esp_app *a, const uint8_t *data, size_t len)
{
    if (a->at < sizeof a->head)
        memcpy(a->head + a->at, data, least(len, sizeof a->head - (size_t)a->at));
}

void esp_app_init(struct esp_app *a)
{
    *a = (struct esp_app){.state = ESP_APP_HEADER, .checksum = CRC_XOR_SEED};
    tdm_fault_clear(&a->fault);
}

tdm_err esp_app_push(struct esp_app *a, const uint8_t *data, size_t len, size_t *hashed)
{
    *hashed = 0;
    if (a->fault.err == TDM_OK)
        keep_head(a, data, len);
    while (len > 0 && a->fault.err == TDM_OK) {
        bool is_hashed = states[a->state].is_hashed;
        size_t used = states[a->state].eat(a, data, len);
        if (used == 0)
            return tdm_fault_set(&a->fault, TDM_E_BUG, "stuck", "a state made no progress", a->at);
        a->at += used;
        data += used;
        len -= used;
        *hashed += is_hashed ? used : 0;
    }
    return a->fault.err;
}

/* For people's eyes: what could steer a terminal does not get out of here. */
static void copy_text(char out[ESP_APP_TEXT_MAX + 1], const uint8_t *from)
{
    size_t i = 0;
    for (; i < ESP_APP_TEXT_MAX && from[i] != 0; i++)
        out[i] = (char)(from[i] >= 0x20 && from[i] <= 0x7e ? from[i] : '?');
    out[i] = '\0';
}

/* Printable up to a NUL, and not empty: what tells a description from code that happens to begin with its magic. */
static bool is_text(const uint8_t *p, size_t len)
{
    size_t i = 0;
    while (i < len && p[i] >= 0x20 && p[i] <= 0x7e)
        i++;
    return i > 0 && (i == len || p[i] == 0);
}

void esp_app_describe(struct esp_app *a)
{
    const uint8_t *h = a->head;

    if (a->first_segment_size >= APP_DESC_LEN && bytes_le32(h + DESC_AT) == APP_MAGIC) {
        a->info.kind = ESP_APP_APPLICATION;
        copy_text(a->info.version, h + APP_VERSION_AT);
        copy_text(a->info.project, h + APP_PROJECT_AT);
        copy_text(a->info.idf_version, h + APP_IDF_AT);
    } else if (a->first_segment_size >= BOOT_DESC_LEN && h[DESC_AT] == BOOT_MAGIC &&
               is_text(h + BOOT_IDF_AT, ESP_APP_TEXT_MAX) && is_text(h + BOOT_DATE_AT, BOOT_DATE_LEN)) {
        a->info.kind = ESP_APP_BOOTLOADER;
        copy_text(a->info.idf_version, h + BOOT_IDF_AT);
    }
}

tdm_err esp_app_end(struct esp_app *a)
{
    if (a->fault.err != TDM_OK)
        return a->fault.err;
    if (a->state != ESP_APP_TRAILER)
        return tdm_fault_set(&a->fault, TDM_E_TRUNCATED, "truncated", "firmware ends before its image does", a->at);
    esp_app_describe(a);
    return TDM_OK;
}
