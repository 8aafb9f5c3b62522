/* SPDX-License-Identifier: Apache-2.0 */
#include "policy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "linux/open_to_all.h"
#include "linux/wall_clock.h"
#include "value.h"

/* ---- keys ---- */

/* What names the keys is guarded as they are; it is read all the same, since what is installed has to be brought up. */
static tdm_err check_file(const struct config *cfg, struct policy *p, struct tdm_fault *why)
{
    if (cfg->file[0] == '\0' || !open_to_all(cfg->file))
        return TDM_OK;
    (void)snprintf(p->keys.file, sizeof p->keys.file, "%s", cfg->file);
    return tdm_fault_set(why, TDM_E_ACCESS, "keys_open",
                         "names the keys, and may be changed, or replaced, by everybody", 0);
}

tdm_err policy_load_keys(const struct config *cfg, struct policy *p, struct tdm_fault *why)
{
    tdm_fault_clear(why);
    p->keys.count = 0;
    p->install.trust = NULL;
    if (cfg->images.keys[0] == '\0')
        return TDM_OK;
    tdm_err err = check_file(cfg, p, why);
    if (err != TDM_OK)
        return err;
    err = keys_load(cfg->images.keys, cfg->images.revoked_keys, &p->keys, why);
    if (err != TDM_OK)
        return err;
    p->trust = (struct judge_trust){p->keys.keys, p->keys.count, (uint8_t)cfg->images.signatures};
    p->install.trust = &p->trust;
    return TDM_OK;
}

static size_t trusted_count(const struct policy *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->keys.count; i++)
        n += p->keys.keys[i].is_revoked ? 0 : 1;
    return n;
}

static int load_keys(struct app *app, struct policy *p)
{
    const struct config *cfg = &app->cfg;
    struct tdm_fault why;

    if (cfg->images.signatures < 1 || cfg->images.signatures > MANIFEST_CELLS_MAX)
        return app_fail(app, TDM_E_FORMAT, "bad_config", "[images] signatures = %" PRIu64 " is not 1 to 8",
                        cfg->images.signatures);
    if (cfg->images.keys[0] == '\0' && (cfg->images.revoked_keys[0] != '\0' || cfg->images.signatures > 1))
        return app_fail(app, TDM_E_FORMAT, "bad_config",
                        "[images] %s is set and keys is not: unsigned images would be taken; set keys too",
                        cfg->images.revoked_keys[0] != '\0' ? "revoked-keys" : "signatures");
    if (policy_load_keys(cfg, p, &why) != TDM_OK)
        return app_fail_fault(app, p->keys.file[0] != '\0' ? p->keys.file : cfg->images.keys, &why);
    if (p->install.trust != NULL && trusted_count(p) < cfg->images.signatures)
        return app_fail(app, TDM_E_FORMAT, "bad_config",
                        "[images] signatures = %" PRIu64
                        ", but only %zu of the keys in %s count: no image could meet it",
                        cfg->images.signatures, trusted_count(p), cfg->images.keys);
    return EXIT_OK;
}

/* ---- the board ---- */

static int load_compatible(struct app *app, struct policy *p)
{
    size_t count = 0;
    char *rest;

    (void)snprintf(p->names, sizeof p->names, "%s", app->cfg.device.compatible);
    for (char *word = strtok_r(p->names, " \t", &rest); word != NULL; word = strtok_r(NULL, " \t", &rest)) {
        if (count == JUDGE_COMPATIBLE_MAX)
            return app_fail(app, TDM_E_FORMAT, "bad_config", "[device] compatible has more than 8 names");
        if (strlen(word) > MANIFEST_COMPATIBLE_MAX || !manifest_compatible_is_valid(word))
            return app_fail(app, TDM_E_FORMAT, "bad_config",
                            "[device] compatible: \"%.80s\" is not a vendor,board of small letters, digits and . _ -",
                            word);
        p->compatible[count++] = word;
    }
    p->install.compatible = p->compatible;
    p->install.compatible_count = count;
    return EXIT_OK;
}

/* ---- the host's chip ---- */

/* "0.2" is 2, "1.3" is 103. */
static bool read_revision(const char *text, uint16_t *out)
{
    char *end;

    *out = JUDGE_REVISION_UNKNOWN;
    if (text[0] == '\0')
        return true;
    if (text[0] < '0' || text[0] > '9')
        return false;
    unsigned long major = strtoul(text, &end, 10);
    if (*end != '.' || end[1] < '0' || end[1] > '9')
        return false;
    unsigned long minor = strtoul(end + 1, &end, 10);
    if (*end != '\0' || major > 99 || minor > 99)
        return false;
    *out = (uint16_t)(major * 100 + minor);
    return true;
}

static int load_host(struct app *app, struct policy *p)
{
    const struct config *cfg = &app->cfg;
    bool is_esp = strcmp(cfg->host.kind, "esp") == 0;

    if (!is_esp && strcmp(cfg->host.kind, "opaque") != 0)
        return app_fail(app, TDM_E_FORMAT, "bad_config", "[host] kind = \"%s\" is not esp or opaque", cfg->host.kind);
    p->install.host_chip = JUDGE_CHIP_UNKNOWN;
    if (strcmp(cfg->host.chip, "any") != 0 && !value_chip(cfg->host.chip, &p->install.host_chip))
        return app_fail(app, TDM_E_NOT_FOUND, "bad_config", "[host] chip = \"%s\" is not a chip this version knows",
                        cfg->host.chip);
    if (!read_revision(cfg->host.revision, &p->install.host_revision))
        return app_fail(app, TDM_E_FORMAT, "bad_config", "[host] revision = \"%s\" is not a revision such as 0.2",
                        cfg->host.revision);
    if (cfg->radio.host_api > UINT16_MAX || cfg->radio.min_api > UINT16_MAX)
        return app_fail(app, TDM_E_FORMAT, "bad_config", "[radio] host-api and min-api are numbers up to 65535");
    p->install.host_family = is_esp ? MANIFEST_HOST_ESP : MANIFEST_HOST_OPAQUE;
    p->install.host = (struct judge_half){(uint16_t)cfg->radio.host_api, (uint16_t)cfg->radio.min_api};
    return EXIT_OK;
}

/* ---- the clock ---- */

static int load_clock(struct app *app, struct policy *p)
{
    const char *word = app->cfg.device.clock;
    bool is_trusted = strcmp(word, "trusted") == 0, is_auto = strcmp(word, "auto") == 0;

    if (!is_trusted && !is_auto && strcmp(word, "none") != 0)
        return app_fail(app, TDM_E_FORMAT, "bad_config", "[device] clock = \"%s\" is not auto, trusted or none", word);
    p->install.now = is_trusted || (is_auto && wall_clock_is_synchronised()) ? wall_clock_now() : 0;
    return EXIT_OK;
}

int policy_load(struct app *app, struct policy *p)
{
    static int (*const parts[])(struct app *, struct policy *) = {load_keys, load_compatible, load_host, load_clock};
    int status = EXIT_OK;

    memset(p, 0, sizeof *p);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && status == EXIT_OK; i++)
        status = parts[i](app, p);
    return status;
}
