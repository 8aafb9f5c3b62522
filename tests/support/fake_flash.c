/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_flash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum fake_power_verdict fake_power_step(struct fake_power *p)
{
    if (p == NULL)
        return FAKE_POWER_ON;
    if (p->is_off)
        return FAKE_POWER_OFF;
    p->ops++;
    if (p->ops != p->cut_at)
        return FAKE_POWER_ON;
    p->is_off = true;
    return FAKE_POWER_CUT_NOW;
}

void fake_power_on(struct fake_power *p)
{
    p->is_off = false;
    p->ops = 0;
    p->cut_at = 0;
}

static struct fake_flash *self(struct tdm_flash *port)
{
    return (struct fake_flash *)(void *)port;
}

static bool is_off(const struct fake_flash *f)
{
    return f->power != NULL && f->power->is_off;
}

static void apply(const struct fake_flash *f, uint8_t *mem, const struct fake_flash_op *op)
{
    if (!op->is_erase)
        memcpy(mem + op->off, op->data, op->len);
    else if (!f->erase_keeps_bytes)
        memset(mem + op->off, 0xff, op->len);
}

static void forget_pending(struct fake_flash *f)
{
    for (size_t i = 0; i < f->pending_count; i++)
        free(f->pending[i].data);
    f->pending_count = 0;
}

static void remember(struct fake_flash *f, bool is_erase, uint64_t off, const void *data, uint64_t len)
{
    if (len == 0)
        return;
    if (f->pending_count == f->pending_cap) {
        f->pending_cap = f->pending_cap * 2 + 16;
        f->pending = realloc(f->pending, f->pending_cap * sizeof *f->pending);
        assert_non_null(f->pending);
    }
    struct fake_flash_op *op = &f->pending[f->pending_count++];
    *op = (struct fake_flash_op){.is_erase = is_erase, .off = off, .len = len};
    if (!is_erase) {
        op->data = malloc(len);
        assert_non_null(op->data);
        memcpy(op->data, data, len);
    }
    apply(f, f->mem, op);
}

/* How much of an operation on len bytes lands when the power goes in it. */
static uint64_t torn_length(const struct fake_flash *f, uint64_t len)
{
    static const uint64_t halves[FAKE_TEAR_COUNT] = {[FAKE_TEAR_NONE] = 0, [FAKE_TEAR_HALF] = 1, [FAKE_TEAR_ALL] = 2};
    return len * halves[f->power->tear] / 2;
}

static bool survives(const struct fake_flash *f, size_t i)
{
    bool is_last = i + 1 == f->pending_count;

    switch (f->power->unsynced) {
    case FAKE_LOST:
        return false;
    case FAKE_ONLY_LAST:
        return is_last;
    case FAKE_ALL_BUT_LAST:
        return !is_last;
    default:
        return true;
    }
}

static void settle(struct fake_flash *f)
{
    for (size_t i = 0; i < f->pending_count; i++)
        apply(f, f->durable, &f->pending[i]);
    forget_pending(f);
}

static tdm_err fake_read(struct tdm_flash *port, uint64_t off, void *buf, uint32_t len)
{
    struct fake_flash *f = self(port);

    if (is_off(f))
        return TDM_E_POWER;
    f->reads++;
    if (f->bad_len > 0 && off < f->bad_off + f->bad_len && f->bad_off < off + len)
        return TDM_E_IO;
    memcpy(buf, f->mem + off, len);
    return TDM_OK;
}

static void check_erased(const struct fake_flash *f, uint64_t off, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        if (!f->erased[off + i])
            fail_msg("programmed without erase at %llu", (unsigned long long)(off + i));
}

static void tell(struct fake_flash *f)
{
    if (f->on_write != NULL)
        f->on_write(f, f->watcher);
}

