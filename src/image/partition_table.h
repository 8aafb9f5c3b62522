/* SPDX-License-Identifier: Apache-2.0 */
/*
 * partition_table: push-fed checker of an ESP partition table; finds the app partition that begins at an offset.
 *
 * Used by   judge, rcp_build.   Uses  base/md5 (the table's own checksum).
 * Memory    the caller owns the struct; nothing is allocated. One row is held at a time.
 * Faults    code bad_partition_table; `at` is the offset of the row in the table.
 * Format    docs/FORMAT.md, "Partition table". Bytes behind the end row are ignored (padding, signature).
 */
#ifndef TANDEM_IMAGE_PARTITION_TABLE_H
#define TANDEM_IMAGE_PARTITION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/err.h>

#include "base/md5.h"

#define PARTITION_ROW_LEN   32
#define PARTITION_ROWS_MAX  96u
#define PARTITION_LABEL_MAX 16
#define PARTITION_TYPE_APP  0

struct partition {
    uint8_t type, subtype;
    uint32_t offset, size;
    char label[PARTITION_LABEL_MAX + 1];
};

struct partition_table {
    struct tdm_fault fault;
    uint32_t wanted_offset;
    uint32_t flash_size;
    bool has_app; /* after partition_table_end(): an app partition begins at the wanted offset */
    struct partition app;
    size_t partition_count;
    uint64_t end; /* of the partition that reaches furthest */
    bool has_checksum, has_ended;
    uint64_t at;
    struct md5 md5;
    uint8_t row[PARTITION_ROW_LEN];
};

/* flash_size 0: partitions may lie anywhere in 32-bit addresses. */
void partition_table_init(struct partition_table *t, uint32_t wanted_offset, uint32_t flash_size);
TDM_MUST_USE tdm_err partition_table_push(struct partition_table *t, const uint8_t *data, size_t len);
TDM_MUST_USE tdm_err partition_table_end(struct partition_table *t);

#endif
