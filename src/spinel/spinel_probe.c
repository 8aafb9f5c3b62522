/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/spinel.h>

#include <string.h>

#include "spinel/spinel_frame.h"
#include "spinel/spinel_link.h"

#define REPLY_MS       500u
#define BOOT_MS        2000u
#define TRIES          3u
#define PROTOCOL_MAJOR 4u
#define NO_CAP         0u /* no capability has this number */

bool spinel_has_cap(const struct spinel_identity *who, uint32_t cap)
{
    for (size_t i = 0; i < who->cap_count; i++) {
        if (who->caps[i] == cap)
            return true;
    }
    return false;
}

/* ---- what an answer means: value in, identity out ------------------------------------------------------------------ */

static void take_protocol(struct bytes_reader *r, struct spinel_identity *who)
{
    who->protocol_major = spinel_get_packed(r);
    who->protocol_minor = spinel_get_packed(r);
}

/* Printable and closed by its one NUL: this text is compared byte for byte and shown on terminals. */
static void take_version(struct bytes_reader *r, struct spinel_identity *who)
{
    size_t len = bytes_left(r);

    if (len < 2 || len > sizeof who->version) {
        r->ok = false;
        return;
    }
    bytes_get(r, who->version, len);
    for (size_t i = 0; i + 1 < len; i++)
        r->ok = r->ok && who->version[i] >= ' ' && who->version[i] <= '~';
    r->ok = r->ok && who->version[len - 1] == '\0';
}

static void take_caps(struct bytes_reader *r, struct spinel_identity *who)
{
    while (bytes_left(r) > 0 && who->cap_count < SPINEL_CAPS_MAX)
        who->caps[who->cap_count++] = spinel_get_packed(r);
}

static void take_hwaddr(struct bytes_reader *r, struct spinel_identity *who)
{
    bytes_get(r, who->hwaddr, sizeof who->hwaddr);
}

static void take_api(struct bytes_reader *r, struct spinel_identity *who)
{
    who->api = spinel_get_packed(r);
}

static void take_min_host_api(struct bytes_reader *r, struct spinel_identity *who)
{
    who->min_host_api = spinel_get_packed(r);
}

static void take_radio_caps(struct bytes_reader *r, struct spinel_identity *who)
{
    who->radio_caps = spinel_get_packed(r);
}

/* ---- the questions ------------------------------------------------------------------------------------------------- */

static tdm_err check_protocol(struct tdm_fault *fault, const struct spinel_identity *who)
{
    if (who->protocol_major == PROTOCOL_MAJOR)
        return TDM_OK;
    return tdm_fault_set(fault, TDM_E_MISMATCH, "radio_protocol", "the radio speaks another version of Spinel",
                         who->protocol_major);
}

static tdm_err check_caps(struct tdm_fault *fault, const struct spinel_identity *who)
{
    static const uint32_t needed[] = {SPINEL_CAP_CONFIG_RADIO, SPINEL_CAP_MAC_RAW};

    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (!spinel_has_cap(who, needed[i]))
            return tdm_fault_set(fault, TDM_E_MISMATCH, "not_an_rcp",
                                 "the radio's firmware lacks a capability of a co-processor", needed[i]);
    }
    return TDM_OK;
}

static tdm_err check_nothing(struct tdm_fault *fault, const struct spinel_identity *who)
{
    (void)who;
    return fault->err;
}

