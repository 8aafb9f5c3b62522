/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_partition_table: any split gives the same answer; the app that is found lies in the flash, where it was looked
 * for. The first byte says how it is split, and whether the checksum row is made right.
 */
#include "fuzz.h"
#include "fuzz_image_mend.h"
#include "image/partition_table.h"

#define MENDED      0x80u
#define KNOWN_FLASH 0x40u
#define WANTED      0x10000u
#define FLASH_SIZE  0x200000u

const char *const fuzz_accepts[] = {"a table with the app that is looked for", NULL};

static void push(void *ctx, const uint8_t *data, size_t len)
{
    struct partition_table *t = ctx;
    fuzz_told(partition_table_push(t, data, len), &t->fault);
}

static void check(struct partition_table *t, const uint8_t *data, size_t size, uint8_t mode, uint32_t seed)
{
    partition_table_init(t, WANTED, (mode & KNOWN_FLASH) != 0 ? FLASH_SIZE : 0);
    fuzz_feed(data, size, seed, push, t);
    fuzz_told(partition_table_end(t), &t->fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct partition_table whole, cut;

    if (size < 1)
        return 0;
    uint8_t mode = data[0];
    uint8_t *table = fuzz_copy(data + 1, size - 1);
    if ((mode & MENDED) != 0)
        fuzz_mend_table(table, size - 1);
    check(&whole, table, size - 1, mode, 0);
    check(&cut, table, size - 1, mode, (mode & 0x3fu) + 1u);
    fuzz_same_fault(&whole.fault, &cut.fault);
    fuzz_must(whole.has_app == cut.has_app && whole.partition_count == cut.partition_count);
    if (whole.fault.err == TDM_OK)
        fuzz_must(whole.partition_count > 0 && whole.partition_count < PARTITION_ROWS_MAX);
    if (whole.has_app) {
        uint64_t end = (uint64_t)whole.app.offset + whole.app.size;
        fuzz_must(whole.app.offset == WANTED && whole.app.size > 0);
        fuzz_must(end <= ((mode & KNOWN_FLASH) != 0 ? FLASH_SIZE : (uint64_t)UINT32_MAX + 1));
        fuzz_must(memcmp(&whole.app, &cut.app, sizeof whole.app) == 0);
        if (whole.fault.err == TDM_OK)
            fuzz_accept(0);
    }
    free(table);
    return 0;
}
