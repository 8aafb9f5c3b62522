/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_config: any configuration file, through the INI library. Every text stays within its field; a refusal is a sentence
 * that begins with the file and its line; and a key takes from the command line what it takes from the file.
 */
#include "config.h"

#include "fuzz.h"
#include "fuzz_memory_file.h"

const char *const fuzz_accepts[] = {"a configuration", NULL};

static void must_end(const char *text, size_t room)
{
    fuzz_must(memchr(text, '\0', room) != NULL);
}

#define MUST_END(field) must_end((field), sizeof(field))

static void check_texts(const struct config *c)
{
    MUST_END(c->radio.port);
    MUST_END(c->radio.lines);
    MUST_END(c->radio.chip);
    MUST_END(c->radio.units);
    MUST_END(c->slots.record);
    MUST_END(c->slots.rcp_1);
    MUST_END(c->host.selector);
    MUST_END(c->host.uboot_limit);
    MUST_END(c->host.reboot_command);
    MUST_END(c->boot.watchdog);
    MUST_END(c->trust.file);
}

/* One line "[s]\nk = v" is what the option --s-k=v says. */
static void compare_with_option(const uint8_t *data, size_t size)
{
    static const char *const options[] = {"radio-baud", "slots-rcp-size",     "host-slots",   "boot-confirm",
                                          "radio-chip", "boot-check-timeout", "host-selector"};
    static struct config by_file, by_option;
    static struct fuzz_file file;
    struct config_problem why;
    char value[64], text[128];
    size_t len = size - 1 < sizeof value - 1 ? size - 1 : sizeof value - 1;
    const char *option = options[data[0] % (sizeof options / sizeof options[0])], *dash = strchr(option, '-');

    for (size_t i = 0; i < len; i++) /* what INI itself gives a meaning, and blanks that it takes off, left out */
        value[i] =
            data[i + 1] > ' ' && data[i + 1] < 0x7f && strchr(";#[]\"'", data[i + 1]) == NULL ? (char)data[i + 1] : '0';
    value[len] = '\0';
    (void)snprintf(text, sizeof text, "[%.*s]\n%s = %s\n", (int)(dash - option), option, dash + 1, value);
    fuzz_file_fill(&file, text, strlen(text));
    config_defaults(&by_file);
    config_defaults(&by_option);
    tdm_err err = config_read_file(&by_file, file.name, &why);
    fuzz_must(config_set_option(&by_option, option, value, &why) == err);
    memset(by_file.file, 0, sizeof by_file.file);
    fuzz_must(err != TDM_OK || memcmp(&by_file, &by_option, sizeof by_file) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config cfg;
    static struct fuzz_file file;
    struct config_problem why = {""};

    if (size < 1)
        return 0;
    fuzz_file_fill(&file, data, size);
    config_defaults(&cfg);
    tdm_err err = config_read_file(&cfg, file.name, &why);
    check_texts(&cfg);
    if (err == TDM_OK) {
        fuzz_must(strcmp(cfg.file, file.name) == 0);
        fuzz_accept(0);
    } else {
        fuzz_must(err == TDM_E_FORMAT && strncmp(why.sentence, file.name, strlen(file.name)) == 0);
        must_end(why.sentence, sizeof why.sentence);
    }
    compare_with_option(data, size);
    return 0;
}