/* In this order: each may rely on the answers before it. */
static const struct spinel_question {
    uint32_t property;
    uint32_t only_with_cap; /* NO_CAP: always asked                          */
    bool may_be_refused;    /* then the identity keeps its value for "none" */
    void (*take)(struct bytes_reader *r, struct spinel_identity *who);
    tdm_err (*check)(struct tdm_fault *fault, const struct spinel_identity *who);
    const char *bad;
} questions[] = {
    {SPINEL_PROP_PROTOCOL_VERSION, NO_CAP, false, take_protocol, check_protocol, "malformed protocol version"},
    {SPINEL_PROP_NCP_VERSION, NO_CAP, false, take_version, check_nothing, "malformed version text"},
    {SPINEL_PROP_CAPS, NO_CAP, false, take_caps, check_caps, "malformed list of capabilities"},
    {SPINEL_PROP_HWADDR, NO_CAP, false, take_hwaddr, check_nothing, "malformed hardware address"},
    {SPINEL_PROP_RCP_API_VERSION, SPINEL_CAP_RCP_API, false, take_api, check_nothing, "malformed API version"},
    {SPINEL_PROP_RCP_MIN_HOST_API_VERSION, SPINEL_CAP_RCP_MIN_HOST_API, false, take_min_host_api, check_nothing,
     "malformed minimum host API version"},
    {SPINEL_PROP_RADIO_CAPS, NO_CAP, true, take_radio_caps, check_nothing, "malformed radio capabilities"},
};

static tdm_err ask_one(struct spinel_link *link, const struct spinel_question *q, struct spinel_identity *who)
{
    struct spinel_frame reply;

    tdm_err err = spinel_link_get(link, q->property, &reply);
    if (err == TDM_E_PEER && q->may_be_refused) {
        tdm_fault_clear(link->fault);
        return TDM_OK;
    }
    if (err != TDM_OK)
        return err;
    struct bytes_reader r = bytes_reader_on(reply.value, reply.value_len);
    q->take(&r, who);
    if (!r.ok || bytes_left(&r) != 0)
        return tdm_fault_set(link->fault, TDM_E_FORMAT, "bad_reply", q->bad, q->property);
    return q->check(link->fault, who);
}

static tdm_err ask_all(struct spinel_link *link, struct spinel_identity *who)
{
    *who = (struct spinel_identity){.api = 1, .min_host_api = 1};
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        if (questions[i].only_with_cap != NO_CAP && !spinel_has_cap(who, questions[i].only_with_cap))
            continue;
        tdm_err err = ask_one(link, &questions[i], who);
        if (err != TDM_OK)
            return err;
    }
    return TDM_OK;
}

/* ---- the ladder ---------------------------------------------------------------------------------------------------- */

static struct spinel_link link_of(struct spinel *s)
{
    struct spinel_link link = {
        .serial = s->cfg.serial,
        .clock = s->cfg.clock,
        .log = s->cfg.log,
        .fault = &s->fault,
        .reply_ms = s->cfg.reply_ms,
        .tries = s->cfg.tries,
        .tid = &s->tid,
    };

    spinel_link_start(&link, s->frame, sizeof s->frame);
    return link;
}

static tdm_err port_ready(struct spinel *s, bool is_input_stale)
{
    tdm_fault_clear(&s->fault);
    tdm_err err = tdm_serial_set_baud(s->cfg.serial, s->cfg.baud);
    if (err == TDM_OK && is_input_stale)
        err = tdm_serial_drop_input(s->cfg.serial);
    if (err == TDM_OK)
        return TDM_OK;
    return err == TDM_E_UNREACHABLE
               ? tdm_fault_set(&s->fault, err, "port_lost", "the serial port is gone", 0)
               : tdm_fault_set(&s->fault, err, "port_io", "the serial port could not be set up", s->cfg.baud);
}

/* A missing notice is no verdict: noise of the start may have covered it, so the questions decide. */
static tdm_err ask_after_notice(struct spinel *s, struct spinel_link *link, uint32_t notice_ms,
                                struct spinel_identity *who)
{
    if (!spinel_link_saw_reset(link, notice_ms))
        tdm_log_note(s->cfg.log, TDM_LOG_INFO, "radio: no notice of a reset", 0);
    return s->fault.err != TDM_OK ? s->fault.err : ask_all(link, who);
}

static tdm_err step_ask(struct spinel *s, struct spinel_link *link, struct spinel_identity *who)
{
    (void)s;
    return ask_all(link, who);
}

