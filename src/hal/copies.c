/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/copies.h>

#include <string.h>

#define FIRST_SEQUENCE  1u
#define SEQUENCE_OFFSET 8u /* in the frame that every record of ours has */
#define SEQUENCE_END    12u

enum kind { KIND_VALID, KIND_NEWER, KIND_BLANK, KIND_FIRST_TORN, KIND_INVALID };

void tdm_copies_init(struct tdm_copies *c, struct tdm_flash *flash, tdm_copies_check check, uint8_t *buf, uint32_t room)
{
    *c = (struct tdm_copies){.flash = flash, .check = check, .buf = buf, .room = room};
}

/* Whole erase blocks, so that writing one copy never touches the other. */
static uint64_t stride(const struct tdm_copies *c)
{
    uint32_t block = c->flash->erase_size;
    return ((uint64_t)c->room + block - 1) / block * block;
}

static tdm_err check_geometry(const struct tdm_copies *c)
{
    if (c->room < SEQUENCE_END || c->room % c->flash->prog_size != 0)
        return TDM_E_BOUNDS;
    return c->flash->size / 2 < stride(c) ? TDM_E_BOUNDS : TDM_OK;
}

static bool is_all(const uint8_t *bytes, uint32_t len, uint8_t value)
{
    for (uint32_t i = 0; i < len; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static bool is_blank(const uint8_t *bytes, uint32_t len)
{
    return is_all(bytes, len, 0xff) || is_all(bytes, len, 0x00);
}

/*
 * A copy that was being written for the first time when the power went, so that there was no record before it: each
 * byte of its sequence is the first sequence's or still blank.
 */
static bool is_first_torn(const uint8_t *bytes)
{
    static const uint8_t first[SEQUENCE_END - SEQUENCE_OFFSET] = {FIRST_SEQUENCE};

    for (uint32_t i = 0; i < sizeof first; i++) {
        uint8_t b = bytes[SEQUENCE_OFFSET + i];
        if (b != first[i] && b != 0xff && b != 0x00)
            return false;
    }
    return true;
}

static enum kind classify(const struct tdm_copies *c, uint32_t *sequence)
{
    tdm_err err = c->check(c->buf, c->room, sequence);

    if (err == TDM_OK)
        return KIND_VALID;
    if (err == TDM_E_TOO_NEW)
        return KIND_NEWER;
    if (is_blank(c->buf, c->room))
        return KIND_BLANK;
    return is_first_torn(c->buf) ? KIND_FIRST_TORN : KIND_INVALID;
}

static tdm_err read_copy(struct tdm_copies *c, int i, enum kind *kind)
{
    tdm_err err = tdm_flash_read(c->flash, (uint64_t)i * stride(c), c->buf, c->room);

    if (err != TDM_OK)
        return err;
    *kind = classify(c, &c->sequence[i]);
    c->is_valid[i] = *kind == KIND_VALID;
    return TDM_OK;
}

static int newest(const struct tdm_copies *c)
{
    if (c->is_valid[0] && c->is_valid[1])
        return c->sequence[1] > c->sequence[0] ? 1 : 0;
    return c->is_valid[1] ? 1 : 0;
}

/*
 * Without a usable copy. The first commit writes copy 0 and is done with it before it touches copy 1; so whoever finds
 * copy 1 blank and copy 0 torn with the first sequence has never had a record.
 */
static tdm_err judge_unusable(const enum kind kind[2], enum tdm_copies_found *found)
{
    if (kind[0] == KIND_NEWER || kind[1] == KIND_NEWER)
        return TDM_E_TOO_NEW;
    bool never = (kind[0] == KIND_BLANK || kind[0] == KIND_FIRST_TORN) && kind[1] == KIND_BLANK;
    *found = never ? TDM_COPIES_EMPTY : TDM_COPIES_LOST;
    return TDM_OK;
}

tdm_err tdm_copies_peek(struct tdm_copies *c, enum tdm_copies_found *found)
{
    enum kind kind[2] = {KIND_INVALID, KIND_INVALID};

    c->is_loaded = false;
    tdm_err err = check_geometry(c);
    for (int i = 0; i < 2 && err == TDM_OK; i++)
        err = read_copy(c, i, &kind[i]);
    if (err != TDM_OK)
        return err;
    if (!c->is_valid[0] && !c->is_valid[1])
        return judge_unusable(kind, found);
    *found = TDM_COPIES_OK;
    if (newest(c) == 1)
        return TDM_OK;
    err = read_copy(c, 0, &kind[0]); /* buf holds copy 1 */
    return err == TDM_OK && !c->is_valid[0] ? TDM_E_IO : err;
}

static tdm_err compare_copy(struct tdm_copies *c, int i)
{
    uint8_t part[64];

    for (uint32_t off = 0; off < c->room;) {
        uint32_t len = c->room - off < sizeof part ? c->room - off : (uint32_t)sizeof part;
        tdm_err err = tdm_flash_read(c->flash, (uint64_t)i * stride(c) + off, part, len);
        if (err != TDM_OK)
            return err;
        if (memcmp(part, c->buf + off, len) != 0)
            return TDM_E_CORRUPT;
        off += len;
    }
    return TDM_OK;
}

/* buf over copy i, durable and read back from the medium. */
static tdm_err write_copy(struct tdm_copies *c, int i, uint32_t sequence)
{
    uint64_t off = (uint64_t)i * stride(c);

    c->is_valid[i] = false;
    tdm_err err = tdm_flash_erase(c->flash, off, stride(c));
    if (err == TDM_OK)
        err = tdm_flash_prog(c->flash, off, c->buf, c->room);
    if (err == TDM_OK)
        err = tdm_flash_reread(c->flash);
    if (err == TDM_OK)
        err = compare_copy(c, i);
    if (err != TDM_OK)
        return err;
    c->is_valid[i] = true;
    c->sequence[i] = sequence;
    return TDM_OK;
}

tdm_err tdm_copies_load(struct tdm_copies *c, enum tdm_copies_found *found)
{
    tdm_err err = tdm_copies_peek(c, found);

    if (err != TDM_OK)
        return err;
    if (*found == TDM_COPIES_OK) {
        int best = newest(c), other = 1 - best;
        /* The cut commit's effect has not begun, whichever record is found; it may begin only with both copies equal. */
        if (!c->is_valid[other] || c->sequence[other] != c->sequence[best])
            err = write_copy(c, other, c->sequence[best]);
    }
    c->is_loaded = err == TDM_OK;
    return err;
}

uint32_t tdm_copies_next_sequence(const struct tdm_copies *c)
{
    int best = newest(c);
    return c->is_valid[best] ? c->sequence[best] + 1 : FIRST_SEQUENCE;
}

tdm_err tdm_copies_commit(struct tdm_copies *c)
{
    if (!c->is_loaded)
        return TDM_E_STATE;
    uint32_t sequence = tdm_copies_next_sequence(c);
    /* After a load or a commit both copies are alike or there is none: either may be the older one. */
    tdm_err err = write_copy(c, 0, sequence);
    if (err == TDM_OK)
        err = write_copy(c, 1, sequence);
    c->is_loaded = err == TDM_OK; /* after a failure only a load knows what is on the medium */
    return err;
}
