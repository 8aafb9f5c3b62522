/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/esprom.h>

#include "esprom/esprom_boot.h"
#include "esprom/esprom_engine.h"
#include "esprom/esprom_link.h"

#define RESETS            3u
#define IDENTIFY_TRIES    2u
#define SYNCS_AFTER_RESET 5u
#define SYNC_TIMEOUT_MS   100u
#define STRANGERS_SURE    2u  /* answers that are not a ROM's, and it is none */
#define SYNC_LEAST_MS     10u /* what one takes when it is answered by noise */
#define BANNER_QUIET_MS   60u
#define BANNER_LONGEST_MS 400u

/* What 115200 becomes when the crystal has 26 MHz and the ROM reckons with 40. */
#define BAUD_OF_26_MHZ 74880u

/* Why no SYNC was answered, by what was heard instead. */
static const struct {
    enum esprom_boot_kind kind;
    tdm_err err;
    const char *code, *what;
} diagnoses[] = {
    {ESPROM_BOOT_APP, TDM_E_STATE, "not_in_loader", "the radio started its firmware, not its ROM loader"},
    {ESPROM_BOOT_ENTERED, TDM_E_STATE, "not_in_loader", "the radio started its firmware, not its ROM loader"},
    {ESPROM_BOOT_EMPTY, TDM_E_STATE, "not_in_loader", "the radio started its firmware, not its ROM loader"},
    {ESPROM_BOOT_LOADER, TDM_E_TIMEOUT, "no_sync", "the ROM loader waits but does not hear us"},
    {ESPROM_BOOT_USB_ONLY, TDM_E_STATE, "usb_download_only", "the ROM loader waits on USB alone"},
    {ESPROM_BOOT_UNKNOWN, TDM_E_NOISE, "no_loader", "bytes came, but neither boot text nor a reply"},
};

static tdm_err explain(struct esprom *e)
{
    enum esprom_boot_kind kind = esprom_boot_judge(e->boot_text);

    if (e->link.heard == 0)
        return esprom_fail(e, TDM_E_TIMEOUT, "no_answer", "not one byte came from the radio", 0);
    for (size_t i = 0; i < sizeof diagnoses / sizeof diagnoses[0]; i++)
        if (diagnoses[i].kind == kind)
            return esprom_fail(e, diagnoses[i].err, diagnoses[i].code, diagnoses[i].what, e->link.heard);
    return esprom_fail(e, TDM_E_BUG, "no_diagnosis", "boot text without a meaning", (uint64_t)kind);
}

/*
 * Each reset starts the text anew: the last attempt is the one that is told of. Over a network the text may come later
 * than this waits, so it is kept while SYNC is sent, too.
 */
static tdm_err reset_and_hear(struct esprom *e)
{
    e->boot_text[0] = '\0';
    tdm_err err = esprom_drop_input(e);
    if (err != TDM_OK)
        return err;
    err = tdm_lines_reset(e->cfg.lines, e->cfg.clock, TDM_BOOT_LOADER);
    if (err != TDM_OK)
        return esprom_fail(e, err, "lines_failed", "the RESET and BOOT lines could not be driven", 0);
    err = esprom_link_listen(&e->link, BANNER_QUIET_MS, BANNER_LONGEST_MS, e->boot_text, sizeof e->boot_text);
    return err == TDM_OK ? TDM_OK : esprom_fail_link(e);
}

/* One reset more, heard at that rate. A port that cannot have it tells nothing. */
static bool waits_slowly(struct esprom *e)
{
    bool is_heard = tdm_serial_set_baud(e->cfg.serial, BAUD_OF_26_MHZ) == TDM_OK && reset_and_hear(e) == TDM_OK;
    return is_heard && esprom_boot_judge(e->boot_text) == ESPROM_BOOT_LOADER;
}

static tdm_err diagnose(struct esprom *e)
{
    bool is_garbled = e->link.heard > 0 && esprom_boot_judge(e->boot_text) == ESPROM_BOOT_UNKNOWN;

    if (is_garbled && e->cfg.lines->is_wired && waits_slowly(e))
        return esprom_fail(e, TDM_E_NOISE, "rom_other_speed", "the ROM's text comes at another speed", BAUD_OF_26_MHZ);
    return e->fault.err != TDM_OK ? e->fault.err : explain(e);
}

