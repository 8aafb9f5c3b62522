/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2
#define FLASH_MIN  (1024u * 1024)
#define FLASH_MAX  (16u * 1024 * 1024) /* the loader's flash addresses have 24 bits */

static const char help[] =
    "tandem-sim plays the radio chip: ROM loader, boot from flash, Spinel.\n"
    "\n"
    "  --chip NAME          esp32h2 (default), esp32c6, c5, c3, c61, c2 or esp32s3\n"
    "  --flash FILE         its flash; made when missing, full of ff\n"
    "  --flash-size SIZE    4MB (default); 1MB to 16MB, a power of two\n"
    "  --pty LINK           serial line on a pty; LINK is made to point to it\n"
    "  --tcp PORT           serial line on a loopback TCP port; 0: any free port\n"
    "  --rfc2217 PORT       serial server (RFC 2217) on a loopback port; 0: any free port\n"
    "  --control SOCKET     Unix socket for reset, boot, power, state, quit\n"
    "  --boot-strap 0|1     1: start with BOOT pulled, that is in the loader (default 0)\n"
    "  --mac MAC            six bytes, 60:55:f9:f7:2c:a2 by default\n"
    "  --app-baud RATE      of the application, 460800 by default\n"
    "  --boot-time US       from RESET to the application, 200000 by default\n"
    "  --erase-time US      a sector of 4096 bytes, 30000 by default\n"
    "  --program-time US    a page of 256 bytes, 700 by default\n"
    "  --no-line-speed      bytes take no time on the line\n"
    "  --strict             the loader refuses flash commands before SPI_ATTACH\n"
    "  --locked WHAT        secure-download, secure-boot or encrypted; may be given again\n"
    "  --broken WHAT        reset, boot, rx, tx, second-strap, clock or flash; may be given again\n"
    "  --log FILE           every byte with its time; - for standard error\n"
    "  --help\n";

enum {
    OPT_CHIP = 256,
    OPT_FLASH,
    OPT_FLASH_SIZE,
    OPT_PTY,
    OPT_TCP,
    OPT_RFC2217,
    OPT_CONTROL,
    OPT_BOOT_STRAP,
    OPT_MAC,
    OPT_APP_BAUD,
    OPT_BOOT_TIME,
    OPT_ERASE_TIME,
    OPT_PROGRAM_TIME,
    OPT_NO_LINE_SPEED,
    OPT_STRICT,
    OPT_LOCKED,
    OPT_BROKEN,
    OPT_LOG,
    OPT_HELP
};

static const struct option options[] = {
    {"chip", required_argument, NULL, OPT_CHIP},
    {"flash", required_argument, NULL, OPT_FLASH},
    {"flash-size", required_argument, NULL, OPT_FLASH_SIZE},
    {"pty", required_argument, NULL, OPT_PTY},
    {"tcp", required_argument, NULL, OPT_TCP},
    {"rfc2217", required_argument, NULL, OPT_RFC2217},
    {"control", required_argument, NULL, OPT_CONTROL},
    {"boot-strap", required_argument, NULL, OPT_BOOT_STRAP},
    {"mac", required_argument, NULL, OPT_MAC},
    {"app-baud", required_argument, NULL, OPT_APP_BAUD},
    {"boot-time", required_argument, NULL, OPT_BOOT_TIME},
    {"erase-time", required_argument, NULL, OPT_ERASE_TIME},
    {"program-time", required_argument, NULL, OPT_PROGRAM_TIME},
    {"no-line-speed", no_argument, NULL, OPT_NO_LINE_SPEED},
    {"strict", no_argument, NULL, OPT_STRICT},
    {"locked", required_argument, NULL, OPT_LOCKED},
    {"broken", required_argument, NULL, OPT_BROKEN},
    {"log", required_argument, NULL, OPT_LOG},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static bool read_number(const char *text, uint32_t least, uint32_t most, uint32_t *out)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || v < least || v > most)
        return false;
    *out = (uint32_t)v;
    return true;
}

static bool read_size(const char *text, uint32_t *out)
{
    char digits[4] = "";
    uint32_t mb;

    if (strlen(text) > 4 || sscanf(text, "%3[0-9]MB", digits) != 1 || strcmp(text + strlen(digits), "MB") != 0 ||
        !read_number(digits, FLASH_MIN >> 20, FLASH_MAX >> 20, &mb) || (mb & (mb - 1)) != 0)
        return false;
    *out = mb << 20;
    return true;
}

