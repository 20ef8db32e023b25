/* The same work twice, by two threads or two processes side by side: how much faster a second processor makes it. */
#define _GNU_SOURCE
#include "bench.h"
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { Workers = 2, Mebibyte = 1 << 20, SortCount = 1000000 };

struct worker {
    uint64_t (*work)(int number);
    int number;
    uint64_t result;
};

static void *start(void *argument)
{
    struct worker *worker = argument;
    worker->result = worker->work(worker->number);
    return NULL;
}

static uint64_t in_threads(uint64_t (*work)(int))
{
    struct worker workers[Workers];
    pthread_t threads[Workers];
    uint64_t sum = 0;
    for (int i = 0; i < Workers; i++) {
        workers[i] = (struct worker){ work, i, 0 };
        if (pthread_create(&threads[i], NULL, start, &workers[i]) != 0)
            fail("pthread_create");
    }
    for (int i = 0; i < Workers; i++) {
        pthread_join(threads[i], NULL);
        sum = mix(sum, workers[i].result);
    }
    return sum;
}

static uint64_t in_processes(uint64_t (*work)(int))
{
    uint64_t *results = mmap(NULL, Workers * sizeof *results, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t children[Workers];
    uint64_t sum = 0;
    if (results == MAP_FAILED)
        fail("mmap");
    for (int i = 0; i < Workers; i++) {
        children[i] = fork();
        if (children[i] < 0)
            fail("fork");
        if (children[i] == 0) {
            results[i] = work(i);
            _exit(0);
        }
    }
    for (int i = 0; i < Workers; i++) {
        int status;
        if (waitpid(children[i], &status, 0) != children[i] || status != 0)
            fail("worker");
        sum = mix(sum, results[i]);
    }
    return sum;
}

/* Every worker's own memory, filled outside the measured time. */
static uint8_t *data[Workers];

static void prepare(void)
{
    for (int i = 0; i < Workers; i++) {
        uint64_t state = 10 + i;
        data[i] = allocate(SortCount * sizeof(uint32_t));
        for (size_t word = 0; word < SortCount * sizeof(uint32_t) / 8; word++)
            ((uint64_t *)data[i])[word] = next_random(&state);
    }
}

static uint64_t crc_work(int number)
{
    return crc32_of(data[number], Mebibyte, 60);
}

static uint64_t sieve_work(int number)
{
    return sieve_of(data[number], Mebibyte - number, 40);
}

static uint64_t sort_work(int number)
{
    quicksort((uint32_t *)data[number], SortCount);
    return checksum(data[number], SortCount * sizeof(uint32_t));
}

static uint64_t call_work(int number)
{
    uint64_t same = number;
    long parent = getppid();
    for (int i = 0; i < 200000; i++)
        same += syscall(SYS_getppid) == parent;
    return same;
}

static uint64_t fault_work(int number)
{
    return touch_pages(4000 + number, 4);
}

static uint64_t fork_work(int number)
{
    return fork_and_wait(100 + number);
}

static uint64_t pipe_work(int number)
{
    return pipe_round_trips(6000 + number);
}

static uint64_t crc(void) { return in_threads(crc_work); }
static uint64_t sieve(void) { return in_threads(sieve_work); }
static uint64_t sort(void) { return in_processes(sort_work); }
static uint64_t calls(void) { return in_processes(call_work); }
static uint64_t faults(void) { return in_processes(fault_work); }
static uint64_t thread_faults(void) { return in_threads(fault_work); }
static uint64_t forks(void) { return in_processes(fork_work); }
static uint64_t pipes(void) { return in_processes(pipe_work); }

const struct row parallel_rows[] =
{
    { "2-crc32", "parallel", prepare, crc, NULL, NULL },
    { "2-sieve", "parallel", prepare, sieve, NULL, NULL },
    { "2-quicksort", "parallel", prepare, sort, NULL, NULL },
    { "2-getppid", "parallel", NULL, calls, NULL, NULL },
    { "2-faults", "parallel", NULL, faults, NULL, NULL },
    { "2-thread-faults", "parallel", NULL, thread_faults, NULL, NULL },
    { "2-fork", "parallel", NULL, forks, NULL, NULL },
    { "2-pipe", "parallel", NULL, pipes, NULL, NULL },
    { NULL, NULL, NULL, NULL, NULL, NULL },
};
