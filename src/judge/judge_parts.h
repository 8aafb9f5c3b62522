/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge_parts: what must be true of each part's own bytes, part by part, while they pass.
 *
 * Used by   judge.c.   Uses  image/{esp_app,esp_chip,flash_args,partition_table}.
 * Memory    struct judge_work lives in judge.room: the public header need not know the checkers of parts.
 * Order     judge_part_begin() when the first bytes of a part are there (work.head for firmware files, nothing for a
 *           table), judge_part_push() for all bytes behind them, judge_part_end().
 */
#ifndef TANDEM_JUDGE_PARTS_H
#define TANDEM_JUDGE_PARTS_H

#include <tandem/judge.h>

#include "image/esp_app.h"
#include "image/flash_args.h"
#include "image/partition_table.h"

struct judge_work {
    struct flash_args args;
    uint8_t head[ESP_APP_HEADER_LEN]; /* of the firmware file that is passing */
    size_t head_len;
    bool is_esp;
    struct tdm_fault late; /* of this part; told only if its bytes are the signed ones */
    union {
        struct esp_app app;
        struct partition_table table;
    } check;
};

_Static_assert(sizeof(struct judge_work) <= JUDGE_ROOM_WORDS * sizeof(uint64_t), "judge.room is too small");

static inline struct judge_work *judge_work(struct judge *j)
{
    return (struct judge_work *)(void *)j->room;
}

/* The judge's fault for something found in a part; `at` is the offset in the part. */
tdm_err judge_fail_part(struct judge *j, const struct image_part *part, tdm_err err, const char *code, const char *what,
                        uint64_t at);

/*
 * With a manifest every part has a digest, and a part that was changed is answered as that and not by what the change
 * happened to break. Nothing is done for a plain image. end() must come before any other check at the end of a part.
 */
TDM_MUST_USE tdm_err judge_digest_push(struct judge *j, const struct image_part *part, uint32_t at, const uint8_t *data,
                                       size_t len);
TDM_MUST_USE tdm_err judge_digest_end(struct judge *j, const struct image_part *part);

/* Part 1 is complete. */
TDM_MUST_USE tdm_err judge_flash_args(struct judge *j, const struct image_part *part);

/*
 * A part from 2 to 5 begins. Of a firmware file work.head holds the first bytes, head_len of them; with a plain image's
 * bootloader the radio's chip is known, and with it where everything may lie in flash.
 */
TDM_MUST_USE tdm_err judge_part_begin(struct judge *j, const struct image_part *part);
TDM_MUST_USE tdm_err judge_part_push(struct judge *j, const struct image_part *part, const uint8_t *data, size_t len);
TDM_MUST_USE tdm_err judge_part_end(struct judge *j, const struct image_part *part);

#endif
