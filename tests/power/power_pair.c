/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof of the pair transaction: every story of power_story with the power cut at every operation of storage, of the
 * boot selection and of the radio's flash, in every way the operation can be torn and what was not synced be lost; and
 * cut a second time at every operation on the way back from every first cut. pair_watch looks on.
 *
 *   power_pair [--jobs N] [--first STEP] [--second STEP] [--only NAME [--cut CUT]]
 *
 * A point is (story, operation, tear with what becomes of the unsynced), or (story, operation and tear of the first cut,
 * operation of the second); CUT is six numbers, of each cut its operation, tear and what becomes of the unsynced. An
 * outcome is where a story came to rest: reconcile's word, the image's state, the host that runs, the radio's content.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "power/power_story.h"

#define STORIES_MAX 64
#define JOBS_MAX    64
#define TOLD_MAX    3 /* violations of a story that a job tells in words */

struct tally {
    uint64_t cuts, pairs, violations;
    uint8_t outcomes[STORY_OUTCOMES];
};

static struct options {
    unsigned jobs, first, second;
    const char *only;
    struct story_cuts cuts;
} options = {.jobs = 0, .first = 1, .second = 1};

static struct tally (*tallies)[STORIES_MAX]; /* of each job; shared by the processes */

/* ---- one job: each jobs-th first cut of every story -------------------------------------------------------------------- */

static struct story_result one_run(const struct story *s, const struct story_cuts *c, struct tally *t)
{
    struct story_result result = story_run(s, c);

    t->outcomes[result.outcome] = 1;
    if (result.violation == NULL || t->violations++ >= TOLD_MAX)
        return result;
    printf("VIOLATION %s: %s\n    again: power_pair --only '%s' --cut %u,%u,%u,%u,%u,%u\n", s->name, result.violation,
           s->name, (unsigned)c->first.at, (unsigned)c->first.tear, (unsigned)c->first.unsynced, (unsigned)c->second.at,
           (unsigned)c->second.tear, (unsigned)c->second.unsynced);
    return result;
}

/* Where something waited for its sync, in every way to lose it. False: all was over before. */
static bool every_loss(const struct story *s, uint64_t at, enum fake_tear tear, struct tally *t)
{
    bool differs = true;

    for (int unsynced = 0; unsynced < FAKE_UNSYNCED_COUNT && differs; unsynced++) {
        struct story_cuts c = {.first = {at, tear, (enum fake_unsynced)unsynced}};
        struct story_result result = one_run(s, &c, t);
        if (result.falls == 0)
            return false;
        differs = result.fell_unsynced;
        t->cuts++;
    }
    return true;
}

/* The ways to tear and to lose change from pair to pair, so that each operation meets each. */
static void every_second(const struct story *s, uint64_t at, enum fake_tear tear, struct tally *t)
{
    for (uint64_t second = 1 + at % options.second;; second += options.second) {
        struct story_cuts c = {
            .first = {at, tear, (enum fake_unsynced)(second % FAKE_UNSYNCED_COUNT)},
            .second = {second, (enum fake_tear)((at + second) % FAKE_TEAR_COUNT),
                       (enum fake_unsynced)((at / FAKE_TEAR_COUNT + second) % FAKE_UNSYNCED_COUNT)},
        };
        if (one_run(s, &c, t).falls < 2)
            return;
        t->pairs++;
    }
}

static bool every_tear(const struct story *s, uint64_t at, struct tally *t)
{
    for (int tear = 0; tear < FAKE_TEAR_COUNT; tear++) {
        if (!every_loss(s, at, (enum fake_tear)tear, t))
            return false;
        every_second(s, at, (enum fake_tear)tear, t);
    }
    return true;
}

static void run_job(unsigned job)
{
    for (size_t i = 0; i < story_count; i++) {
        const struct story *s = &stories[i];
        if (options.only != NULL && strcmp(options.only, s->name) != 0)
            continue;
        story_begin(s);
        uint64_t at = 1 + job * options.first;
        while (every_tear(s, at, &tallies[job][i]))
            at += options.jobs * options.first;
    }
}

/* ---- all ---------------------------------------------------------------------------------------------------------------- */

static unsigned run_jobs(void)
{
    unsigned lost = 0;
    int status;

    (void)fflush(stdout);
    for (unsigned job = 0; job < options.jobs; job++) {
        pid_t pid = fork();
        if (pid == 0) {
            run_job(job);
            (void)fflush(stdout);
            _exit(0);
        }
        lost += pid < 0;
    }
    while (wait(&status) > 0)
        lost += status != 0;
    return lost;
}

