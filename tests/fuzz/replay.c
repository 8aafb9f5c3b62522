/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: a target without libFuzzer: runs it on every file named, and in every folder named. Used by ctest.
 *
 * usage: fuzz_TARGET [-s SEEDS] [FILE or FOLDER ...]
 * The files in SEEDS have to reach all that the target's fuzz_accepts[] names: seeds that are refused at the door are of
 * no use to anybody.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX (1u << 20)

static unsigned count;

static void replay_file(const char *name)
{
    static uint8_t bytes[INPUT_MAX];
    FILE *in = fopen(name, "rb");

    if (in == NULL) {
        perror(name);
        exit(1);
    }
    size_t len = fread(bytes, 1, sizeof bytes, in);
    (void)fclose(in); /* only read */
    uint8_t *exact = fuzz_copy(bytes, len);
    (void)LLVMFuzzerTestOneInput(exact, len); /* always 0 */
    free(exact);
    count++;
}

static void replay_folder(const char *name)
{
    DIR *folder = opendir(name);
    char path[1024];

    for (const struct dirent *e; folder != NULL && (e = readdir(folder)) != NULL;) {
        (void)snprintf(path, sizeof path, "%s/%s", name, e->d_name);
        if (e->d_name[0] != '.')
            replay_file(path);
    }
    if (folder != NULL)
        (void)closedir(folder);
}

static bool seeds_are_taken(const char *folder)
{
    bool are_all = true;

    replay_folder(folder);
    for (unsigned n = 0; fuzz_accepts[n] != NULL; n++) {
        if ((fuzz_accepted & 1u << n) != 0)
            continue;
        printf("no seed in %s reaches: %s\n", folder, fuzz_accepts[n]);
        are_all = false;
    }
    return are_all;
}

int main(int argc, char **argv)
{
    bool has_seeds = argc > 2 && strcmp(argv[1], "-s") == 0;
    struct stat found;

    if (has_seeds && !seeds_are_taken(argv[2]))
        return 1;
    for (int i = has_seeds ? 3 : 1; i < argc; i++) {
        if (stat(argv[i], &found) == 0 && S_ISDIR(found.st_mode))
            replay_folder(argv[i]);
        else
            replay_file(argv[i]);
    }
    printf("%u inputs, no finding\n", count);
    return count == 0;
}
