/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_history: a ring of results with any bytes in its places. What is told has ended texts and is found under its own
 * number; an entry appended again is told again, and costs no entry but the one in its place.
 *
 *   seals (1): which places get their frame and sum made right | the places
 */
#include <tandem/history.h>

#include "base/crc.h"
#include "fuzz.h"
#include "support/fake_flash.h"

#define PLACES    4u
#define BLOCK     512u
#define ENTRY_LEN 153u

static void plant(struct fake_flash *flash, uint32_t place, const uint8_t *bytes, size_t len, bool is_sealed)
{
    static const uint8_t head[8] = {'T', 'd', 'H', 'y', 1, 0, ENTRY_LEN, 0};
    uint8_t block[BLOCK];

    memset(block, 0xff, sizeof block);
    if (len > 0)
        memcpy(block, bytes, len);
    if (is_sealed) {
        memcpy(block, head, sizeof head);
        bytes_store_le32(block + ENTRY_LEN - 4, crc32_add(CRC32_START, block, ENTRY_LEN - 4));
    }
    fake_flash_plant(flash, (uint64_t)place * BLOCK, block, sizeof block);
}

static bool is_same(const struct history_entry *a, const struct history_entry *b)
{
    return a->number == b->number && a->code == b->code && a->time == b->time &&
           memcmp(a->id, b->id, sizeof a->id) == 0 && strcmp(a->version, b->version) == 0 &&
           strcmp(a->reason, b->reason) == 0;
}

static void append_again(struct fake_flash *flash, const struct history_entry *e)
{
    struct history_entry found, others[PLACES];
    bool was_there[PLACES];

    for (uint32_t i = 0; i < PLACES; i++)
        was_there[i] = history_get(&flash->port, i, &others[i]) == TDM_OK;
    fuzz_must(history_append(&flash->port, e) == TDM_OK);
    fuzz_must(history_find(&flash->port, e->number, &found) == TDM_OK && is_same(&found, e));
    for (uint32_t i = 0; i < PLACES; i++) {
        bool is_there = history_get(&flash->port, i, &found) == TDM_OK;
        fuzz_must(i == e->number % PLACES || (is_there == was_there[i] && (!is_there || is_same(&found, &others[i]))));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes_reader in = bytes_reader_on(data, size);
    struct history_entry e;
    struct fake_flash flash;

    uint8_t seals = bytes_get_u8(&in);
    fake_flash_open(&flash, NULL, PLACES * BLOCK, BLOCK, 256);
    fuzz_must(history_places(&flash.port) == PLACES);
    for (uint32_t i = 0; i < PLACES; i++) {
        size_t len;
        const uint8_t *bytes = fuzz_take(&in, ENTRY_LEN, &len);
        plant(&flash, i, bytes, len, (seals & 1u << i) != 0);
    }
    for (uint32_t i = 0; i < PLACES; i++) {
        if (history_get(&flash.port, i, &e) != TDM_OK)
            continue;
        fuzz_must(e.number != 0 && strlen(e.version) <= HISTORY_TEXT_MAX && strlen(e.reason) <= HISTORY_TEXT_MAX);
        append_again(&flash, &e);
    }
    fake_flash_close(&flash);
    return 0;
}