static tdm_err fake_prog(struct tdm_flash *port, uint64_t off, const void *buf, uint32_t len)
{
    struct fake_flash *f = self(port);
    enum fake_power_verdict power = fake_power_step(f->power);

    if (power == FAKE_POWER_OFF)
        return TDM_E_POWER;
    if (off % port->prog_size != 0 || len % port->prog_size != 0)
        fail_msg("program of %u bytes at %llu is not aligned", (unsigned)len, (unsigned long long)off);
    tell(f);
    check_erased(f, off, len);
    if (power == FAKE_POWER_CUT_NOW) {
        remember(f, false, off, buf, torn_length(f, len));
        return TDM_E_POWER;
    }
    if (f->prog_err != TDM_OK)
        return f->prog_err;
    f->progs++;
    memset(f->erased + off, false, len);
    remember(f, false, off, buf, len);
    if (f->rots_next_prog) {
        f->mem[off + len / 2] ^= 0x10;
        f->pending[f->pending_count - 1].data[len / 2] ^= 0x10;
        f->rots_next_prog = false;
    }
    return TDM_OK;
}

static tdm_err fake_erase(struct tdm_flash *port, uint64_t off, uint64_t len)
{
    struct fake_flash *f = self(port);
    enum fake_power_verdict power = fake_power_step(f->power);

    if (power == FAKE_POWER_OFF)
        return TDM_E_POWER;
    tell(f);
    if (power == FAKE_POWER_CUT_NOW) {
        remember(f, true, off, NULL, torn_length(f, len));
        return TDM_E_POWER;
    }
    if (f->erase_err != TDM_OK)
        return f->erase_err;
    f->erases++;
    memset(f->erased + off, true, len);
    remember(f, true, off, NULL, len);
    return TDM_OK;
}

/* A sync cut in the middle: the first half of what waited is on the medium. */
static void tear_sync(struct fake_flash *f)
{
    uint64_t landed = torn_length(f, f->pending_count);

    for (uint64_t i = 0; i < landed; i++)
        apply(f, f->durable, &f->pending[i]);
    if (landed == f->pending_count)
        forget_pending(f);
}

static tdm_err fake_sync(struct tdm_flash *port)
{
    struct fake_flash *f = self(port);
    enum fake_power_verdict power = fake_power_step(f->power);

    if (power == FAKE_POWER_CUT_NOW)
        tear_sync(f);
    if (power != FAKE_POWER_ON)
        return TDM_E_POWER;
    if (f->sync_err != TDM_OK)
        return f->sync_err;
    f->syncs++;
    settle(f);
    return TDM_OK;
}

static tdm_err fake_reread(struct tdm_flash *port)
{
    tdm_err err = fake_sync(port);

    if (err != TDM_OK)
        return err;
    self(port)->rereads++;
    memcpy(self(port)->mem, self(port)->durable, port->size);
    return TDM_OK;
}

static const struct tdm_flash_ops fake_ops = {
    .read = fake_read, .prog = fake_prog, .erase = fake_erase, .sync = fake_sync, .reread = fake_reread};

void fake_flash_open(struct fake_flash *f, struct fake_power *power, uint64_t size, uint32_t erase_size,
                     uint32_t prog_size)
{
    *f = (struct fake_flash){.port = {.ops = &fake_ops, .size = size, .erase_size = erase_size, .prog_size = prog_size},
                             .power = power};
    assert_int_equal(size % erase_size, 0);
    assert_int_equal(erase_size % prog_size, 0);
    f->mem = malloc(size);
    f->durable = malloc(size);
    f->erased = calloc(size, sizeof *f->erased);
    assert_true(f->mem != NULL && f->durable != NULL && f->erased != NULL);
    memset(f->mem, 0xff, size);
    memset(f->durable, 0xff, size);
}

void fake_flash_close(struct fake_flash *f)
{
    forget_pending(f);
    free(f->pending);
    free(f->mem);
    free(f->durable);
    free(f->erased);
    *f = (struct fake_flash){0};
}

void fake_flash_reboot(struct fake_flash *f)
{
    for (size_t i = 0; i < f->pending_count; i++)
        if (f->power == NULL || survives(f, i))
            apply(f, f->durable, &f->pending[i]);
    forget_pending(f);
    memcpy(f->mem, f->durable, f->port.size);
    memset(f->erased, false, f->port.size);
}

void fake_flash_plant(struct fake_flash *f, uint64_t off, const void *data, size_t len)
{
    assert_true(off <= f->port.size && len <= f->port.size - off);
    memcpy(f->mem + off, data, len);
    memcpy(f->durable + off, data, len);
}
