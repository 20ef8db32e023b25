/* Rows that run other programs, from a file with one line for each:
     NAME TIMES [VARIABLE=VALUE]... PROGRAM [ARGUMENT]...
   Paths are relative to the folder of that file. The time is that of starting the program TIMES times and waiting for its end; the
   checksum is of what it wrote last. */
#define _GNU_SOURCE
#include "bench.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MostCommands = 64, MostWords = 64 };

static char *lines[MostCommands];
static int line_count;
static char *folder;

/* What the found row runs. */
static char *words[MostWords + 1];
static int output;

void read_commands(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t size = 0;
    if (!file)
        fail(path);
    while (line_count < MostCommands && getline(&lines[line_count], &size, file) > 0) {
        lines[line_count][strcspn(lines[line_count], "\n")] = 0;
        line_count++;
        size = 0;
    }
    fclose(file);
    folder = strdup(path);
    char *slash = strrchr(folder, '/');
    strcpy(slash ? slash : folder, slash ? "/" : ".");
}

static void prepare_command(void)
{
    output = memfd_create("output", 0);
    if (output < 0)
        fail("memfd_create");
}

static _Noreturn void execute(char **word)
{
    int null = open("/dev/null", O_RDWR);
    if (chdir(folder) != 0)
        fail(folder);
    for (; strchr(*word, '='); word++)
        putenv(*word);
    if (dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0)
        fail("dup2");
    execv(*word, word);
    fail(*word);
}

static uint64_t run_command(void)
{
    for (int times = atoi(words[1]); times > 0; times--) {
        int status;
        if (ftruncate(output, 0) != 0 || lseek(output, 0, SEEK_SET) != 0)
            fail("output");
        pid_t child = fork();
        if (child < 0)
            fail("fork");
        if (child == 0)
            execute(words + 2);
        if (waitpid(child, &status, 0) != child)
            fail("waitpid");
        if (status != 0) {
            fprintf(stderr, "programs: %s %d ended %s\n", WIFSIGNALED(status) ? "signal" : "exit code",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), words[0]);
            exit(1);
        }
    }
    return 0;
}

static uint64_t output_checksum(void)
{
    struct stat status;
    if (fstat(output, &status) != 0)
        fail("output");
    if (status.st_size == 0)
        return 0;
    void *content = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, output, 0);
    if (content == MAP_FAILED)
        fail("mmap");
    return checksum(content, status.st_size);
}

static const struct row command_row = { NULL, "real", prepare_command, run_command, NULL, output_checksum };

const struct row *find_command(const char *name)
{
    static struct row row;
    for (int line = 0; line < line_count; line++) {
        size_t length = strcspn(lines[line], " ");
        if (strlen(name) != length || strncmp(lines[line], name, length) != 0)
            continue;
        int count = 0;
        for (char *word = strtok(strdup(lines[line]), " "); word && count < MostWords; word = strtok(NULL, " "))
            words[count++] = word;
        words[count] = NULL;
        if (count < 3) {
            fprintf(stderr, "programs: the line of %s has no program\n", name);
            exit(2);
        }
        row = command_row;
        row.name = words[0];
        return &row;
    }
    return NULL;
}
