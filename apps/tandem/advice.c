/* SPDX-License-Identifier: Apache-2.0 */
#include "advice.h"

#include <stddef.h>
#include <string.h>

/* In alphabetical order of codes, so that two people adding rows seldom meet. */
static const struct advice_row {
    const char *code, *advice;
} advice_rows[] = {
    {"already_installed", "nothing needs to be done"},
    {"back_has_no_bundle", "take an older image with `tandem ota download` instead"},
    {"bad_scheme", "give an https:// URL, or the name of a file"},
    {"bad_trust_file", "look at it with `tandem trust list`"},
    {"baud_failed", "a lower [radio] flash-baud may help"},
    {"below_floor", "take an image that is at least as new"},
    {"bundle_damaged", "store the bundle again: `tandem ota download`, or `tandem rcp adopt`"},
    {"bundle_misfit", "this bundle is for another radio: install one for the chip that answers"},
    {"cannot_go_back", "neither host slot is a proven one: install an update with `tandem ota download`"},
    {"certificate_expired", "renew it on the server; or this router's clock is wrong"},
    {"certificate_not_yet_valid", "this router's clock is probably wrong"},
    {"connect_timeout", "check address and network, or raise [source] connect-timeout"},
    {"connection_broke", "try again"},
    {"digest_differs", "`tandem rcp update` tries again; shorter wires or a lower [radio] flash-baud may help"},
    {"first_byte_timeout",
     "the server may be busy with somebody else: try again, or raise [source] first-byte-timeout"},
    {"flash_encrypted", "this chip takes no firmware over its serial port; only its own firmware can update it"},
    {"flash_limit", "when the cause is removed, `tandem rcp update` starts to count anew"},
    {"host_has_no_slots", "take a radio-only image, or configure [host] slots"},
    {"host_not_proven", "run `tandem boot`, then try again"},
    {"http_status", "check the address"},
    {"known_bad", "`tandem ota status` tells why; take another image"},
    {"no_answer", "check the wiring and [radio] lines; `tandem rcp probe` tries each layer"},
    {"no_bundle", "store one with `tandem rcp adopt`, or install an update"},
    {"no_connection", "check address and port, and that the server runs"},
    {"no_loader", "check the RESET and BOOT wiring and [radio] lines; `tandem rcp probe` tries each layer"},
    {"no_such_host", "check the address, and this router's name server"},
    {"no_sync", "check the wiring and [radio] lines; `tandem rcp probe` tries each layer"},
    {"not_a_certificate", "give it in PEM form: openssl x509 -in CERT -out CERT.pem"},
    {"not_an_rcp", "the radio runs other firmware than a co-processor's: `tandem rcp update` replaces it"},
    {"not_http", "check address and port"},
    {"not_image", "check the address, and what the server has there"},
    {"not_in_loader", "check the BOOT wiring and [radio] lines; `tandem rcp probe` tries each layer"},
    {"nothing_staged", "`tandem ota download` first"},
    {"nothing_to_go_back", "take an older image with `tandem ota download` instead"},
    {"plain_http", "use https://, or accept the risk with [source] allow-http = yes"},
    {"port_lost", "check [radio] port and the cable; `tandem rcp probe` tries each layer"},
    {"private_key", "give the certificate alone"},
    {"radio_noise", "check [radio] baud and the wiring; `tandem rcp probe` tries each layer"},
    {"radio_silent", "check the radio's power and wiring; `tandem rcp probe` tries each layer"},
    {"record_lost", "`tandem rcp adopt` or the next `tandem ota download` begins a new record"},
    {"record_not_writable", "free or replace the storage that [slots] record names"},
    {"record_unreadable", "check the storage that [slots] record names, and that this is the newest tandem"},
    {"restart_pending", "restart the router, or take the switch back with `tandem ota cancel`"},
    {"rom_noise", "shorter wires or a lower [radio] flash-baud may help; `tandem rcp update` tries again"},
    {"rom_silent", "check power, wiring and [radio] lines; `tandem rcp probe` tries each layer"},
    {"running_source", "set [host] running to where this router says which slot it booted"},
    {"running_unknown", "set [host] running to where this router says which slot it booted"},
    {"secure_download", "this chip's loader is locked; only its own firmware can update it"},
    {"select_failed", "check what [host] selector leads to"},
    {"selector_unreadable", "check what [host] selector leads to, and that it names one of the two slots"},
    {"stall_timeout", "try again, or raise [source] stall-timeout"},
    {"staged_differs", "`tandem ota cancel`, then download it again"},
    {"storage_access", "run as root, or give this user the file"},
    {"storage_in_use", "unmount it, or wait until the other tandem has ended"},
    {"storage_not_found", "make the folder, or name another place in the configuration"},
    {"stored_differs", "take an older image with `tandem ota download` instead"},
    {"tls_failed", "check that this port speaks TLS 1.2 or newer"},
    {"too_new", "update Tandem on this router first"},
    {"trial_pending", "restart, and `tandem boot` proves it; or `tandem ota cancel`, `confirm` or `rollback` ends it"},
    {"trial_running", "`tandem ota rollback` goes back to the older pair"},
    {"tries_used_up", "`tandem ota status` shows what runs now; the image is not tried again"},
    {"truncated", "try again; if it stays so, the file itself is not whole"},
    {"uboot_config", "name the router's own fw_env.config in [host] uboot-config"},
    {"uboot_environment", "write it once: saveenv at the U-Boot prompt, or fw_setenv -f with the board's defaults"},
    {"uboot_single", "give U-Boot a redundant environment and name both copies, or use [host] selector = command"},
    {"uboot_values", "such as: uboot-slots = A B"},
    {"unknown_host", "install an update with `tandem ota download`, or boot a proven host slot"},
    {"untrusted_certificate", "add the server's certificate with `tandem trust add CERT`"},
    {"usb_download_only", "check the BOOT wiring: the chip waits on its USB port instead"},
    {"wrong_chip", "check [radio] chip, and that the image is made for this radio"},
    {"wrong_name", "use a name that stands in the certificate (`tandem trust list` shows its names)"},
    {"wrong_radio", "take the image for this router's radio"},
};

const char *advice_for(const char *code)
{
    for (size_t i = 0; i < sizeof advice_rows / sizeof advice_rows[0]; i++) {
        if (code != NULL && strcmp(advice_rows[i].code, code) == 0)
            return advice_rows[i].advice;
    }
    return NULL;
}
