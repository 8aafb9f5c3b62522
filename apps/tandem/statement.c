/* SPDX-License-Identifier: Apache-2.0 */
#include "statement.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/semver.h"
#include "image/esp_chip.h"
#include "value.h"

#define CELLS_DEFAULT 4

/* ---- which options belong together ---- */

enum half { ANY, RADIO, HOST };

static const struct rule {
    const char *name;
    size_t at; /* in struct statement_options */
    enum half half;
    bool is_needed;
} rules[] = {
#define RULE(name, member, half, is_needed)                                                                            \
    {                                                                                                                  \
        name, offsetof(struct statement_options, member), half, is_needed                                              \
    }
    RULE("compatible", compatible, ANY, true),
    RULE("pair-version", pair_version, ANY, true),
    RULE("counter", counter, ANY, true),
    RULE("radio-api", radio_api, RADIO, true),
    RULE("host-api", host_api, HOST, true),
    RULE("cells", cells, ANY, false),
    RULE("issued", issued, ANY, false),
    RULE("expires", expires, ANY, false),
    RULE("least-flash", least_flash, RADIO, false),
    RULE("radio-revision", radio_revision, RADIO, false),
    RULE("host-kind", host_kind, HOST, false),
    RULE("host-chip", host_chip, HOST, false),
    RULE("host-revision", host_revision, HOST, false),
    RULE("label", label, ANY, false),
    RULE("notes-url", notes_url, ANY, false),
#undef RULE
};

#define RULES (sizeof rules / sizeof rules[0])

static bool is_given(const struct statement_options *o, const struct rule *r)
{
    return *(const char *const *)(const void *)((const char *)o + r->at) != NULL;
}

bool statement_is_wanted(const struct statement_options *o)
{
    for (size_t i = 0; i < RULES; i++) {
        if (is_given(o, &rules[i]))
            return true;
    }
    return false;
}

static void join(char *list, size_t room, const char *name)
{
    size_t used = strlen(list);
    (void)snprintf(list + used, room - used, "%s--%s", used > 0 ? ", " : "", name);
}

int statement_check(struct app *app, const struct statement_options *o, bool has_radio, bool has_host)
{
    char missing[256] = "", foreign[256] = "";

    for (size_t i = 0; i < RULES; i++) {
        bool has_half = rules[i].half == RADIO ? has_radio : rules[i].half == HOST ? has_host : true;
        if (has_half && rules[i].is_needed && !is_given(o, &rules[i]))
            join(missing, sizeof missing, rules[i].name);
        if (!has_half && is_given(o, &rules[i]))
            join(foreign, sizeof foreign, rules[i].name);
    }
    if (foreign[0] != '\0')
        return app_usage(app, "an image without a %s part cannot state %s", has_radio ? "host" : "radio", foreign);
    if (missing[0] != '\0')
        return app_usage(app, "what an image states about itself is all or nothing: %s missing", missing);
    return EXIT_OK;
}

/* ---- values ---- */

struct filling {
    struct app *app;
    const struct statement_options *o;
    struct rcp_build *build;
    struct manifest *m;
};

static int wrong(const struct filling *f, const char *name, const char *value, const char *wanted)
{
    return app_usage(f->app, "--%s: \"%.100s\" is not %s", name, value, wanted);
}

static int misfit(const struct filling *f, const char *sentence, ...) __attribute__((format(printf, 2, 3)));

static int misfit(const struct filling *f, const char *sentence, ...)
{
    char text[FILEWORK_PATH_MAX + 512];
    va_list args;

    va_start(args, sentence);
    (void)vsnprintf(text, sizeof text, sentence, args);
    va_end(args);
    return app_fail(f->app, TDM_E_MISMATCH, "statement_misfit", "%s (nothing was written)", text);
}

static int fill_numbers(struct filling *f)
{
    const char *cells = f->o->cells;
    uint64_t n = CELLS_DEFAULT;

    if (cells != NULL && (!value_number(cells, MANIFEST_CELLS_MAX, &n) || n == 0))
        return wrong(f, "cells", cells, "a number from 1 to 8");
    f->m->cell_count = (uint8_t)n;
    if (!value_number(f->o->counter, MANIFEST_COUNTER_MAX, &n))
        return wrong(f, "counter", f->o->counter, "a number from 0 to 2147483647");
    f->m->counter = (uint32_t)n;
    return EXIT_OK;
}

