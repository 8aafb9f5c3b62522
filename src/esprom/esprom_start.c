/* SPDX-License-Identifier: Apache-2.0 */
/* Out of reset into the firmware, with an ear on what the ROM finds in its flash. */
#include <tandem/esprom.h>

#include <string.h>

#include "esprom/esprom_boot.h"
#include "esprom/esprom_engine.h"
#include "esprom/esprom_link.h"

#define FIRST_BYTE_MS 150u /* a ROM speaks within milliseconds; over a network its text travels */
#define TEXT_MS       200u /* from its first byte on */
#define EMPTY_MS      150u /* the ROM must have gone on to nothing for so long; a flash chip wakes within a tenth of it */
#define TEXT_KEPT     32u /* longer than any word that counts: one may come in two pieces */

struct start_ear {
    struct tdm_deadline until;
    bool has_heard, is_empty, is_entered;
    char text[TEXT_KEPT + 64 + 1]; /* the end of what came */
};

static void take_text(struct start_ear *ear, const uint8_t *data, size_t len)
{
    size_t used = strlen(ear->text);

    if (used > TEXT_KEPT)
        memmove(ear->text, ear->text + used - TEXT_KEPT, TEXT_KEPT + 1);
    esprom_boot_collect(ear->text, sizeof ear->text, data, len);
}

/* "Nothing there" counts only when no start follows it: a flash that wakes late is found at the ROM's next look. */
static void judge_start(struct start_ear *ear, struct tdm_clock *clock)
{
    enum esprom_boot_kind kind = esprom_boot_judge(ear->text);

    if (!ear->has_heard)
        ear->until = tdm_deadline_in(clock, TEXT_MS);
    ear->has_heard = true;
    ear->is_entered = kind == ESPROM_BOOT_ENTERED;
    if (kind == ESPROM_BOOT_EMPTY && !ear->is_empty) {
        ear->until = tdm_deadline_in(clock, EMPTY_MS);
        ear->is_empty = true;
    }
}

/* It ends with the text of a start, or when its time is over; each deadline is moved once at most. */
static tdm_err hear_start(struct esprom *e, struct start_ear *ear)
{
    uint8_t in[64];
    size_t got;

    ear->until = tdm_deadline_in(e->cfg.clock, FIRST_BYTE_MS);
    while (!ear->is_entered && !tdm_deadline_passed(&ear->until)) {
        tdm_err err = tdm_serial_read(e->cfg.serial, in, sizeof in, tdm_deadline_left_ms(&ear->until), &got);
        if (err == TDM_E_TIMEOUT)
            break;
        if (err != TDM_OK)
            return esprom_fail(e, err, "serial_failed", "the serial port failed", 0);
        take_text(ear, in, got);
        judge_start(ear, e->cfg.clock);
    }
    return TDM_OK;
}

tdm_err esprom_start_firmware(struct esprom *e)
{
    struct start_ear ear = {.text = ""};

    tdm_fault_clear(&e->fault);
    e->is_connected = false;
    if (esprom_link_set_baud(&e->link, ESPROM_BAUD_START) != TDM_OK)
        return esprom_fail_link(e);
    tdm_err err = tdm_serial_drop_input(e->cfg.serial);
    if (err != TDM_OK)
        return esprom_fail(e, err, "serial_failed", "the serial port failed", 0);
    err = tdm_lines_reset(e->cfg.lines, e->cfg.clock, TDM_BOOT_APP);
    if (err != TDM_OK)
        return esprom_fail(e, err, "lines_failed", "the RESET line could not be driven", 0);
    err = hear_start(e, &ear);
    if (err != TDM_OK || ear.is_entered || !ear.is_empty)
        return err;
    return esprom_fail(e, TDM_E_STATE, "no_firmware", "the radio's flash holds nothing that it would start", 0);
}
