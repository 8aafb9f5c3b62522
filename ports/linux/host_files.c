/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/tandem_linux.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CMDLINE_MAX 4096 /* the kernel's own limit on the usual machines is 2048 or 4096 */

static struct host_files *self(struct tdm_host *port)
{
    return (struct host_files *)(void *)port;
}

/* ---- which slot runs --------------------------------------------------------------------------------------------- */

static bool is_slot_letter(char letter, enum tdm_host_slot *slot)
{
    *slot = letter == 'B' || letter == 'b' ? TDM_HOST_B : TDM_HOST_A;
    return letter != '\0' && strchr("AaBb", letter) != NULL;
}

static bool is_end_of_word(char c)
{
    return c == '\0' || isspace((unsigned char)c);
}

tdm_err host_files_find_key(const char *cmdline, const char *key, enum tdm_host_slot *slot)
{
    size_t key_len = strlen(key);
    bool is_found = false;

    for (const char *word = cmdline; *word != '\0';) {
        size_t len = strcspn(word, " \t\r\n");
        if (len > key_len && strncmp(word, key, key_len) == 0 && word[key_len] == '=') {
            enum tdm_host_slot said;
            if (len != key_len + 2 || !is_slot_letter(word[key_len + 1], &said) || (is_found && said != *slot))
                return TDM_E_FORMAT;
            *slot = said;
            is_found = true;
        }
        word += len;
        word += strspn(word, " \t\r\n");
    }
    return is_found ? TDM_OK : TDM_E_NOT_FOUND;
}

/* A whole small text file, NUL-ended. */
static tdm_err read_text(const char *path, char *text, size_t cap)
{
    size_t len = 0;
    ssize_t n = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return errno == EACCES ? TDM_E_ACCESS : TDM_E_NOT_FOUND;
    while (n > 0 && len < cap - 1) {
        n = read(fd, text + len, cap - 1 - len);
        if (n > 0)
            len += (size_t)n;
    }
    (void)close(fd); /* only read from */
    text[len] = '\0';
    return n < 0 ? TDM_E_IO : TDM_OK;
}

static tdm_err from_file(const char *path, enum tdm_host_slot *slot)
{
    char text[16];

    tdm_err err = read_text(path, text, sizeof text);
    if (err != TDM_OK)
        return err;
    return is_slot_letter(text[0], slot) && is_end_of_word(text[1]) ? TDM_OK : TDM_E_FORMAT;
}

static tdm_err from_cmdline(const char *key, enum tdm_host_slot *slot)
{
    char text[CMDLINE_MAX];

    tdm_err err = read_text("/proc/cmdline", text, sizeof text);
    return err != TDM_OK ? err : host_files_find_key(text, key, slot);
}

tdm_err host_files_find_running(const char *from, enum tdm_host_slot *slot, struct tdm_fault *why)
{
    tdm_err err;

    tdm_fault_clear(why);
    if (strncmp(from, "file:", 5) == 0 && from[5] != '\0')
        err = from_file(from + 5, slot);
    else if (strncmp(from, "cmdline:", 8) == 0 && from[8] != '\0')
        err = from_cmdline(from + 8, slot);
    else
        return tdm_fault_set(why, TDM_E_FORMAT, "running_source", "neither file:PATH nor cmdline:KEY", 0);
    if (err == TDM_OK)
        return TDM_OK;
    return tdm_fault_set(why, err, "running_unknown", "cannot tell which host slot runs: expected A or B there", 0);
}

/* ---- the port ---------------------------------------------------------------------------------------------------- */

static tdm_err files_running(struct tdm_host *port, enum tdm_host_slot *slot)
{
    *slot = self(port)->running;
    return TDM_OK;
}

/* What a loader makes of a record that is not there: slot A. That is final if no trial was ever armed. */
static tdm_err load_or_default(struct bootsel_record *boot, struct bootsel *sel)
{
    tdm_err err = bootsel_record_load(boot, sel);

    if (err != TDM_E_NOT_FOUND && err != TDM_E_CORRUPT)
        return err;
    *sel = (struct bootsel){.next = TDM_HOST_A, .is_final = err == TDM_E_NOT_FOUND};
    return TDM_OK;
}

static tdm_err files_next(struct tdm_host *port, enum tdm_host_slot *slot, bool *is_final)
{
    struct bootsel sel;

    tdm_err err = load_or_default(&self(port)->boot, &sel);
    if (err != TDM_OK)
        return err;
    *slot = bootsel_choice(&sel);
    *is_final = sel.is_final;
    return TDM_OK;
}

static tdm_err files_select(struct tdm_host *port, enum tdm_host_slot slot, enum tdm_select how)
{
    struct bootsel sel;

    tdm_err err = load_or_default(&self(port)->boot, &sel);
    if (err != TDM_OK)
        return err;
    sel.next = slot;
    sel.is_final = how == TDM_SELECT_FINAL;
    sel.starts = 0;
    return bootsel_record_store(&self(port)->boot, &sel);
}

static const struct tdm_host_ops files_ops = {.running = files_running, .next = files_next, .select = files_select};

tdm_err host_files_init(struct host_files *h, struct tdm_flash *slot_a, struct tdm_flash *slot_b,
                        struct tdm_flash *boot_record, const char *running_from, struct tdm_fault *why)
{
    *h = (struct host_files){.port = {.ops = &files_ops, .has_slots = true, .slots = {slot_a, slot_b}}};
    bootsel_record_init(&h->boot, boot_record);
    return host_files_find_running(running_from, &h->running, why);
}

/* ---- a host without slots ---------------------------------------------------------------------------------------- */

static tdm_err none_next(struct tdm_host *port, enum tdm_host_slot *slot, bool *is_final)
{
    (void)port;
    *slot = TDM_HOST_A;
    *is_final = true;
    return TDM_OK;
}

static tdm_err none_select(struct tdm_host *port, enum tdm_host_slot slot, enum tdm_select how)
{
    (void)port;
    return slot == TDM_HOST_A && how == TDM_SELECT_FINAL ? TDM_OK : TDM_E_UNSUPPORTED;
}

static const struct tdm_host_ops none_ops = {.running = files_running, .next = none_next, .select = none_select};

void host_none_init(struct host_files *h)
{
    *h = (struct host_files){.port = {.ops = &none_ops}, .running = TDM_HOST_A};
}
