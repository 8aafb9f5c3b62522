/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/bootsel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libuboot.h> /* expects <stddef.h> before it */

#define CONFIG_LINE_MAX 512

static const char on[] = "1", off[] = "0";

static const struct bootsel_uboot *self(const struct bootsel_port *port)
{
    return (const struct bootsel_uboot *)(const void *)port;
}

/* ---- the environment: opened for each act, since the bootloader and other programs write it too -------------------- */

/* Until close_env() no other program that uses the library can change it. */
static tdm_err open_env(const char *file, struct uboot_ctx **ctx)
{
    tdm_err err = TDM_E_FORMAT;

    if (libuboot_initialize(ctx, NULL) < 0)
        return TDM_E_IO;
    if (libuboot_read_config(*ctx, file) >= 0) {
        err = libuboot_open(*ctx) < 0 ? TDM_E_CORRUPT : TDM_OK;
        if (err != TDM_OK)
            libuboot_close(*ctx); /* gives back the lock, which our next open would wait for without end */
    }
    if (err != TDM_OK)
        libuboot_exit(*ctx);
    return err;
}

static void close_env(struct uboot_ctx *ctx)
{
    libuboot_close(ctx);
    libuboot_exit(ctx);
}

/* NOT_FOUND: not set. FORMAT: it holds neither value. */
static tdm_err get_slot(const struct bootsel_uboot *u, struct uboot_ctx *ctx, const char *variable,
                        enum tdm_host_slot *slot)
{
    char *value = libuboot_get_env(ctx, variable);
    tdm_err err = value == NULL ? TDM_E_NOT_FOUND : TDM_E_FORMAT;

    for (int i = 0; i < TDM_HOST_SLOTS && err == TDM_E_FORMAT; i++) {
        if (strcmp(value, u->values[i]) == 0) {
            *slot = (enum tdm_host_slot)i;
            err = TDM_OK;
        }
    }
    free(value);
    return err;
}

/* Unset, empty and unreadable count as 0, as the bootloader reads them. */
static unsigned long get_number(struct uboot_ctx *ctx, const char *variable)
{
    char *value = libuboot_get_env(ctx, variable);
    unsigned long number = value != NULL ? strtoul(value, NULL, 10) : 0;

    free(value);
    return number;
}

/* The bootloader adds one before it compares: a count that has reached the limit boots the other slot. */
static void get_counts(struct uboot_ctx *ctx, const struct bootsel_uboot_config *cfg, struct bootsel *out)
{
    unsigned long count = get_number(ctx, cfg->count), limit = get_number(ctx, cfg->limit);

    out->limit = (uint8_t)(limit < UINT8_MAX ? limit : UINT8_MAX);
    if (count >= limit)
        out->starts = out->limit;
    else
        out->starts = (uint8_t)(count < out->limit ? count : out->limit - 1u);
}

/* ---- the selector -------------------------------------------------------------------------------------------------- */

static tdm_err uboot_load(struct bootsel_port *port, struct bootsel *out)
{
    const struct bootsel_uboot *u = self(port);
    struct uboot_ctx *ctx;

    *out = (struct bootsel){.next = TDM_HOST_A};
    tdm_err err = open_env(u->cfg.file, &ctx);
    if (err != TDM_OK)
        return err;
    err = get_slot(u, ctx, u->cfg.slot, &out->next);
    out->is_final = get_number(ctx, u->cfg.upgrade) != 1;
    get_counts(ctx, &u->cfg, out);
    close_env(ctx);
    return err == TDM_E_NOT_FOUND ? TDM_OK : err;
}

