/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <string.h>

#include "app_table.h"

#define HELP_INDENT  17
#define USAGE_INDENT 8
#define HELP_WIDTH   110

/* What an option is for; the same words wherever several commands have it. docs/CLI.md says more. */
static const struct help_option {
    const char *name, *meaning;
} help_options[] = {
    {"--rcp-build-dir", "build directory of the RCP project; without it the image has no radio firmware"},
    {"--br-firmware", "the border router's own firmware; without it the image has none"},
    {"--target-file", "the image to write"},
    {"--compatible", "the board: create states it, verify asks for it"},
    {"--pair-version", "version of the pair that results"},
    {"--counter", "security counter: a router that has confirmed an image takes none with a lower one"},
    {"--radio-api", "the radio's Spinel API version, and the least it accepts of a host"},
    {"--host-api", "the host's Spinel API version, and the least it accepts of a radio"},
    {"--issued", "when it was made, such as 2026-07-23; else SOURCE_DATE_EPOCH"},
    {"--expires", "the last day or second in which it may be installed; else never"},
    {"--least-flash", "flash that the radio has at least, such as 2M; else what flash_args says"},
    {"--radio-revision", "revisions of the radio's chip, such as 0.0:1.99; else those of the firmware"},
    {"--host-kind", "whether the host firmware is ESP firmware; else what the file begins as"},
    {"--host-chip", "the host's own chip; else that of the firmware"},
    {"--host-revision", "revisions of the host's chip; else those of the firmware"},
    {"--cells", "how many signatures there is room for, 1 to 8; else 4"},
    {"--label", "a text for people"},
    {"--notes-url", "where people read what is new"},
    {"--sign", "private P-256 key, a PEM file or a pkcs11: URI; once for each key"},
    {"--print-digest", "show what a signer elsewhere has to sign"},
    {"--attach-der", "a signature as `openssl dgst -sign` writes it; --key names its public key"},
    {"--attach-raw", "a signature as 64 bytes r, s; --key names its public key"},
    {"--key", "public key, a PEM file or a folder of them"},
    {"--revoked", "keys whose signatures count no more"},
    {"--signatures", "how many of the keys must have signed"},
    {"--output-dir", "folder for the parts"},
    {"--stage-only", "store it, and do not switch to it: `tandem ota apply` does"},
    {"--no-reboot", "switch to it, and leave the restart to somebody else"},
    {"--insecure-tls", "believe whoever answers at this URL; wants keys for images, and the image signed"},
    {"--allow-downgrade", "take a lower pair version than the running one; the counter still holds"},
    {"--expect-id", "take only the image with this image_id, as `tandem image info` shows it"},
    {"--reset", "try the ROM loader, too: restarts the radio"},
    {"--dry-run", "tell what would be sent and how long it takes; writes nothing"},
};

static const char *name_of(const struct app_command *c, char *buf, size_t room)
{
    (void)snprintf(buf, room, "%s%s%s", c->noun, c->verb != NULL ? " " : "", c->verb != NULL ? c->verb : "");
    return buf;
}

/* An option and its value, or a bracket that is closed in it, stay together. */
static size_t unit_len(const char *args)
{
    size_t n = 0;

    while (args[n] != '\0' && !(args[n] == ' ' && (args[n + 1] == '[' || strncmp(args + n, " --", 3) == 0)))
        n++;
    return n;
}

/* Each unit after a blank, in lines that begin at `indent`; the first begins at `column`. */
static void print_args(FILE *to, const char *args, size_t column, size_t indent)
{
    bool is_first = true;

    while (*args != '\0') {
        size_t n = unit_len(args);
        if (!is_first && column + n + 1 > HELP_WIDTH) {
            (void)fprintf(to, "\n%*s", (int)indent - 1, "");
            column = indent - 1;
        }
        (void)fprintf(to, " %.*s", (int)n, args);
        column += n + 1;
        is_first = false;
        args += args[n] == ' ' ? n + 1 : n;
    }
    (void)fputc('\n', to);
}

static void print_row(FILE *to, const struct app_command *c)
{
    char name[32];
    int width = c->args[0] != '\0' ? HELP_INDENT - 3 : 0;

    (void)fprintf(to, "  %-*s", width, name_of(c, name, sizeof name));
    print_args(to, c->args, HELP_INDENT - 1, HELP_INDENT);
    (void)fprintf(to, "%*s%s\n", HELP_INDENT + 2, "", c->help);
}

void help_print_all(FILE *to)
{
    (void)fprintf(to,
                  "Tandem %s updates a Thread border router and its radio as one.\n\n"
                  "usage: tandem [--config FILE] [--json] [--verbose|--quiet] COMMAND ...\n\n",
                  TANDEM_VERSION);
    for (const struct app_command *c = app_commands; c->noun != NULL; c++)
        print_row(to, c);
    (void)fprintf(to,
                  "\n`tandem COMMAND --help` explains the options of one command. Every key of the configuration file\n"
                  "is also an option, for example --radio-port; `tandem help config` lists them. The manual is "
                  "docs/CLI.md.\n");
}

bool help_print_noun(FILE *to, const char *noun)
{
    bool is_known = false;

    for (const struct app_command *c = app_commands; c->noun != NULL; c++) {
        if (strcmp(c->noun, noun) != 0)
            continue;
        print_row(to, c);
        is_known = true;
    }
    if (is_known)
        (void)fprintf(to, "\n`tandem %s COMMAND --help` explains the options of one command.\n", noun);
    return is_known;
}

/* Where an option stands in a usage line with its own end, or NULL. */
static const char *find_option(const char *args, const char *name)
{
    size_t n = strlen(name);
    const char *at = strstr(args, name);

    while (at != NULL && at[n] != '\0' && strchr(" ].|", at[n]) == NULL)
        at = strstr(at + 1, name);
    return at;
}

void help_print_command(FILE *to, const struct app_command *c)
{
    char name[32];
    bool is_begun = false;

    (void)fprintf(to, "usage: tandem %s", name_of(c, name, sizeof name));
    print_args(to, c->args, strlen("usage: tandem ") + strlen(name), USAGE_INDENT);
    (void)fprintf(to, "%s\n", c->help);
    for (size_t i = 0; i < sizeof help_options / sizeof help_options[0]; i++) {
        if (find_option(c->args, help_options[i].name) == NULL)
            continue;
        (void)fprintf(to, "%s  %-18s %s\n", is_begun ? "" : "\n", help_options[i].name, help_options[i].meaning);
        is_begun = true;
    }
    (void)fprintf(to, "\nGeneral: --config FILE, --json, --verbose, --quiet, and every key of `tandem help config`.\n");
}
