/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/host_running.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/block_place.h"

#define CMDLINE_MAX 4096 /* the kernel's own limit on the usual machines is 2048 or 4096 */

static bool is_slot_letter(char letter, enum tdm_host_slot *slot)
{
    *slot = letter == 'B' || letter == 'b' ? TDM_HOST_B : TDM_HOST_A;
    return letter != '\0' && strchr("AaBb", letter) != NULL;
}

static bool is_end_of_word(char c)
{
    return c == '\0' || isspace((unsigned char)c);
}

tdm_err host_running_key(const char *cmdline, const char *key, enum tdm_host_slot *slot)
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

/* ---- the sources ------------------------------------------------------------------------------------------------- */

static tdm_err from_file(const struct host_running *ask, const char *path, enum tdm_host_slot *slot)
{
    char text[16];

    (void)ask;
    tdm_err err = read_text(path, text, sizeof text);
    if (err != TDM_OK)
        return err;
    return is_slot_letter(text[0], slot) && is_end_of_word(text[1]) ? TDM_OK : TDM_E_FORMAT;
}

static tdm_err from_cmdline(const struct host_running *ask, const char *key, enum tdm_host_slot *slot)
{
    char text[CMDLINE_MAX];

    (void)ask;
    tdm_err err = read_text("/proc/cmdline", text, sizeof text);
    return err != TDM_OK ? err : host_running_key(text, key, slot);
}

static tdm_err from_root(const struct host_running *ask, const char *rest, enum tdm_host_slot *slot)
{
    bool is_it[TDM_HOST_SLOTS];
    struct stat root;

    (void)rest;
    if (stat("/", &root) != 0)
        return TDM_E_IO;
    for (int i = 0; i < TDM_HOST_SLOTS; i++)
        is_it[i] = block_place_holds(ask->slots[i], root.st_dev);
    if (is_it[TDM_HOST_A] == is_it[TDM_HOST_B])
        return TDM_E_NOT_FOUND;
    *slot = is_it[TDM_HOST_B] ? TDM_HOST_B : TDM_HOST_A;
    return TDM_OK;
}

static tdm_err from_uboot(const struct host_running *ask, const char *variable, enum tdm_host_slot *slot)
{
    return ask->uboot == NULL ? TDM_E_UNSUPPORTED : bootsel_uboot_read(ask->uboot, variable, slot);
}

static tdm_err from_command(const struct host_running *ask, const char *rest, enum tdm_host_slot *slot)
{
    (void)rest;
    return ask->command == NULL ? TDM_E_UNSUPPORTED : bootsel_command_running(ask->command, slot);
}

static const struct running_source {
    const char *prefix; /* with a colon: something follows */
    tdm_err (*find)(const struct host_running *ask, const char *rest, enum tdm_host_slot *slot);
} sources[] = {
    {"file:", from_file},   {"cmdline:", from_cmdline}, {"root", from_root},
    {"uboot:", from_uboot}, {"command", from_command},
};

static const struct running_source *find_source(const char *from, const char **rest)
{
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        size_t len = strlen(sources[i].prefix);
        bool takes_more = sources[i].prefix[len - 1] == ':';
        if (strncmp(from, sources[i].prefix, len) == 0 && takes_more == (from[len] != '\0')) {
            *rest = from + len;
            return &sources[i];
        }
    }
    return NULL;
}

tdm_err host_running_find(const struct host_running *ask, enum tdm_host_slot *slot, struct tdm_fault *why)
{
    const char *rest = "";
    const struct running_source *source = find_source(ask->from, &rest);

    tdm_fault_clear(why);
    if (source == NULL)
        return tdm_fault_set(why, TDM_E_FORMAT, "running_source",
                             "not file:PATH, cmdline:KEY, root, uboot:VARIABLE or command", 0);
    tdm_err err = source->find(ask, rest, slot);
    if (err == TDM_OK)
        return TDM_OK;
    if (err == TDM_E_UNSUPPORTED)
        return tdm_fault_set(why, err, "running_source", "[host] selector is of another kind, so it cannot be asked",
                             0);
    return tdm_fault_set(why, err, "running_unknown", "cannot tell which host slot runs", 0);
}