/* All of it in one store: the library writes the older copy, syncs it, and the newer one stays as it was. */
static tdm_err uboot_select(struct bootsel_port *port, enum tdm_host_slot slot, enum tdm_select how)
{
    const struct bootsel_uboot *u = self(port);
    struct uboot_ctx *ctx;

    tdm_err err = open_env(u->cfg.file, &ctx);
    if (err != TDM_OK)
        return err;
    bool is_set = libuboot_set_env(ctx, u->cfg.slot, u->values[slot]) == 0 &&
                  libuboot_set_env(ctx, u->cfg.upgrade, how == TDM_SELECT_TRIAL ? on : off) == 0 &&
                  libuboot_set_env(ctx, u->cfg.count, off) == 0;
    err = is_set && libuboot_env_store(ctx) == 0 ? TDM_OK : TDM_E_IO;
    close_env(ctx);
    return err;
}

static const struct bootsel_ops uboot_ops = {.load = uboot_load, .select = uboot_select};

tdm_err bootsel_uboot_read(const struct bootsel_uboot *u, const char *variable, enum tdm_host_slot *slot)
{
    struct uboot_ctx *ctx;

    tdm_err err = open_env(u->cfg.file, &ctx);
    if (err != TDM_OK)
        return err;
    err = get_slot(u, ctx, variable, slot);
    close_env(ctx);
    return err;
}

/* ---- opening ------------------------------------------------------------------------------------------------------- */

/* How many copies the description names: its lines that are neither blank nor a remark. Negative: errno. */
static int count_copies(const char *file)
{
    char line[CONFIG_LINE_MAX];
    int copies = 0;
    FILE *in = fopen(file, "re");

    if (in == NULL)
        return -errno;
    while (fgets(line, sizeof line, in) != NULL) {
        const char *word = line + strspn(line, " \t\r\n");
        copies += *word != '\0' && *word != '#';
    }
    (void)fclose(in); /* only read */
    return copies;
}

static tdm_err check_copies(const char *file, struct tdm_fault *why)
{
    int copies = count_copies(file);

    if (copies < 0)
        return tdm_fault_set(why, copies == -EACCES ? TDM_E_ACCESS : TDM_E_NOT_FOUND, "uboot_config",
                             "the description of the U-Boot environment cannot be read", (uint64_t)-copies);
    if (copies < 2)
        return tdm_fault_set(why, TDM_E_UNSUPPORTED, "uboot_single",
                             "the U-Boot environment has no second copy, so a power cut could lose it", 0);
    return TDM_OK;
}

/* Two words that differ. */
static bool split_values(struct bootsel_uboot *u, const char *text)
{
    size_t len[TDM_HOST_SLOTS];

    for (int i = 0; i < TDM_HOST_SLOTS; i++) {
        text += strspn(text, " ");
        len[i] = strcspn(text, " ");
        if (len[i] == 0 || len[i] >= BOOTSEL_VALUE_MAX)
            return false;
        memcpy(u->values[i], text, len[i]);
        u->values[i][len[i]] = '\0';
        text += len[i];
    }
    return text[strspn(text, " ")] == '\0' && strcmp(u->values[TDM_HOST_A], u->values[TDM_HOST_B]) != 0;
}

tdm_err bootsel_uboot_open(struct bootsel_uboot *u, const struct bootsel_uboot_config *cfg, struct tdm_fault *why)
{
    struct uboot_ctx *ctx;

    *u = (struct bootsel_uboot){.port.ops = &uboot_ops, .cfg = *cfg};
    tdm_fault_clear(why);
    if (!split_values(u, cfg->values))
        return tdm_fault_set(why, TDM_E_FORMAT, "uboot_values", "not two different words, for slot A and for slot B",
                             0);
    tdm_err err = check_copies(cfg->file, why);
    if (err != TDM_OK)
        return err;
    err = open_env(cfg->file, &ctx);
    if (err == TDM_E_FORMAT)
        return tdm_fault_set(why, err, "uboot_config", "the description of the U-Boot environment is not understood",
                             0);
    if (err != TDM_OK)
        return tdm_fault_set(why, err, "uboot_environment", "the U-Boot environment has no valid copy", 0);
    close_env(ctx);
    return TDM_OK;
}
