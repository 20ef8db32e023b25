/* What the kernel and the memory management unit do. */
#define _GNU_SOURCE
#include "bench.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PageSize = 4096 };

static uint64_t system_call(void)
{
    uint64_t same = 0;
    long parent = getppid();
    for (int i = 0; i < 250000; i++)
        same += syscall(SYS_getppid) == parent;
    return same;
}

/* 512 bytes of a file in memory. */
enum { FileSize = 1 << 20, ReadSize = 512 };
static int read_file;

static void prepare_read(void)
{
    uint64_t state = 4, word;
    read_file = memfd_create("read", 0);
    if (read_file < 0)
        fail("memfd_create");
    for (size_t i = 0; i < FileSize / sizeof word; i++) {
        word = next_random(&state);
        if (write(read_file, &word, sizeof word) != sizeof word)
            fail("write");
    }
}

static uint64_t read_512(void)
{
    uint64_t block[ReadSize / 8], sum = 0;
    for (int i = 0; i < 200000; i++) {
        if (pread(read_file, block, sizeof block, (off_t)i * ReadSize % FileSize) != sizeof block)
            fail("pread");
        sum = mix(sum, block[i % (ReadSize / 8)]);
    }
    return sum;
}

/* A byte there and back between two processes. */
uint64_t pipe_round_trips(int count)
{
    int there[2], back[2];
    uint8_t byte = 0;
    uint64_t sum = 0;
    if (pipe(there) != 0 || pipe(back) != 0)
        fail("pipe");
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0) {
        close(there[1]);
        while (read(there[0], &byte, 1) == 1) {
            byte += 3;
            if (write(back[1], &byte, 1) != 1)
                _exit(1);
        }
        _exit(0);
    }
    close(there[0]);
    for (int i = 0; i < count; i++) {
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
            fail("pipe");
        sum += byte;
    }
    close(there[1]);
    close(back[0]);
    close(back[1]);
    if (waitpid(child, NULL, 0) != child)
        fail("waitpid");
    return sum;
}

static uint64_t pipe_pair(void)
{
    return pipe_round_trips(10000);
}

/* Anonymous memory: fault, zero, unmap. Small pages, whatever the kernel's settings say. */
uint64_t touch_pages(size_t pages, int passes)
{
    uint64_t sum = 0;
    for (int pass = 0; pass < passes; pass++) {
        volatile uint8_t *area = mmap(NULL, pages * PageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (area == MAP_FAILED)
            fail("mmap");
        madvise((void *)area, pages * PageSize, MADV_NOHUGEPAGE);
        for (size_t page = 0; page < pages; page++) {
            sum += area[page * PageSize];
            area[page * PageSize] = (uint8_t)page;
            sum += area[page * PageSize];
        }
        munmap((void *)area, pages * PageSize);
    }
    return sum;
}

static uint64_t page_faults(void)
{
    return touch_pages(8000, 5);
}

static uint64_t map_and_unmap(void)
{
    uint64_t done = 0;
    for (int i = 0; i < 40000; i++) {
        void *area = mmap(NULL, 16 * PageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (area == MAP_FAILED)
            fail("mmap");
        done += munmap(area, 16 * PageSize) == 0;
    }
    return done;
}

uint64_t fork_and_wait(int count)
{
    uint64_t sum = 0;
    for (int i = 0; i < count; i++) {
        int status;
        pid_t child = fork();
        if (child < 0)
            fail("fork");
        if (child == 0)
            _exit(i & 0x7F);
        if (waitpid(child, &status, 0) != child)
            fail("waitpid");
        sum = mix(sum, WEXITSTATUS(status));
    }
    return sum;
}

static uint64_t forks(void)
{
    return fork_and_wait(200);
}

static uint64_t executions(void)
{
    uint64_t done = 0;
    for (int i = 0; i < 120; i++) {
        int status;
        pid_t child = fork();
        if (child < 0)
            fail("fork");
        if (child == 0) {
            execl(exit_program, exit_program, (char *)NULL);
            _exit(127);
        }
        if (waitpid(child, &status, 0) != child || status != 0)
            fail(exit_program);
        done++;
    }
    return done;
}

static volatile uint64_t signals_seen;

static void on_signal(int number)
{
    signals_seen += number;
}

static uint64_t signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGUSR1, &action, NULL);
    pid_t self = getpid();
    for (int i = 0; i < 50000; i++)
        kill(self, SIGUSR1);
    return signals_seen;
}

/* A token goes round eight processes. */
enum { RingSize = 8, RingRounds = 2500 };

static uint64_t ring(void)
{
    int pipes[RingSize][2];
    uint32_t token = 0;
    for (int i = 0; i < RingSize; i++)
        if (pipe(pipes[i]) != 0)
            fail("pipe");
    for (int i = 1; i < RingSize; i++) {
        pid_t child = fork();
        if (child < 0)
            fail("fork");
        if (child == 0) {
            for (int round = 0; round < RingRounds; round++) {
                if (read(pipes[i - 1][0], &token, sizeof token) != sizeof token)
                    _exit(1);
                token += i;
                if (write(pipes[i][1], &token, sizeof token) != sizeof token)
                    _exit(1);
            }
            _exit(0);
        }
    }
    for (int round = 0; round < RingRounds; round++)
        if (write(pipes[0][1], &token, sizeof token) != sizeof token
            || read(pipes[RingSize - 1][0], &token, sizeof token) != sizeof token)
            fail("ring");
    while (wait(NULL) > 0)
        continue;
    return token;
}

static uint64_t files(void)
{
    char path[4096] = "";
    uint64_t done = 0;
    for (int i = 0; i < 12000; i++) {
        snprintf(path, sizeof path, "%s/bench-%d", scratch_directory, i);
        int file = open(path, O_CREAT | O_EXCL | O_RDWR, 0600);
        if (file < 0)
            fail(path);
        if (write(file, path, 100) != 100)
            fail(path);
        close(file);
        done += unlink(path) == 0;
    }
    return done;
}

const struct row system_rows[] =
{
    { "getppid", "system", NULL, system_call, NULL, NULL },
    { "read512", "system", prepare_read, read_512, NULL, NULL },
    { "pipe", "system", NULL, pipe_pair, NULL, NULL },
    { "faults", "system", NULL, page_faults, NULL, NULL },
    { "mmap", "system", NULL, map_and_unmap, NULL, NULL },
    { "fork", "system", NULL, forks, NULL, NULL },
    { "exec", "system", NULL, executions, NULL, NULL },
    { "signal", "system", NULL, signals, NULL, NULL },
    { "ring", "system", NULL, ring, NULL, NULL },
    { "files", "system", NULL, files, NULL, NULL },
    { NULL, NULL, NULL, NULL, NULL, NULL },
};