static bool read_mac(const char *text, uint8_t mac[6])
{
    unsigned v[6];
    int used = 0;

    /* NOLINTNEXTLINE(cert-err34-c): two digits fit, and a part that is none ends the count */
    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &used) != 6 ||
        text[used] != '\0')
        return false;
    for (int i = 0; i < 6; i++)
        mac[i] = (uint8_t)v[i];
    return true;
}

static bool lock(struct sim_chip_config *c, const char *what)
{
    if (strcmp(what, "encrypted") == 0)
        c->crypt_count = 1;
    else if (strcmp(what, "secure-download") == 0)
        c->security_flags |= SIM_SECURITY_DOWNLOAD;
    else if (strcmp(what, "secure-boot") == 0)
        c->security_flags |= SIM_SECURITY_BOOT;
    else
        return false;
    return true;
}

/* In the order of the bits of enum sim_broken. */
static bool break_part(struct sim_chip_config *c, const char *what)
{
    static const char *const words[] = {"reset", "boot", "rx", "tx", "second-strap", "clock", "flash"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(what, words[i]) != 0)
            continue;
        c->broken |= 1u << i;
        return true;
    }
    return false;
}

static bool take(struct sim_options *o, int option, const char *arg)
{
    struct sim_chip_config *c = &o->chip;
    uint32_t number = 0;
    bool is_good = true;

    switch (option) {
    case OPT_CHIP:
        c->part = sim_part_by_name(arg);
        return c->part != NULL;
    case OPT_FLASH:
        o->flash_file = arg;
        return true;
    case OPT_FLASH_SIZE:
        return read_size(arg, &o->flash_size);
    case OPT_PTY:
        o->pty_link = arg;
        return true;
    case OPT_TCP:
        is_good = read_number(arg, 0, 65535, &number);
        o->tcp_port = (int)number;
        return is_good;
    case OPT_RFC2217:
        is_good = read_number(arg, 0, 65535, &number);
        o->rfc2217_port = (int)number;
        return is_good;
    case OPT_CONTROL:
        o->control = arg;
        return true;
    case OPT_BOOT_STRAP:
        is_good = read_number(arg, 0, 1, &number);
        o->boot_strap = number == 1;
        return is_good;
    case OPT_MAC:
        return read_mac(arg, c->mac);
    case OPT_APP_BAUD:
        return read_number(arg, 300, 5000000, &c->app_baud);
    case OPT_BOOT_TIME:
        return read_number(arg, 0, 60000000, &c->boot_us);
    case OPT_ERASE_TIME:
        return read_number(arg, 0, 10000000, &c->times.erase_us);
    case OPT_PROGRAM_TIME:
        return read_number(arg, 0, 10000000, &c->times.program_us);
    case OPT_NO_LINE_SPEED:
        c->is_instant = true;
        return true;
    case OPT_STRICT:
        c->is_strict = true;
        return true;
    case OPT_LOCKED:
        return lock(c, arg);
    case OPT_BROKEN:
        return break_part(c, arg);
    case OPT_LOG:
        o->log_file = arg;
        return true;
    default:
        return false;
    }
}

static bool leave(struct sim_options *o, int status)
{
    o->exit_status = status;
    return false;
}

bool sim_options_read(struct sim_options *o, int argc, char **argv)
{
    int option, index = 0;

    *o = (struct sim_options){.chip = {.part = sim_part_by_name("esp32h2"),
                                       .mac = {0x60, 0x55, 0xf9, 0xf7, 0x2c, 0xa2},
                                       .app_baud = SIM_RADIO_BAUD,
                                       .boot_us = 200000,
                                       .times = {30000, 700}},
                              .flash_size = 4u << 20,
                              .tcp_port = -1,
                              .rfc2217_port = -1};
    while ((option = getopt_long(argc, argv, "", options, &index)) != -1) {
        if (option == OPT_HELP) {
            (void)fputs(help, stdout);
            return leave(o, EXIT_SUCCESS);
        }
        if (option == '?') /* getopt has said what is wrong */
            return leave(o, EXIT_USAGE);
        if (!take(o, option, optarg)) {
            (void)fprintf(stderr, "tandem-sim: --%s cannot be %s; see tandem-sim --help\n", options[index].name,
                          optarg);
            return leave(o, EXIT_USAGE);
        }
    }
    if (optind != argc || o->flash_file == NULL || (o->pty_link == NULL && o->tcp_port < 0 && o->rfc2217_port < 0)) {
        (void)fputs(
            "tandem-sim: give --flash FILE, and --pty LINK, --tcp PORT or --rfc2217 PORT; see tandem-sim --help\n",
            stderr);
        return leave(o, EXIT_USAGE);
    }
    return true;
}
