/* SPDX-License-Identifier: Apache-2.0 */
#include "support/install_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

#define ERASE_SIZE 4096
#define PROG_SIZE  256

/* The part that is asked for, or all of it: without ranges, or when the asker goes on with another file. */
static size_t source_open(struct world_source *s, const struct tdm_http_ask *ask, struct tdm_http_reply *reply)
{
    const char *mine = s->validator != NULL ? s->validator : "", *asked = ask->validator != NULL ? ask->validator : "";

    if (++s->gets == s->changes_at)
        s->validator = mine = "\"changed\"";
    reply->has_length = s->tells_length;
    reply->length = s->len;
    reply->has_ranges = s->has_ranges;
    (void)snprintf(reply->validator, sizeof reply->validator, "%s", mine);
    reply->is_changed = asked[0] != '\0' && mine[0] != '\0' && strcmp(asked, mine) != 0;
    assert_true(!s->has_no_middle || s->gets < 1000); /* else it goes on for ever */
    if (!s->has_ranges || (s->has_no_middle && ask->from > 0) || (asked[0] != '\0' && strcmp(asked, mine) != 0))
        return s->len;
    reply->start = ask->from;
    return ask->count > 0 && ask->count < s->len - ask->from ? (size_t)(ask->from + ask->count) : s->len;
}

static tdm_err source_get(struct tdm_http *port, const char *url, const struct tdm_http_ask *ask, struct tdm_sink *body,
                          struct tdm_http_reply *reply)
{
    struct world_source *s = (struct world_source *)port;
    tdm_err err = TDM_OK;

    assert_string_equal(url, "test:image");
    size_t end = source_open(s, ask, reply);
    if (reply->start > 0 && reply->start >= s->len)
        return tdm_fault_set(&reply->fault, TDM_E_PEER, "range_beyond_end", "the file is shorter than it was", 0);
    for (size_t at = (size_t)reply->start; at < end && err == TDM_OK; at += s->chunk) {
        if (s->breaks_at > 0 && at >= s->breaks_at)
            return tdm_fault_set(&reply->fault, TDM_E_UNREACHABLE, "connection_broke", "the connection broke", 0);
        size_t len = end - at < s->chunk ? end - at : s->chunk;
        s->sent += len;
        err = tdm_sink_push(body, s->bytes + at, len);
    }
    return err;
}

static void on_note(struct tdm_log *log, enum tdm_log_level level, const char *what, uint64_t value)
{
    struct install_world *w = (struct install_world *)((char *)log - offsetof(struct install_world, log));
    (void)what, (void)value;
    w->warnings += level == TDM_LOG_WARNING;
}

static void on_progress(struct tdm_log *log, enum tdm_phase phase, const char *what, uint64_t done, uint64_t total)
{
    (void)log, (void)phase, (void)what;
    assert_true(total == 0 || done <= total);
}

void world_open(struct install_world *w, bool has_slots)
{
    static const struct tdm_http_ops ops = {.get = source_get};
    uint8_t factory[WORLD_SLOT_SIZE];

    memset(w, 0, sizeof *w);
    memset(factory, 0x5a, sizeof factory);
    fake_flash_open(&w->record, &w->power, 2 * (uint64_t)ERASE_SIZE, ERASE_SIZE, PROG_SIZE);
    fake_flash_open(&w->journal, &w->power, (uint64_t)INSTALL_JOURNAL_PLACES * ERASE_SIZE, ERASE_SIZE, PROG_SIZE);
    for (int i = 0; i < SLOT_RCP_SLOTS; i++)
        fake_flash_open(&w->rcp[i], &w->power, WORLD_SLOT_SIZE, ERASE_SIZE, PROG_SIZE);
    for (int i = 0; i < TDM_HOST_SLOTS; i++)
        fake_flash_open(&w->host_slots[i], &w->power, WORLD_SLOT_SIZE, ERASE_SIZE, PROG_SIZE);
    fake_flash_plant(&w->host_slots[TDM_HOST_A], 0, factory, sizeof factory);
    fake_host_init(&w->host, &w->power, has_slots ? &w->host_slots[0].port : NULL,
                   has_slots ? &w->host_slots[1].port : NULL, TDM_HOST_A);
    crypto_openssl_init(&w->crypto);
    w->source = (struct world_source){.port.ops = &ops, .chunk = 1000};
    w->log = (struct tdm_log){.note = on_note, .progress = on_progress};
    world_begin(w);
}

