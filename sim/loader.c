/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tandem-sim-loader: plays the border router's bootloader where there is none, as in the demo.
 *
 *   tandem-sim-loader --boot-record FILE --running FILE [--starts L]
 *
 * One run is one start of the machine: it reads the boot record, counts a start of a trial before it boots it, falls
 * back to the other slot once L starts are used up, and leaves the letter of the slot it booted in the running file,
 * where "file:PATH" of the configuration finds it. Exit status: 0 booted, 1 could not, 2 wrong words.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linux/tandem_linux.h"

#define BOOT_RECORD_SIZE 8192u
#define STARTS_DEFAULT   2
#define STARTS_MAX       255

struct options {
    const char *boot_record, *running;
    long starts;
};

static char letter(enum tdm_host_slot slot)
{
    return slot == TDM_HOST_B ? 'B' : 'A';
}

static bool parse(int argc, char **argv, struct options *o)
{
    static const struct option words[] = {{"boot-record", required_argument, NULL, 'b'},
                                          {"running", required_argument, NULL, 'r'},
                                          {"starts", required_argument, NULL, 's'},
                                          {NULL, 0, NULL, 0}};
    int word;
    char *end;

    *o = (struct options){.starts = STARTS_DEFAULT};
    while ((word = getopt_long(argc, argv, "", words, NULL)) != -1) {
        if (word == 'b')
            o->boot_record = optarg;
        else if (word == 'r')
            o->running = optarg;
        else if (word == 's')
            o->starts = strtol(optarg, &end, 10);
        if (word == '?' || (word == 's' && (*end != '\0' || o->starts < 1 || o->starts > STARTS_MAX)))
            return false;
    }
    return optind == argc && o->boot_record != NULL && o->running != NULL;
}

/* A reader finds the old letter or the new one, never an empty file. */
static bool write_letter(const char *path, enum tdm_host_slot slot)
{
    char fresh[LINUX_PATH_MAX], text[3] = {letter(slot), '\n', '\0'};

    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return false;
    bool is_good = write(fd, text, 2) == 2 && fsync(fd) == 0;
    is_good = close(fd) == 0 && is_good;
    return is_good && rename(fresh, path) == 0;
}

static void tell(const struct bootsel *sel, enum tdm_host_slot booted)
{
    if (sel->is_final)
        (void)printf("loader: slot %c\n", letter(booted));
    else if (booted == sel->next)
        (void)printf("loader: slot %c on trial, start %u of %u\n", letter(booted), sel->starts, sel->limit);
    else
        (void)printf("loader: slot %c, because slot %c has used up its %u starts\n", letter(booted), letter(sel->next),
                     sel->limit);
}

/* The trial's start is counted before it is made: a trial that never comes up is charged all the same. */
static tdm_err choose(struct bootsel_record *boot, long limit, enum tdm_host_slot *booted)
{
    struct bootsel sel = {.next = TDM_HOST_A, .is_final = true};

    tdm_err err = bootsel_record_load(boot, &sel);
    if (err == TDM_E_CORRUPT)
        (void)printf("loader: the boot record is lost\n");
    if (err != TDM_OK && err != TDM_E_CORRUPT && err != TDM_E_NOT_FOUND)
        return err;
    sel.limit = (uint8_t)limit;
    *booted = bootsel_choice(&sel);
    err = TDM_OK;
    if (!sel.is_final && *booted == sel.next) {
        sel.starts++;
        err = bootsel_record_store(boot, &sel);
    }
    if (err == TDM_OK)
        tell(&sel, *booted);
    return err;
}

int main(int argc, char **argv)
{
    struct options o;
    struct tdm_fault why;
    struct flash_file storage;
    struct bootsel_record boot;
    enum tdm_host_slot booted;

    if (!parse(argc, argv, &o)) {
        (void)fprintf(stderr, "usage: tandem-sim-loader --boot-record FILE --running FILE [--starts 1..%d]\n",
                      STARTS_MAX);
        return 2;
    }
    if (flash_file_open(&storage, o.boot_record, BOOT_RECORD_SIZE, FLASH_FILE_CREATE, &why) != TDM_OK) {
        (void)fprintf(stderr, "loader: %s: %s; check the path and who may write there\n", o.boot_record, why.what);
        return 1;
    }
    bootsel_record_init(&boot, &storage.port);
    tdm_err err = choose(&boot, o.starts, &booted);
    flash_file_close(&storage);
    if (err != TDM_OK) {
        (void)fprintf(stderr, "loader: %s: boot record: %s; nothing was booted, repair its storage\n", o.boot_record,
                      tdm_err_name(err));
        return 1;
    }
    if (!write_letter(o.running, booted)) {
        (void)fprintf(stderr, "loader: %s: %s; nothing was booted, make its directory writable\n", o.running,
                      strerror(errno));
        return 1;
    }
    return 0;
}