static int fill_times(struct filling *f)
{
    static const char wanted[] = "seconds since 1970, YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ up to the year 9999";
    const char *issued = f->o->issued, *expires = f->o->expires, *epoch = getenv("SOURCE_DATE_EPOCH");

    if (issued != NULL && (!value_time(issued, false, &f->m->issued) || f->m->issued == 0))
        return wrong(f, "issued", issued, wanted);
    if (issued == NULL && epoch != NULL && !value_number(epoch, MANIFEST_TIME_MAX, &f->m->issued))
        return app_usage(f->app, "SOURCE_DATE_EPOCH: \"%.100s\" is not a number of seconds since 1970", epoch);
    if (expires == NULL)
        return EXIT_OK;
    if (!value_time(expires, true, &f->m->expires) || f->m->expires == 0)
        return wrong(f, "expires", expires, wanted);
    if (f->m->issued == 0)
        return app_usage(f->app, "--expires is for images that state when they were issued: --issued or "
                                 "SOURCE_DATE_EPOCH is missing");
    if (f->m->expires <= f->m->issued)
        return app_usage(f->app, "--expires: \"%.100s\" is not later than the time of issue", expires);
    return EXIT_OK;
}

/* For people, so nothing that a terminal would obey. */
static bool is_printable(const char *text)
{
    while (*text >= ' ' && *text <= '~')
        text++;
    return *text == '\0';
}

static int fill_notes(struct filling *f)
{
    struct manifest *m = f->m;

    if (f->o->label != NULL && !is_printable(f->o->label))
        return app_usage(f->app, "--label: holds other bytes than printable ASCII");
    if (f->o->notes_url != NULL && !is_printable(f->o->notes_url))
        return app_usage(f->app, "--notes-url: holds other bytes than printable ASCII");
    m->label = f->o->label;
    m->label_len = m->label != NULL ? strlen(m->label) : 0;
    m->notes_url = f->o->notes_url;
    m->notes_url_len = m->notes_url != NULL ? strlen(m->notes_url) : 0;
    return EXIT_OK;
}

static int fill_names(struct filling *f)
{
    struct manifest *m = f->m;

    if (strlen(f->o->pair_version) > MANIFEST_VERSION_MAX || !semver_is_valid(f->o->pair_version))
        return wrong(f, "pair-version", f->o->pair_version,
                     "MAJOR.MINOR.PATCH or MAJOR.MINOR.PATCH-PRE, at most 31 bytes");
    if (strlen(f->o->compatible) > MANIFEST_COMPATIBLE_MAX)
        return wrong(f, "compatible", f->o->compatible, "a name of at most 63 bytes");
    memcpy(m->pair_version, f->o->pair_version, strlen(f->o->pair_version));
    memcpy(m->compatible, f->o->compatible, strlen(f->o->compatible));
    return EXIT_OK;
}

static int fill_api(struct filling *f, const char *name, const char *value, struct manifest_side *side)
{
    if (!value_two(value, &side->api, &side->least_api) || side->least_api == 0 || side->least_api > side->api)
        return wrong(f, name, value, "API:LEAST, such as 11:4, LEAST from 1 to API");
    return EXIT_OK;
}

/* The window of all the side's files together; a stated one may be narrower, not wider. */
static int fill_revisions(struct filling *f, const char *name, const char *value, struct manifest_side *side)
{
    uint16_t min, max;

    if (side->revision_min > side->revision_max)
        return misfit(f, "no %s chip has a revision that all its files are for; build them for one chip", name);
    if (value == NULL)
        return EXIT_OK;
    if (!value_revisions(value, &min, &max) || min > max)
        return wrong(f, name, value, "MIN:MAX, such as 0.0:0.99, MIN not above MAX");
    if (min < side->revision_min || max > side->revision_max)
        return misfit(f, "--%s %s: the firmware is for revisions %u:%u; state those or fewer", name, value,
                      (unsigned)side->revision_min, (unsigned)side->revision_max);
    side->revision_min = min;
    side->revision_max = max;
    return EXIT_OK;
}

static void narrow(struct manifest_side *side, const struct rcp_build_part *part)
{
    if (part->esp.revision_min > side->revision_min)
        side->revision_min = part->esp.revision_min;
    if (part->esp.revision_max < side->revision_max)
        side->revision_max = part->esp.revision_max;
}

