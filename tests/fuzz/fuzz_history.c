/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_history: a ring of results with any bytes in its places. What is told has ended texts and is found under its own
 * number; an entry appended again is told again, and costs no entry but the one in its place.
 *
 *   seals (1): which places get their frame and sum made right | the places
 */
#include <tandem/history.h>

#include "fuzz_sealed.h"

#define PLACES    4u
#define BLOCK     512u
#define ENTRY_LEN 153u

const char *const fuzz_accepts[] = {"an entry", NULL};

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
        uint8_t block[BLOCK];
        fuzz_take_record(&in, ENTRY_LEN, block, sizeof block);
        if ((seals & 1u << i) != 0)
            fuzz_seal(block, "TdHy", ENTRY_LEN);
        fake_flash_plant(&flash, (uint64_t)i * BLOCK, block, sizeof block);
    }
    for (uint32_t i = 0; i < PLACES; i++) {
        if (history_get(&flash.port, i, &e) != TDM_OK)
            continue;
        fuzz_must(e.number != 0 && strlen(e.version) <= HISTORY_TEXT_MAX && strlen(e.reason) <= HISTORY_TEXT_MAX);
        append_again(&flash, &e);
        fuzz_accept(0);
    }
    fake_flash_close(&flash);
    return 0;
}
