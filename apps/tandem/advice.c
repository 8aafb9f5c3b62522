/* SPDX-License-Identifier: Apache-2.0 */
#include "advice.h"

#include <stddef.h>
#include <string.h>

/* In alphabetical order of codes, so that two people adding rows seldom meet. */
static const struct advice_row {
    const char *code, *advice;
} advice_rows[] = {
    {"bundle_damaged", "store the bundle again: `tandem ota download`, or `tandem rcp adopt`"},
    {"bundle_misfit", "this bundle is for another radio: install one for the chip that answers"},
    {"cannot_go_back", "neither host slot is a proven one: install an update with `tandem ota download`"},
    {"digest_differs", "`tandem rcp update` tries again; shorter wires or a lower [radio] flash-baud may help"},
    {"flash_limit", "when the cause is removed, `tandem rcp update` starts to count anew"},
    {"no_bundle", "store one with `tandem rcp adopt`, or install an update"},
    {"no_loader", "check the RESET and BOOT wiring and [radio] lines; `tandem rcp probe` tries each layer"},
    {"no_sync", "check the wiring and [radio] lines; `tandem rcp probe` tries each layer"},
    {"not_in_loader", "check the BOOT wiring and [radio] lines; `tandem rcp probe` tries each layer"},
    {"radio_noise", "check [radio] baud and the wiring; `tandem rcp probe` tries each layer"},
    {"radio_silent", "check the radio's power and wiring; `tandem rcp probe` tries each layer"},
    {"record_lost", "`tandem rcp adopt` or the next `tandem ota download` begins a new record"},
    {"record_not_writable", "free or replace the storage that [slots] record names"},
    {"record_unreadable", "check the storage that [slots] record names, and that this is the newest tandem"},
    {"rom_silent", "check power, wiring and [radio] lines; `tandem rcp probe` tries each layer"},
    {"running_unknown", "set [host] running to where this router says which slot it booted"},
    {"select_failed", "check the storage that [host] boot-record names"},
    {"storage_access", "run as root, or give this user the file"},
    {"storage_in_use", "unmount it, or wait until the other tandem has ended"},
    {"storage_not_found", "make the folder, or name another place in the configuration"},
    {"trial_pending", "`tandem boot` proves it or takes it back"},
    {"tries_used_up", "`tandem ota status` shows what runs now; the image is not tried again"},
    {"unknown_host", "install an update with `tandem ota download`, or boot a proven host slot"},
    {"untrusted_certificate", "add the server's certificate with `tandem trust add CERT`"},
    {"wrong_chip", "check [radio] chip, and that the image is made for this radio"},
};

const char *advice_for(const char *code)
{
    for (size_t i = 0; i < sizeof advice_rows / sizeof advice_rows[0]; i++) {
        if (code != NULL && strcmp(advice_rows[i].code, code) == 0)
            return advice_rows[i].advice;
    }
    return NULL;
}
