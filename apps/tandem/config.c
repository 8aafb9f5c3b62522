/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Twice that in milliseconds is below 2^31, which a clock that wraps can still tell apart. */
#define SECONDS_MAX 1000000u

enum key_type { KEY_TEXT, KEY_LIST, KEY_SIZE, KEY_NUMBER, KEY_SECONDS, KEY_BOOL, KEY_MANUAL };

struct config_key {
    const char *section, *key;
    enum key_type type;
    size_t at, room; /* place in struct config; room of a text */
    const char *initial, *help;
};

/* Members' names cannot stand in parentheses. NOLINTBEGIN(bugprone-macro-parentheses) */
#define TEXT(s, f)        KEY_TEXT, offsetof(struct config, s.f), sizeof(((struct config *)0)->s.f)
#define LIST(s, f)        KEY_LIST, offsetof(struct config, s.f), sizeof(((struct config *)0)->s.f)
#define OTHER(type, s, f) type, offsetof(struct config, s.f), 0
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct config_key keys[] = {
    {"radio", "port", TEXT(radio, port), "/dev/ttyS0",
     "serial device of the radio, rfc2217://HOST:PORT or socket://HOST:PORT"},
    {"radio", "port-wait", OTHER(KEY_SECONDS, radio, port_wait_ms), "10",
     "how many seconds `tandem boot` waits for a serial port that is not there yet"},
    {"radio", "lines", TEXT(radio, lines), "none",
     "RESET and BOOT lines: none, modem, modem-together, modem-classic, modem-usb, "
     "gpio:RESET=CHIP/LINE,BOOT=CHIP/LINE, command:PROGRAM or control:SOCKET"},
    {"radio", "chip", TEXT(radio, chip), "any", "the radio's chip, such as esp32h2; any: whatever is found"},
    {"radio", "baud", OTHER(KEY_NUMBER, radio, baud), "460800", "speed of the radio's firmware"},
    {"radio", "flash-baud", OTHER(KEY_NUMBER, radio, flash_baud), "460800", "speed for flashing, 115200 at least"},
    {"radio", "block-size", OTHER(KEY_NUMBER, radio, block_size), "4096", "bytes a flash block: 1024, 2048 or 4096"},
    {"radio", "reset-hold-ms", OTHER(KEY_NUMBER, radio, reset_hold_ms), "100", "how long RESET is held"},
    {"radio", "boot-hold-ms", OTHER(KEY_NUMBER, radio, boot_hold_ms), "50", "how long BOOT is held after RESET"},
    {"radio", "min-api", OTHER(KEY_NUMBER, radio, min_api), "0",
     "oldest radio API that this router's Thread stack works with; 0: not asked"},
    {"radio", "host-api", OTHER(KEY_NUMBER, radio, host_api), "0",
     "radio API of this router's Thread stack, which the radio must accept; 0: not asked"},
    {"radio", "units", TEXT(radio, units), "",
     "systemd units that use the radio: stopped while Tandem does, started again if they ran"},
    {"radio", "stop-command", TEXT(radio, stop_command), "", "run before Tandem takes the radio"},
    {"radio", "start-command", TEXT(radio, start_command), "", "run after that, whatever happened in between"},
    {"slots", "record", TEXT(slots, record), "/var/lib/tandem/record", "file or block device of the record"},
    {"slots", "history", TEXT(slots, history), "",
     "file or block device of the history; empty: beside a record that is a file; none: no history"},
    {"slots", "journal", TEXT(slots, journal), "",
     "file or block device with what is left of a cut download; empty: beside a record that is a file; none: it "
     "begins anew"},
    {"slots", "rcp-0", TEXT(slots, rcp_0), "/var/lib/tandem/rcp-0", "first RCP slot"},
    {"slots", "rcp-1", TEXT(slots, rcp_1), "/var/lib/tandem/rcp-1", "second RCP slot"},
    {"slots", "rcp-size", OTHER(KEY_SIZE, slots, rcp_size), "1M", "bytes of an RCP slot that is a file"},
    {"host", "slots", OTHER(KEY_BOOL, host, has_slots), "yes",
     "whether this router has two firmware slots of its own; no: only the radio is updated"},
    {"host", "slot-a", TEXT(host, slot_a), "/var/lib/tandem/host-a", "first host slot, file or block device"},
    {"host", "slot-b", TEXT(host, slot_b), "/var/lib/tandem/host-b", "second host slot"},
    {"host", "slot-size", OTHER(KEY_SIZE, host, slot_size), "16M", "bytes of a host slot that is a file"},
    {"host", "selector", TEXT(host, selector), "record",
     "what decides which slot starts: record (Tandem's own boot record), uboot or command"},
    {"host", "boot-record", TEXT(host, boot_record), "/var/lib/tandem/boot", "boot record, read by the bootloader"},
    {"host", "uboot-config", TEXT(host, uboot_config), "/etc/fw_env.config",
     "where the U-Boot environment and its second copy lie"},
    {"host", "uboot-slot", TEXT(host, uboot_slot), "slot", "U-Boot variable that names the slot to boot"},
    {"host", "uboot-slots", TEXT(host, uboot_slots), "A B", "what it holds for slot A and for slot B"},
    {"host", "uboot-upgrade", TEXT(host, uboot_upgrade), "upgrade_available",
     "U-Boot variable that is 1 while starts are counted"},
    {"host", "uboot-count", TEXT(host, uboot_count), "bootcount", "U-Boot variable with the starts so far"},
    {"host", "uboot-limit", TEXT(host, uboot_limit), "bootlimit",
     "U-Boot variable with the starts a new host gets; read, never written"},
    {"host", "selector-command", TEXT(host, selector_command), "",
     "program that is asked and told which slot starts (CLI.md)"},
    {"host", "running", TEXT(host, running), "cmdline:tandem.slot",
     "which slot runs: cmdline:KEY (KEY=A in the kernel's command line), file:PATH, root, uboot:VARIABLE or command"},
    {"host", "reboot-command", TEXT(host, reboot_command), "", "how to restart; empty: say that a restart is due"},
    {"host", "kind", TEXT(host, kind), "opaque",
     "what host firmware is: opaque (written as it is) or esp (an ESP-IDF application)"},
    {"host", "chip", TEXT(host, chip), "any", "an esp host's own chip, such as esp32s3; any: not asked"},
    {"host", "revision", TEXT(host, revision), "", "an esp host's own chip revision, such as 0.2; empty: not asked"},
    {"device", "compatible", LIST(device, compatible), "",
     "the board's names, vendor,board, most special first, blanks between them: a signed image must state one of them; "
     "empty: not asked"},
    {"device", "clock", TEXT(device, clock), "auto",
     "when the system's time counts against an image that expires: auto (while the kernel calls it synchronised), "
     "trusted (always) or none (never)"},
    {"images", "keys", TEXT(images, keys), "",
     "folder of public keys in PEM form, or one file: images must be signed by them; empty: unsigned images are taken"},
    {"images", "revoked-keys", TEXT(images, revoked_keys), "",
     "folder or file of keys whose signatures count no more; empty: none"},
    {"images", "signatures", OTHER(KEY_NUMBER, images, signatures), "1",
     "how many of the keys must have signed an image, 1 to 8"},
    {"boot", "check-command", TEXT(boot, check_command), "",
     "a new pair's health check, run once its radio answers: status 0 is healthy; empty: none"},
    {"boot", "check-timeout", OTHER(KEY_SECONDS, boot, check_timeout_ms), "30",
     "seconds that the health check may take"},
    {"boot", "confirm", OTHER(KEY_MANUAL, boot, is_manual), "auto",
     "auto: a healthy new pair is kept at once; manual: it waits for `tandem ota confirm`"},
    {"boot", "watchdog", TEXT(boot, watchdog), "",
     "hardware watchdog that guards a trial while `tandem boot` proves it, such as /dev/watchdog; empty: none"},
    {"source", "allow-http", OTHER(KEY_BOOL, source, allow_http), "no",
     "take plain http:// URLs too, for signed images"},
    {"source", "connect-timeout", OTHER(KEY_SECONDS, source, connect_timeout_ms), "10",
     "seconds for a connection; a silent address of several gets half of what is left"},
    {"source", "first-byte-timeout", OTHER(KEY_SECONDS, source, first_byte_timeout_ms), "30",
     "seconds until an answer begins, the TLS handshake included"},
    {"source", "stall-timeout", OTHER(KEY_SECONDS, source, stall_timeout_ms), "20", "seconds without a byte"},
    {"source", "deadline", OTHER(KEY_SECONDS, source, deadline_ms), "0", "seconds for the whole download; 0: no limit"},
    {"source", "min-speed", OTHER(KEY_SIZE, source, min_speed), "256",
     "bytes a second below which a transfer is given up; 0: any speed will do"},
    {"source", "min-speed-time", OTHER(KEY_SECONDS, source, min_speed_time_ms), "60",
     "seconds over which that speed is taken"},
    {"source", "max-speed", OTHER(KEY_SIZE, source, max_speed), "0",
     "bytes a second that a download may take; 0: as fast as it goes"},
    {"source", "retries", OTHER(KEY_NUMBER, source, retries), "4",
     "how often more an address that did not answer, or broke off, is asked"},
    {"source", "retry-wait", OTHER(KEY_SECONDS, source, retry_wait_ms), "1",
     "seconds before the first of these; then twice as long each time, half of it by chance"},
    {"source", "mirrors", TEXT(source, mirrors), "",
     "folders on other servers with the same files, as URLs with blanks between; empty: none"},
    {"source", "netrc", TEXT(source, netrc), "",
     "file with users and passwords of servers (machine, login, password); empty: none"},
    {"source", "token-file", TEXT(source, token_file), "", "file with one token for token-host; empty: none"},
    {"source", "token-host", TEXT(source, token_host), "", "HOST or HOST:PORT that the token is for"},
    {"source", "client-certificate", TEXT(source, client_certificate), "",
     "PEM file with this router's own certificate, for servers that ask for one; empty: none"},
    {"source", "client-key", TEXT(source, client_key), "",
     "PEM file with its key, without passphrase; empty: it stands in client-certificate"},
    {"trust", "file", TEXT(trust, file), "/var/lib/tandem/trust.pem",
     "certificates this router trusts; tandem trust changes it"},
    {"trust", "folder", TEXT(trust, folder), "",
     "folder whose files *.pem and *.crt hold more certificates this router trusts; empty: none"},
    {"trust", "use-system", OTHER(KEY_BOOL, trust, use_system), "no", "trust the system's certificate store too"},
    {"trust", "pin", TEXT(trust, pin), "",
     "public key a server must have besides: sha256//BASE64, several with ; between; empty: any"},
};
#define KEY_COUNT (sizeof keys / sizeof keys[0])