/* A ROM repeats the word it was sent; a loader that was put into the chip's RAM answers 0. One such answer may be damage. */
static tdm_err sync(struct esprom *e, unsigned attempts, bool *is_synced)
{
    struct esprom_reply reply;
    unsigned strangers = 0;

    *is_synced = false;
    for (unsigned i = 0; i < attempts && !*is_synced; i++) {
        tdm_err err = esprom_link_sync(&e->link, SYNC_TIMEOUT_MS, &reply);
        if (err != TDM_OK && err != TDM_E_TIMEOUT && err != TDM_E_NOISE && err != TDM_E_PEER)
            return esprom_fail_link(e);
        *is_synced = err == TDM_OK && reply.value == ESPROM_SYNC_VALUE;
        strangers += err == TDM_OK && !*is_synced;
        e->is_in_loader = e->is_in_loader || err == TDM_OK;
    }
    if (strangers >= STRANGERS_SURE && !*is_synced)
        return esprom_fail(e, TDM_E_MISMATCH, "not_a_rom", "something else than a ROM loader answers", reply.value);
    return TDM_OK;
}

static tdm_err reset_until_synced(struct esprom *e, bool *is_synced)
{
    tdm_err err = TDM_OK;

    for (unsigned i = 0; i < RESETS && err == TDM_OK && !*is_synced; i++) {
        tdm_log_progress(e->cfg.log, TDM_PHASE_CONNECT, "loader", i, RESETS);
        err = reset_and_hear(e);
        if (err == TDM_OK)
            err = sync(e, SYNCS_AFTER_RESET, is_synced);
    }
    return err;
}

static tdm_err sync_as_it_is(struct esprom *e, bool *is_synced)
{
    tdm_err err = esprom_drop_input(e);
    return err == TDM_OK ? sync(e, SYNCS_AFTER_RESET, is_synced) : err;
}

/* Somebody is at the buttons, or nobody: the loader is asked until it answers, or hand_ms have passed. */
static tdm_err await_hand(struct esprom *e, bool *is_synced)
{
    uint32_t began_ms = tdm_clock_now_ms(e->cfg.clock), passed_ms = 0, wait_ms = e->cfg.hand_ms;
    tdm_err err = TDM_OK;

    tdm_log_note(
        e->cfg.log, TDM_LOG_WARNING,
        "no lines are wired: hold the radio's BOOT button, press and release RESET, then let BOOT go; seconds to do it",
        wait_ms / 1000);
    for (uint32_t i = 0; i < wait_ms / SYNC_LEAST_MS && passed_ms < wait_ms && err == TDM_OK && !*is_synced; i++) {
        tdm_log_progress(e->cfg.log, TDM_PHASE_CONNECT, "buttons", passed_ms / 1000, wait_ms / 1000);
        err = sync(e, STRANGERS_SURE, is_synced);
        passed_ms = tdm_clock_now_ms(e->cfg.clock) - began_ms;
    }
    return err;
}

/* Without lines somebody may have started the loader already; only when nobody answers are they asked to. */
static tdm_err enter_loader(struct esprom *e)
{
    bool is_synced = false;
    tdm_err err = e->cfg.lines->is_wired ? reset_until_synced(e, &is_synced) : sync_as_it_is(e, &is_synced);

    if (err == TDM_OK && !is_synced && !e->cfg.lines->is_wired)
        err = await_hand(e, &is_synced);
    if (err != TDM_OK)
        return err;
    return is_synced ? TDM_OK : diagnose(e);
}

static tdm_err connect_once(struct esprom *e)
{
    e->boot_text[0] = '\0';
    e->link.heard = 0;
    if (esprom_link_set_baud(&e->link, ESPROM_BAUD_START) != TDM_OK)
        return esprom_fail_link(e);
    e->link.text = e->boot_text;
    tdm_err err = enter_loader(e);
    e->link.text = NULL;
    return err;
}

/* A loader that answered SYNC and then could not be identified may have lost its power, or a byte on the way. */
static bool is_worth_another(const struct esprom *e)
{
    tdm_err err = e->fault.err;
    return e->cfg.lines->is_wired &&
           (err == TDM_E_TIMEOUT || err == TDM_E_NOISE || err == TDM_E_PEER || err == TDM_E_NOT_FOUND);
}

tdm_err esprom_connect(struct esprom *e)
{
    e->is_identified = false;
    return esprom_reconnect(e);
}

tdm_err esprom_reconnect(struct esprom *e)
{
    tdm_err err = TDM_E_TIMEOUT;

    e->is_connected = e->stream.is_open = e->needs_hand = false;
    for (unsigned i = 0; i < IDENTIFY_TRIES && err != TDM_OK; i++) {
        tdm_fault_clear(&e->fault);
        err = connect_once(e);
        if (err != TDM_OK)
            return err;
        err = esprom_identify(e);
        if (err != TDM_OK && !is_worth_another(e))
            return err;
    }
    e->is_connected = err == TDM_OK;
    if (e->is_connected)
        tdm_log_progress(e->cfg.log, TDM_PHASE_CONNECT, "loader", 1, 1);
    return err;
}
