/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_esp_app: one ESP firmware file. Any split gives the same answer and the same bytes to hash, which are the file's
 * first ones. The first byte says how it is split, and whether its checksum is made right, so that what lies behind it
 * is reached.
 */
#include "fuzz.h"
#include "image/esp_app.h"

#define MENDED 0x80u

enum { WITH_DIGEST, WITHOUT_DIGEST };
const char *const fuzz_accepts[] = {
    [WITH_DIGEST] = "a firmware file with its digest", [WITHOUT_DIGEST] = "one without", NULL};

struct reading {
    struct esp_app app;
    size_t hashed;
    bool is_over; /* the bytes to hash: none may follow where one was left out */
};

static void push(void *ctx, const uint8_t *data, size_t len)
{
    struct reading *r = ctx;
    size_t n = 0;

    fuzz_told(esp_app_push(&r->app, data, len, &n), &r->app.fault);
    fuzz_must(n <= len && (n == 0 || !r->is_over));
    r->is_over = n < len;
    r->hashed += n;
}

static void check(struct reading *r, const uint8_t *data, size_t size, uint32_t seed)
{
    *r = (struct reading){.hashed = 0};
    esp_app_init(&r->app);
    fuzz_feed(data, size, seed, push, r);
    fuzz_told(esp_app_end(&r->app), &r->app.fault);
}

static void must_be_text(const char *text)
{
    fuzz_must(strlen(text) <= ESP_APP_TEXT_MAX);
    for (; *text != '\0'; text++)
        fuzz_must(*text >= ' ' && *text <= '~');
}

static void check_whole(const struct reading *r, size_t size)
{
    const struct esp_app_info *info = &r->app.info;

    fuzz_must(info->image_size <= size && r->hashed <= info->image_size);
    fuzz_must(info->image_size - r->hashed == (info->has_digest ? ESP_APP_DIGEST_LEN : 0u));
    fuzz_must(info->segment_count >= 1 && info->segment_count <= 16);
    must_be_text(info->version);
    must_be_text(info->project);
    must_be_text(info->idf_version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole, cut;

    if (size < 1)
        return 0;
    uint8_t *file = fuzz_copy(data + 1, size - 1);
    check(&whole, file, size - 1, 0);
    if ((data[0] & MENDED) != 0 && strcmp(whole.app.fault.code, "bad_checksum") == 0) {
        file[whole.app.fault.at] = whole.app.checksum;
        check(&whole, file, size - 1, 0);
        fuzz_must(strcmp(whole.app.fault.code, "bad_checksum") != 0);
    }
    check(&cut, file, size - 1, (data[0] & 0x7fu) + 1u);
    fuzz_same_fault(&whole.app.fault, &cut.app.fault);
    if (whole.app.fault.err == TDM_OK) {
        fuzz_must(whole.hashed == cut.hashed && memcmp(&whole.app.info, &cut.app.info, sizeof whole.app.info) == 0);
        check_whole(&whole, size - 1);
        fuzz_accept(whole.app.info.has_digest ? WITH_DIGEST : WITHOUT_DIGEST);
        fuzz_must(!esp_app_is_likely(file, ESP_APP_HEADER_LEN - 1));
    }
    free(file);
    return 0;
}
