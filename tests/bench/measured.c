/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measured: runs a program and writes what it took into a file, as JSON: seconds by the clock on the wall, and KiB of its
 * memory at the peak.
 *
 *   measured FILE PROGRAM [ARGUMENT ...]     ends as the program ends
 *
 * Linux counts towards a program's peak what its process was before exec. So the one that starts it has to be small: this
 * is no task for an interpreter.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
        abort(); /* a Linux without a monotonic clock */
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct rusage usage = {0};
    int status = 0;

    if (argc < 3) {
        (void)fputs("measured FILE PROGRAM [ARGUMENT ...]\n", stderr);
        return 2;
    }
    double began = now_s();
    pid_t child = fork();
    if (child == 0) {
        (void)execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child) {
        perror("measured");
        return 1;
    }
    double took = now_s() - began;
    FILE *out = fopen(argv[1], "w");
    if (out == NULL || fprintf(out, "{\"seconds\": %.6f, \"peak_kib\": %ld}\n", took, usage.ru_maxrss) < 0 ||
        fclose(out) != 0) {
        perror(argv[1]);
        return 1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
