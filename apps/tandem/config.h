/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: the settings of one router: built-in defaults, then the configuration file (INI), then the command line.
 *
 * Used by   main.c (fills it), device.c and the commands (read it).
 * One table in config.c has a row per key: section, key, default, help. The key `port` of section `radio` is also the
 * option --radio-port; docs/CLI.md lists the same rows and a test compares them.
 * Memory    texts live in the struct.
 */
#ifndef TANDEM_CONFIG_H
#define TANDEM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <tandem/err.h>

#define CONFIG_TEXT_MAX     512
#define CONFIG_FILE_DEFAULT "/etc/tandem/tandem.conf"

struct config {
    char file[CONFIG_TEXT_MAX]; /* the file that was read, "" if none */
    struct {
        char port[CONFIG_TEXT_MAX];
        char lines[CONFIG_TEXT_MAX];
        char chip[32];
        char units[CONFIG_TEXT_MAX], stop_command[CONFIG_TEXT_MAX], start_command[CONFIG_TEXT_MAX];
        uint64_t baud, flash_baud, block_size, reset_hold_ms, boot_hold_ms, port_wait_ms, min_api, host_api;
    } radio;
    struct {
        char history[CONFIG_TEXT_MAX], journal[CONFIG_TEXT_MAX], record[CONFIG_TEXT_MAX], rcp_0[CONFIG_TEXT_MAX],
            rcp_1[CONFIG_TEXT_MAX];
        uint64_t rcp_size;
    } slots;
    struct {
        char slot_a[CONFIG_TEXT_MAX], slot_b[CONFIG_TEXT_MAX], boot_record[CONFIG_TEXT_MAX];
        char selector[16], selector_command[CONFIG_TEXT_MAX];
        char uboot_config[CONFIG_TEXT_MAX];
        char uboot_slot[64], uboot_slots[64], uboot_upgrade[64], uboot_count[64], uboot_limit[64];
        char running[CONFIG_TEXT_MAX], reboot_command[CONFIG_TEXT_MAX];
        char kind[16], chip[32], revision[16];
        uint64_t slot_size;
        bool has_slots;
    } host;
    struct {
        char compatible[CONFIG_TEXT_MAX];
        char clock[16];
    } device;
    struct {
        char keys[CONFIG_TEXT_MAX], revoked_keys[CONFIG_TEXT_MAX];
        uint64_t signatures;
    } images;
    struct {
        char check_command[CONFIG_TEXT_MAX];
        char watchdog[CONFIG_TEXT_MAX];
        uint64_t check_timeout_ms;
        bool is_manual; /* a proven trial waits for `ota confirm` */
    } boot;
    struct {
        bool allow_http;
        uint64_t connect_timeout_ms, first_byte_timeout_ms, stall_timeout_ms;
        uint64_t deadline_ms, min_speed, min_speed_time_ms, max_speed, retries, retry_wait_ms;
        char mirrors[CONFIG_TEXT_MAX], netrc[CONFIG_TEXT_MAX], token_file[CONFIG_TEXT_MAX], token_host[CONFIG_TEXT_MAX];
        char client_certificate[CONFIG_TEXT_MAX], client_key[CONFIG_TEXT_MAX];
    } source;
    struct {
        char file[CONFIG_TEXT_MAX], folder[CONFIG_TEXT_MAX], pin[CONFIG_TEXT_MAX];
        bool use_system;
    } trust;
};

/* What was wrong, in words for app_fail: the key or line, and why. */
struct config_problem {
    char sentence[CONFIG_TEXT_MAX * 2];
};

void config_defaults(struct config *cfg);
/* A missing file is NOT_FOUND; unknown sections, unknown keys and bad values are FORMAT, with file and line. */
TDM_MUST_USE tdm_err config_read_file(struct config *cfg, const char *path, struct config_problem *why);
/* --SECTION-KEY: NOT_FOUND when there is no such key. */
TDM_MUST_USE tdm_err config_set_option(struct config *cfg, const char *option, const char *value,
                                       struct config_problem *why);
/* Every key with its default and meaning, as `tandem help config` prints it. */
void config_print_keys(FILE *out);

#endif
