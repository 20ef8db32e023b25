/* Runs rows and writes one line for each to standard output:
     hearth-bench ROW CLASS SECONDS CHECKSUM PATH
   or, where this processor cannot run it,
     hearth-bench ROW CLASS skip WHY
   Usage: programs [--list] [--pin] [--scratch DIRECTORY] [--commands FILE] [ROW...] */
#define _GNU_SOURCE
#include "bench.h"
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct row *const groups[] = { compute_rows, vector_rows, system_rows, parallel_rows };

const char *scratch_directory = "/tmp";
const char *exit_program;

static void run(const struct row *row)
{
    const char *path = row->path ? row->path() : "-";
    if (strncmp(path, "skip:", 5) == 0) {
        printf("hearth-bench %s %s skip %s\n", row->name, row->group, path + 5);
        return;
    }
    if (row->prepare)
        row->prepare();
    double start = seconds();
    uint64_t sum = row->run();
    double end = seconds();
    if (row->sum)
        sum = row->sum();
    printf("hearth-bench %s %s %.6f %016" PRIx64 " %s\n", row->name, row->group, end - start, sum, path);
}

/* In a process of its own: no row inherits another one's memory. */
static int run_apart(const struct row *row)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0) {
        run(row);
        exit(0);
    }
    if (waitpid(child, &status, 0) != child)
        fail("waitpid");
    if (WIFSIGNALED(status))
        printf("programs: signal %d ended %s\n", WTERMSIG(status), row->name);
    return status == 0 ? 0 : 1;
}

static const struct row *find(const char *name)
{
    for (size_t group = 0; group < sizeof groups / sizeof *groups; group++)
        for (const struct row *row = groups[group]; row->name; row++)
            if (strcmp(row->name, name) == 0)
                return row;
    return find_command(name);
}

static int list(void)
{
    for (size_t group = 0; group < sizeof groups / sizeof *groups; group++)
        for (const struct row *row = groups[group]; row->name; row++)
            printf("%s %s\n", row->name, row->group);
    return 0;
}

/* On one processor, as a guest of one has it. */
static void pin(void)
{
    cpu_set_t allowed, one;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        fail("sched_getaffinity");
    int cpu = CPU_SETSIZE - 1;
    while (!CPU_ISSET(cpu, &allowed))
        cpu--;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        fail("sched_setaffinity");
}

int main(int argc, char **argv)
{
    int failed = 0;
    static char beside[4096];
    ssize_t length = readlink("/proc/self/exe", beside, sizeof beside - sizeof "exit");
    if (length < 0)
        fail("/proc/self/exe");
    beside[length] = 0;
    strcpy(strrchr(beside, '/') + 1, "exit");
    exit_program = beside;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0)
            return list();
        if (strcmp(argv[i], "--pin") == 0) {
            pin();
            continue;
        }
        if (strcmp(argv[i], "--scratch") == 0 && i + 1 < argc) {
            scratch_directory = argv[++i];
            continue;
        }
        if (strcmp(argv[i], "--commands") == 0 && i + 1 < argc) {
            read_commands(argv[++i]);
            continue;
        }
        const struct row *row = find(argv[i]);
        if (!row) {
            fprintf(stderr, "programs: there is no row %s\n", argv[i]);
            return 2;
        }
        failed |= run_apart(row);
    }
    return failed;
}