/* A stack is reset without a restart, so its notice comes as fast as an answer; unless there is no other reset to come. */
static tdm_err step_soft(struct spinel *s, struct spinel_link *link, struct spinel_identity *who)
{
    static const uint8_t kind = SPINEL_RESET_STACK;
    const struct spinel_frame reset = {.command = SPINEL_CMD_RESET, .value = &kind, .value_len = 1};

    tdm_err err = spinel_link_send(link, &reset);
    return err != TDM_OK ? err : ask_after_notice(s, link, s->goes_hard ? s->cfg.reply_ms : s->cfg.boot_ms, who);
}

static tdm_err pull_reset(struct spinel *s)
{
    if (s->cfg.starter) {
        tdm_err err = s->cfg.starter->start(s->cfg.starter, &s->fault);
        return err != TDM_OK ? err : port_ready(s, false);
    }
    tdm_err err = tdm_lines_reset(s->cfg.lines, s->cfg.clock, TDM_BOOT_APP);
    return err == TDM_OK ? TDM_OK
                         : tdm_fault_set(&s->fault, err, "lines_failed", "the RESET line could not be moved", 0);
}

static tdm_err step_hard(struct spinel *s, struct spinel_link *link, struct spinel_identity *who)
{
    tdm_err err = pull_reset(s);
    return err != TDM_OK ? err : ask_after_notice(s, link, s->cfg.boot_ms, who);
}

static const struct spinel_step {
    const char *note;
    tdm_err (*run)(struct spinel *s, struct spinel_link *link, struct spinel_identity *who);
} steps[] = {
    [SPINEL_ASK] = {"radio: asked", step_ask},
    [SPINEL_RESET_SOFT] = {"radio: asked to reset its stack", step_soft},
    [SPINEL_RESET_HARD] = {"radio: reset by its line", step_hard},
};

/* Another try can help against silence and confusion; not against a lost port or firmware of another kind. */
static bool may_heal(tdm_err err)
{
    return err == TDM_E_TIMEOUT || err == TDM_E_FORMAT || err == TDM_E_PEER;
}

/* Three questions, and nothing but bytes: what sends them has no stack that could be reset. */
static bool hears_no_spinel(const struct spinel *s)
{
    return strcmp(s->fault.code, "radio_noise") == 0;
}

void spinel_init(struct spinel *s, const struct spinel_config *cfg)
{
    *s = (struct spinel){.cfg = *cfg};
    if (s->cfg.reply_ms == 0)
        s->cfg.reply_ms = REPLY_MS;
    if (s->cfg.boot_ms == 0)
        s->cfg.boot_ms = BOOT_MS;
    if (s->cfg.tries == 0)
        s->cfg.tries = TRIES;
    tdm_fault_clear(&s->fault);
}

tdm_err spinel_probe(struct spinel *s, enum spinel_effort effort, struct spinel_identity *who)
{
    tdm_err err = TDM_E_TIMEOUT;

    *who = (struct spinel_identity){.api = 1, .min_host_api = 1};
    s->goes_hard = effort == SPINEL_RESET_HARD && s->cfg.lines->is_wired;
    for (unsigned i = SPINEL_ASK; i <= (unsigned)effort && may_heal(err); i++) {
        if (i == SPINEL_RESET_HARD && !s->cfg.lines->is_wired)
            break;
        if (i == SPINEL_RESET_SOFT && s->goes_hard && hears_no_spinel(s))
            continue;
        err = port_ready(s, true);
        if (err != TDM_OK)
            return err;
        struct spinel_link link = link_of(s);
        tdm_log_note(s->cfg.log, TDM_LOG_DEBUG, steps[i].note, 0);
        err = steps[i].run(s, &link, who);
    }
    return err;
}

/* What has come in since the reset is kept: the notice may be among it. */
tdm_err spinel_probe_after_reset(struct spinel *s, struct spinel_identity *who)
{
    *who = (struct spinel_identity){.api = 1, .min_host_api = 1};
    tdm_err err = port_ready(s, false);
    if (err != TDM_OK)
        return err;
    struct spinel_link link = link_of(s);
    return ask_after_notice(s, &link, s->cfg.boot_ms, who);
}