static int fill_flash(struct filling *f)
{
    uint32_t size = f->build->text.flash_size;
    const char *value = f->o->least_flash;

    if (value == NULL && size == 0)
        return app_usage(f->app, "%s does not say how large the radio's flash is: --least-flash is missing",
                         f->build->flash_args_path);
    if (value != NULL && (!value_size(value, &size) || size == 0 || size % FLASH_ARGS_SECTOR != 0))
        return wrong(f, "least-flash", value, "a number of bytes, K or M, in steps of 4096");
    if (rcp_build_check_flash(f->build, size) != TDM_OK)
        return app_fail(f->app, f->build->problem.err, f->build->problem.code, "%s (nothing was written)",
                        f->build->problem.sentence);
    f->m->least_flash = size;
    return EXIT_OK;
}

static int fill_radio(struct filling *f)
{
    const struct rcp_build_part *app = &f->build->parts[IMAGE_TAG_RCP_APP];
    struct manifest_side *side = &f->m->radio;
    int status = fill_api(f, "radio-api", f->o->radio_api, side);

    side->family = MANIFEST_RADIO_ESP;
    side->chip = app->esp.chip_id;
    side->revision_max = MANIFEST_REVISION_ANY;
    narrow(side, app);
    narrow(side, &f->build->parts[IMAGE_TAG_BOOTLOADER]);
    if (status == EXIT_OK)
        status = fill_revisions(f, "radio-revision", f->o->radio_revision, side);
    return status == EXIT_OK ? fill_flash(f) : status;
}

static int fill_esp_host(struct filling *f)
{
    const struct rcp_build_part *part = &f->build->parts[IMAGE_TAG_HOST];
    const struct esp_chip *inside = esp_chip_by_id(part->esp.chip_id);
    struct manifest_side *side = &f->m->host;

    side->chip = part->esp.chip_id;
    side->revision_max = MANIFEST_REVISION_ANY;
    narrow(side, part);
    if (f->o->host_chip != NULL && !value_chip(f->o->host_chip, &side->chip))
        return wrong(f, "host-chip", f->o->host_chip, "a chip that is known, such as esp32s3");
    if (side->chip != part->esp.chip_id)
        return misfit(f, "--host-chip %s: %s is for %s; name that chip, or the right file", f->o->host_chip, part->path,
                      inside != NULL ? inside->name : "an unknown chip");
    return fill_revisions(f, "host-revision", f->o->host_revision, side);
}

static int fill_host(struct filling *f)
{
    const struct rcp_build_part *part = &f->build->parts[IMAGE_TAG_HOST];
    const char *kind = f->o->host_kind;
    bool is_esp = kind != NULL ? strcmp(kind, "esp") == 0 : part->is_esp;
    int status = fill_api(f, "host-api", f->o->host_api, &f->m->host);

    f->m->host.family = is_esp ? MANIFEST_HOST_ESP : MANIFEST_HOST_OPAQUE;
    if (status != EXIT_OK)
        return status;
    if (kind != NULL && !is_esp && strcmp(kind, "opaque") != 0)
        return wrong(f, "host-kind", kind, "esp or opaque");
    if (is_esp && !part->is_esp)
        return misfit(f, "--host-kind esp: %s is no ESP firmware; name the right file, or state opaque", part->path);
    if (is_esp)
        return fill_esp_host(f);
    if (f->o->host_chip != NULL || f->o->host_revision != NULL)
        return app_usage(f->app, "--host-chip and --host-revision are for ESP firmware; %s is taken as an opaque file",
                         part->path);
    return EXIT_OK;
}

static int check_api(const struct filling *f)
{
    const struct manifest_side *radio = &f->m->radio, *host = &f->m->host;

    if (radio->api < host->least_api || host->api < radio->least_api)
        return misfit(f,
                      "--radio-api %s and --host-api %s: these halves would not speak with each other; correct the "
                      "numbers, or build halves that fit",
                      f->o->radio_api, f->o->host_api);
    return EXIT_OK;
}

int statement_fill(struct app *app, const struct statement_options *o, struct rcp_build *b, struct manifest *m)
{
    struct filling f = {.app = app, .o = o, .build = b, .m = m};
    bool has_radio = b->layout.kind != IMAGE_KIND_HOST, has_host = b->layout.kind != IMAGE_KIND_RADIO;

    *m = (struct manifest){.digest_count = b->layout.part_count - 1};
    int status = fill_numbers(&f);
    if (status == EXIT_OK)
        status = fill_times(&f);
    if (status == EXIT_OK)
        status = fill_names(&f);
    if (status == EXIT_OK)
        status = fill_notes(&f);
    if (status == EXIT_OK && has_radio)
        status = fill_radio(&f);
    if (status == EXIT_OK && has_host)
        status = fill_host(&f);
    return status == EXIT_OK && has_radio && has_host ? check_api(&f) : status;
}