static tdm_err parse_manual(const char *text, bool *out)
{
    *out = strcmp(text, "manual") == 0;
    return *out || strcmp(text, "auto") == 0 ? TDM_OK : TDM_E_FORMAT;
}

static tdm_err parse_bool(const char *text, bool *out)
{
    static const char *const words[2][4] = {{"no", "false", "off", "0"}, {"yes", "true", "on", "1"}};
    for (int yes = 0; yes < 2; yes++) {
        for (size_t i = 0; i < 4; i++) {
            if (strcmp(text, words[yes][i]) == 0) {
                *out = yes != 0;
                return TDM_OK;
            }
        }
    }
    return TDM_E_FORMAT;
}

/* A decimal number; sizes may end in K or M. */
static tdm_err parse_number(const char *text, enum key_type type, uint64_t *out)
{
    char *end;
    uint64_t unit = 1;

    if (text[0] < '0' || text[0] > '9')
        return TDM_E_FORMAT;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (type == KEY_SIZE && (*end == 'K' || *end == 'M'))
        unit = *end++ == 'K' ? 1024u : 1024u * 1024u;
    if (type == KEY_SECONDS)
        unit = 1000;
    if (errno != 0 || *end != '\0' || v > (type == KEY_SECONDS ? SECONDS_MAX : UINT32_MAX))
        return TDM_E_FORMAT;
    *out = v * unit;
    return TDM_OK;
}

