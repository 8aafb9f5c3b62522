/* SPDX-License-Identifier: Apache-2.0 */
#include "support/faulty_ports.h"

static struct {
    enum faulty_kind kind;
    uint32_t n, calls;
    bool is_for_good, has_struck;
    tdm_err err;
} plan;

/* What stands behind the wrapper: the ports of a kind that one world has all share one table. */
static const struct tdm_flash_ops *flash;
static const struct tdm_host_ops *host;
static const struct tdm_crypto_ops *crypto;
static const struct tdm_serial_ops *serial;
static const struct tdm_lines_ops *lines;

void faulty_plan(enum faulty_kind kind, uint32_t n, bool is_for_good, tdm_err err)
{
    plan.kind = kind;
    plan.n = n;
    plan.calls = 0;
    plan.is_for_good = is_for_good;
    plan.has_struck = false;
    plan.err = err;
}

bool faulty_has_struck(void)
{
    return plan.has_struck;
}

static tdm_err next(enum faulty_kind kind)
{
    if (kind != plan.kind || plan.n == 0)
        return TDM_OK;
    plan.calls++;
    if (plan.calls < plan.n || (plan.calls > plan.n && !plan.is_for_good))
        return TDM_OK;
    plan.has_struck = true;
    return plan.err;
}

/* Answers the call itself unless the plan has something else in mind. */
#define ANSWER(kind, call)                                                                                             \
    do {                                                                                                               \
        tdm_err planned = next(kind);                                                                                  \
        return planned != TDM_OK ? planned : (call);                                                                   \
    } while (0)

/* ---- storage ------------------------------------------------------------------------------------------------------- */

static tdm_err on_read(struct tdm_flash *f, uint64_t off, void *buf, uint32_t len)
{
    ANSWER(FAULTY_READ, flash->read(f, off, buf, len));
}

static tdm_err on_prog(struct tdm_flash *f, uint64_t off, const void *buf, uint32_t len)
{
    ANSWER(FAULTY_WRITE, flash->prog(f, off, buf, len));
}

static tdm_err on_erase(struct tdm_flash *f, uint64_t off, uint64_t len)
{
    ANSWER(FAULTY_WRITE, flash->erase(f, off, len));
}

static tdm_err on_sync(struct tdm_flash *f)
{
    ANSWER(FAULTY_WRITE, flash->sync(f));
}

static tdm_err on_reread(struct tdm_flash *f)
{
    ANSWER(FAULTY_WRITE, flash->reread(f));
}

void faulty_flash(struct tdm_flash *f)
{
    static const struct tdm_flash_ops ops = {on_read, on_prog, on_erase, on_sync, on_reread};

    flash = f->ops != &ops ? f->ops : flash;
    f->ops = &ops;
}

/* ---- host and digests ---------------------------------------------------------------------------------------------- */

static tdm_err on_running(struct tdm_host *h, enum tdm_host_slot *slot)
{
    ANSWER(FAULTY_HOST, host->running(h, slot));
}

static tdm_err on_next(struct tdm_host *h, enum tdm_host_slot *slot, bool *is_final)
{
    ANSWER(FAULTY_HOST, host->next(h, slot, is_final));
}

static tdm_err on_select(struct tdm_host *h, enum tdm_host_slot slot, enum tdm_select how)
{
    ANSWER(FAULTY_HOST, host->select(h, slot, how));
}

void faulty_host(struct tdm_host *h)
{
    static const struct tdm_host_ops ops = {on_running, on_next, on_select};

    host = h->ops != &ops ? h->ops : host;
    h->ops = &ops;
}

static tdm_err on_begin(struct tdm_crypto *c, struct tdm_sha256 *s)
{
    ANSWER(FAULTY_CRYPTO, crypto->sha256_begin(c, s));
}

static tdm_err on_update(struct tdm_crypto *c, struct tdm_sha256 *s, const uint8_t *data, size_t len)
{
    ANSWER(FAULTY_CRYPTO, crypto->sha256_update(c, s, data, len));
}

static tdm_err on_peek(struct tdm_crypto *c, const struct tdm_sha256 *s, uint8_t *out)
{
    ANSWER(FAULTY_CRYPTO, crypto->sha256_peek(c, s, out));
}

/* A digest is given back even where the answer is an error: that is the contract. */
static tdm_err on_end(struct tdm_crypto *c, struct tdm_sha256 *s, uint8_t *out)
{
    tdm_err err = crypto->sha256_end(c, s, out), planned = out == NULL ? TDM_OK : next(FAULTY_CRYPTO);

    return planned != TDM_OK ? planned : err;
}

void faulty_crypto(struct tdm_crypto *c)
{
    static struct tdm_crypto_ops ops;

    crypto = c->ops != &ops ? c->ops : crypto;
    ops = *crypto;
    ops.sha256_begin = on_begin;
    ops.sha256_update = on_update;
    ops.sha256_end = on_end;
    ops.sha256_peek = on_peek;
    c->ops = &ops;
}

/* ---- the radio ----------------------------------------------------------------------------------------------------- */

static tdm_err on_serial_read(struct tdm_serial *s, uint8_t *buf, size_t cap, uint32_t timeout_ms, size_t *got)
{
    *got = 0;
    ANSWER(FAULTY_SERIAL, serial->read(s, buf, cap, timeout_ms, got));
}

static tdm_err on_serial_write(struct tdm_serial *s, const uint8_t *data, size_t len, uint32_t timeout_ms)
{
    ANSWER(FAULTY_SERIAL, serial->write(s, data, len, timeout_ms));
}

static tdm_err on_set_baud(struct tdm_serial *s, uint32_t baud)
{
    ANSWER(FAULTY_SERIAL, serial->set_baud(s, baud));
}

static tdm_err on_drop_input(struct tdm_serial *s)
{
    ANSWER(FAULTY_SERIAL, serial->drop_input(s));
}

void faulty_serial(struct tdm_serial *s)
{
    static const struct tdm_serial_ops ops = {on_serial_read, on_serial_write, on_set_baud, on_drop_input};

    serial = s->ops != &ops ? s->ops : serial;
    s->ops = &ops;
}

static tdm_err on_set(struct tdm_lines *l, bool reset, bool boot)
{
    ANSWER(FAULTY_LINES, lines->set(l, reset, boot));
}

void faulty_lines(struct tdm_lines *l)
{
    static const struct tdm_lines_ops ops = {on_set};

    lines = l->ops != &ops ? l->ops : lines;
    l->ops = &ops;
}
