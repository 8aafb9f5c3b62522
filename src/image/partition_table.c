/* SPDX-License-Identifier: Apache-2.0 */
#include "image/partition_table.h"

#include <string.h>

#include "base/bytes.h"

#define MAGIC_PARTITION 0x50aau
#define MAGIC_CHECKSUM  0xebebu
#define MAGIC_END       0xffffu
#define CHECKSUM_AT     16u

static void fail(struct partition_table *t, const char *what, uint64_t at)
{
    (void)tdm_fault_set(&t->fault, TDM_E_FORMAT, "bad_partition_table", what, at); /* push looks at the fault */
}

static void take_partition(struct partition_table *t, uint64_t row_at)
{
    uint64_t limit = t->flash_size > 0 ? t->flash_size : (uint64_t)UINT32_MAX + 1;
    struct partition p = {
        .type = t->row[2], .subtype = t->row[3], .offset = bytes_le32(t->row + 4), .size = bytes_le32(t->row + 8)};

    memcpy(p.label, t->row + 12, PARTITION_LABEL_MAX);
    if (t->has_checksum)
        fail(t, "row behind the checksum row", row_at);
    else if (p.size == 0)
        fail(t, "partition of 0 bytes", row_at + 8);
    else if (p.offset >= limit || p.size > limit - p.offset)
        fail(t, "partition reaches beyond the end of the flash", row_at + 4);
    t->partition_count++;
    if ((uint64_t)p.offset + p.size > t->end)
        t->end = (uint64_t)p.offset + p.size;
    if (p.type == PARTITION_TYPE_APP && p.offset == t->wanted_offset && t->fault.err == TDM_OK) {
        t->has_app = true;
        t->app = p;
    }
}

static void take_checksum(struct partition_table *t, uint64_t row_at)
{
    uint8_t sum[MD5_LEN];
    struct md5 md5 = t->md5;

    md5_end(&md5, sum);
    if (t->has_checksum)
        fail(t, "second checksum row", row_at);
    else if (memcmp(sum, t->row + CHECKSUM_AT, MD5_LEN) != 0)
        fail(t, "checksum over the rows is wrong", row_at);
    t->has_checksum = true;
}

static void take_row(struct partition_table *t, uint64_t row_at)
{
    switch (bytes_le16(t->row)) {
    case MAGIC_PARTITION:
        take_partition(t, row_at);
        break;
    case MAGIC_CHECKSUM:
        take_checksum(t, row_at);
        break;
    case MAGIC_END:
        t->has_ended = true;
        if (t->row[2] != 0xff || t->row[3] != 0xff)
            fail(t, "end row that is not blank", row_at);
        else if (t->partition_count == 0)
            fail(t, "table without a partition", row_at);
        break;
    default:
        fail(t, "row of no known kind", row_at);
    }
    md5_add(&t->md5, t->row, sizeof t->row);
}

void partition_table_init(struct partition_table *t, uint32_t wanted_offset, uint32_t flash_size)
{
    *t = (struct partition_table){.wanted_offset = wanted_offset, .flash_size = flash_size};
    tdm_fault_clear(&t->fault);
    md5_begin(&t->md5);
}

tdm_err partition_table_push(struct partition_table *t, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len && !t->has_ended && t->fault.err == TDM_OK; i++) {
        t->row[t->at % PARTITION_ROW_LEN] = data[i];
        t->at++;
        if (t->at % PARTITION_ROW_LEN == 0)
            take_row(t, t->at - PARTITION_ROW_LEN);
        if (t->at == (uint64_t)PARTITION_ROWS_MAX * PARTITION_ROW_LEN && !t->has_ended)
            fail(t, "no end row within 96 rows", t->at);
    }
    return t->fault.err;
}

tdm_err partition_table_end(struct partition_table *t)
{
    if (t->fault.err == TDM_OK && !t->has_ended)
        fail(t, "ends before its end row", t->at);
    return t->fault.err;
}