void world_close(struct install_world *w)
{
    fake_flash_close(&w->record);
    fake_flash_close(&w->journal);
    for (int i = 0; i < SLOT_RCP_SLOTS; i++)
        fake_flash_close(&w->rcp[i]);
    for (int i = 0; i < TDM_HOST_SLOTS; i++)
        fake_flash_close(&w->host_slots[i]);
}

void world_begin(struct install_world *w)
{
    struct install_config cfg = {
        .source = &w->source.port,
        .crypto = &w->crypto.port,
        .host = &w->host.port,
        .rcp_slots = {&w->rcp[0].port, &w->rcp[1].port},
        .store = &w->store,
        .log = &w->log,
        .policy = w->policy,
        .radio_chip = JUDGE_CHIP_UNKNOWN,
        .buf = w->buf,
        .buf_len = sizeof w->buf,
        .journal = w->has_journal ? &w->journal.port : NULL,
        .claim_every = 4096,
        .sync_every = 8192,
    };

    slot_store_init(&w->store, &w->record.port);
    install_init(&w->install, &cfg);
}

void world_reboot(struct install_world *w)
{
    fake_power_on(&w->power);
    fake_flash_reboot(&w->record);
    fake_flash_reboot(&w->journal);
    for (int i = 0; i < SLOT_RCP_SLOTS; i++)
        fake_flash_reboot(&w->rcp[i]);
    for (int i = 0; i < TDM_HOST_SLOTS; i++)
        fake_flash_reboot(&w->host_slots[i]);
    world_begin(w);
}

void world_serve(struct install_world *w, const struct sample_image *image)
{
    w->source.bytes = image->bytes;
    w->source.len = image->len;
}

enum slot_store_state world_load(struct install_world *w, struct slot_record *out)
{
    enum slot_store_state state;
    struct slot_store store;

    slot_store_init(&store, &w->record.port);
    assert_int_equal(slot_store_load(&store, out, &state), TDM_OK);
    return state;
}

void world_store(struct install_world *w, const struct slot_record *rec)
{
    struct slot_record old;
    enum slot_store_state state;
    struct slot_store store;

    slot_store_init(&store, &w->record.port);
    assert_int_equal(slot_store_load(&store, &old, &state), TDM_OK);
    assert_int_equal(slot_store_commit(&store, rec), TDM_OK);
}

bool world_is_whole(const struct fake_flash *f, const struct slot_content *c)
{
    uint8_t digest[SLOT_ID_LEN];

    if (c->length == 0 || c->length > f->port.size)
        return false;
    (void)SHA256(f->mem, c->length, digest);
    return memcmp(digest, c->digest, sizeof digest) == 0;
}

void world_install_good(struct install_world *w, const struct sample_image *image)
{
    struct slot_record rec;
    bool needs_restart;

    world_serve(w, image);
    world_begin(w);
    assert_int_equal(install_stage(&w->install, "test:image"), TDM_OK);
    assert_int_equal(install_arm(&w->install, &needs_restart), TDM_OK);
    assert_int_equal(world_load(w, &rec), SLOT_STORE_OK);
    enum tdm_host_slot to = (enum tdm_host_slot)rec.trial.to;
    w->host.running = w->host.selected = to;
    w->host.is_final = true;
    rec.host[to].content.state = SLOT_GOOD;
    rec.rcp[rec.host[to].rcp].state = SLOT_GOOD;
    memset(&rec.trial, 0, sizeof rec.trial);
    rec.radio.is_known = true;
    memcpy(rec.radio.holds, rec.rcp[rec.host[to].rcp].id, SLOT_ID_LEN);
    world_store(w, &rec);
    world_begin(w);
}