static void add(struct tally *sum, const struct tally *t)
{
    sum->cuts += t->cuts;
    sum->pairs += t->pairs;
    sum->violations += t->violations;
    for (size_t i = 0; i < STORY_OUTCOMES; i++)
        sum->outcomes[i] |= t->outcomes[i];
}

static unsigned count(const struct tally *t)
{
    unsigned n = 0;

    for (size_t i = 0; i < STORY_OUTCOMES; i++)
        n += t->outcomes[i];
    return n;
}

static int tell(unsigned lost)
{
    uint64_t cuts = 0, pairs = 0, violations = lost;
    unsigned outcomes = 0;

    printf("   cuts   pairs  outcomes\n");
    for (size_t i = 0; i < story_count; i++) {
        struct tally sum = {0};
        for (unsigned job = 0; job < options.jobs; job++)
            add(&sum, &tallies[job][i]);
        if (sum.cuts == 0)
            continue;
        printf("%7" PRIu64 " %7" PRIu64 " %9u  %s\n", sum.cuts, sum.pairs, count(&sum), stories[i].name);
        cuts += sum.cuts;
        pairs += sum.pairs;
        violations += sum.violations;
        outcomes += count(&sum);
    }
    printf("%7" PRIu64 " %7" PRIu64 "\n", cuts, pairs);
    if (lost > 0)
        printf("%u jobs did not end\n", lost);
    printf("%" PRIu64 " cut points, %u outcomes, %" PRIu64 " violations\n", cuts + pairs, outcomes, violations);
    return cuts > 0 && violations == 0 ? 0 : 1;
}

static int replay(void)
{
    for (size_t i = 0; i < story_count; i++) {
        if (options.only == NULL || strcmp(options.only, stories[i].name) != 0)
            continue;
        story_begin(&stories[i]);
        struct story_result result = story_run(&stories[i], &options.cuts);
        printf("%s: %u cuts, outcome %u, %s\n", stories[i].name, result.falls, result.outcome,
               result.violation == NULL ? "no violation" : result.violation);
        return result.violation == NULL ? 0 : 1;
    }
    (void)fprintf(stderr, "power_pair: --cut wants --only with the name of a story\n");
    return 2;
}

static bool read_cut(const char *text, struct story_cut *cut)
{
    unsigned at, tear, unsynced;

    if (text == NULL || sscanf(text, ",%u,%u,%u", &at, &tear, &unsynced) != 3 || tear >= FAKE_TEAR_COUNT ||
        unsynced >= FAKE_UNSYNCED_COUNT)
        return false;
    *cut = (struct story_cut){at, (enum fake_tear)tear, (enum fake_unsynced)unsynced};
    return true;
}

static bool read_cuts(const char *text)
{
    char with_comma[64];
    const char *second = with_comma;

    (void)snprintf(with_comma, sizeof with_comma, ",%s", text);
    for (int i = 0; i < 3 && second != NULL; i++)
        second = strchr(second + 1, ',');
    return read_cut(with_comma, &options.cuts.first) && read_cut(second, &options.cuts.second);
}

static bool read_options(int argc, char **argv)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    options.jobs = cores > 0 && cores < JOBS_MAX ? (unsigned)cores : 1;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            return false;
        unsigned number = (unsigned)strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--jobs") == 0)
            options.jobs = number;
        else if (strcmp(argv[i], "--first") == 0)
            options.first = number;
        else if (strcmp(argv[i], "--second") == 0)
            options.second = number;
        else if (strcmp(argv[i], "--only") == 0)
            options.only = argv[i + 1];
        else if (strcmp(argv[i], "--cut") != 0 || !read_cuts(argv[i + 1]))
            return false;
    }
    return options.jobs > 0 && options.jobs <= JOBS_MAX && options.first > 0 && options.second > 0;
}

int main(int argc, char **argv)
{
    if (!read_options(argc, argv)) {
        (void)fprintf(stderr,
                      "usage: power_pair [--jobs N] [--first STEP] [--second STEP] [--only NAME [--cut CUT]]\n");
        return 2;
    }
    story_build_images();
    if (options.cuts.first.at > 0)
        return replay();
    size_t len = options.jobs * sizeof tallies[0];
    void *shared = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || story_count > STORIES_MAX)
        return 2;
    tallies = shared;
    return tell(run_jobs());
}