static const char *const wanted[] = {
    [KEY_TEXT] = "a shorter text",
    [KEY_LIST] = "a shorter list",
    [KEY_SIZE] = "a number of bytes, K or M",
    [KEY_NUMBER] = "a number",
    [KEY_SECONDS] = "a number of seconds, 1000000 at most",
    [KEY_BOOL] = "yes or no",
    [KEY_MANUAL] = "auto or manual",
};

static tdm_err set_key(struct config *cfg, const struct config_key *k, const char *value, struct config_problem *why)
{
    char *place = (char *)cfg + k->at;
    tdm_err err = TDM_OK;

    switch (k->type) {
    case KEY_TEXT:
    case KEY_LIST:
        if (strlen(value) >= k->room)
            err = TDM_E_FORMAT;
        else
            memcpy(place, value, strlen(value) + 1);
        break;
    case KEY_BOOL:
    case KEY_MANUAL: {
        bool flag = false;
        err = k->type == KEY_BOOL ? parse_bool(value, &flag) : parse_manual(value, &flag);
        if (err == TDM_OK)
            memcpy(place, &flag, sizeof flag);
        break;
    }
    case KEY_SIZE:
    case KEY_NUMBER:
    case KEY_SECONDS: {
        uint64_t number = 0;
        err = parse_number(value, k->type, &number);
        if (err == TDM_OK)
            memcpy(place, &number, sizeof number);
        break;
    }
    }
    if (err != TDM_OK)
        (void)snprintf(why->sentence, sizeof why->sentence, "[%s] %s = \"%.100s\" is not %s", k->section, k->key, value,
                       wanted[k->type]);
    return err;
}

void config_defaults(struct config *cfg)
{
    struct config_problem unused;

    memset(cfg, 0, sizeof *cfg);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (set_key(cfg, &keys[i], keys[i].initial, &unused) != TDM_OK)
            abort(); /* our own table is wrong */
    }
}

struct reading {
    struct config *cfg;
    const struct config_key *last; /* a list goes on in lines that begin with a blank */
    struct config_problem *why;
    FILE *in;
    tdm_err err;
    bool is_line_too_long;
};

/* A line as inih asks for it. inih takes lines up to a length fixed when it was built, and would split a longer one. */
static char *read_line(char *line, int room, void *user)
{
    struct reading *r = user;
    char *got = fgets(line, room, r->in);

    if (got != NULL && strlen(line) + 1 == (size_t)room && line[room - 2] != '\n')
        r->is_line_too_long = true;
    return got;
}

static tdm_err read_key(struct reading *r, const struct config_key *k, const char *value)
{
    char whole[CONFIG_TEXT_MAX * 2];
    bool goes_on = k->type == KEY_LIST && r->last == k;

    r->last = k;
    if (!goes_on)
        return set_key(r->cfg, k, value, r->why);
    (void)snprintf(whole, sizeof whole, "%s %.511s", (const char *)r->cfg + k->at, value);
    return set_key(r->cfg, k, whole, r->why);
}

/* Called by inih for each key; 0 stops with the line number. */
static int on_key(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;

    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].key, name) == 0) {
            r->err = read_key(r, &keys[i], value);
            return r->err == TDM_OK;
        }
    }
    r->err = TDM_E_FORMAT;
    (void)snprintf(r->why->sentence, sizeof r->why->sentence, "there is no key \"%.100s\" in section [%.100s]", name,
                   section);
    return 0;
}

static const char *reason_of(const struct reading *r, const char *problem)
{
    if (r->is_line_too_long)
        return "a line is longer than this system's INI library takes (usually 198 characters); "
               "put long commands into a script";
    return r->err != TDM_OK ? problem : "not a key = value line";
}

tdm_err config_read_file(struct config *cfg, const char *path, struct config_problem *why)
{
    struct reading r = {.cfg = cfg, .why = why, .in = fopen(path, "re")};

    if (r.in == NULL) {
        (void)snprintf(why->sentence, sizeof why->sentence, "%s: %s", path, strerror(errno));
        return errno == ENOENT ? TDM_E_NOT_FOUND : TDM_E_ACCESS;
    }
    int line = ini_parse_stream(read_line, &r, on_key, &r);
    (void)fclose(r.in); /* only read */
    if (line == 0 && r.err == TDM_OK && !r.is_line_too_long) {
        (void)snprintf(cfg->file, sizeof cfg->file, "%s", path);
        return TDM_OK;
    }
    struct config_problem inner = *why;
    (void)snprintf(why->sentence, sizeof why->sentence, "%.200s:%d: %.400s", path, line, reason_of(&r, inner.sentence));
    return TDM_E_FORMAT;
}

/* A value means what it would in the file, where blanks around it do not count. */
static tdm_err set_stripped(struct config *cfg, const struct config_key *k, const char *value,
                            struct config_problem *why)
{
    static const char blanks[] = " \t\r\n\v\f";
    char text[2 * CONFIG_TEXT_MAX];

    value += strspn(value, blanks);
    size_t len = strlen(value);
    while (len > 0 && strchr(blanks, value[len - 1]) != NULL)
        len--;
    if (len >= sizeof text) /* nor has any key room for it */
        return set_key(cfg, k, value, why);
    memcpy(text, value, len);
    text[len] = '\0';
    return set_key(cfg, k, text, why);
}

tdm_err config_set_option(struct config *cfg, const char *option, const char *value, struct config_problem *why)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        size_t n = strlen(keys[i].section);
        if (strncmp(option, keys[i].section, n) == 0 && option[n] == '-' && strcmp(option + n + 1, keys[i].key) == 0)
            return value == NULL ? TDM_OK : set_stripped(cfg, &keys[i], value, why);
    }
    return TDM_E_NOT_FOUND;
}

void config_print_keys(FILE *out)
{
    const char *section = "";

    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct config_key *k = &keys[i];
        if (strcmp(section, k->section) != 0)
            (void)fprintf(out, "%s[%s]\n", i == 0 ? "" : "\n", k->section);
        section = k->section;
        (void)fprintf(out, "%s = %s\n    --%s-%s: %s\n", k->key, k->initial, k->section, k->key, k->help);
    }
}
