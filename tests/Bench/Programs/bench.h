/* What the rows of the processor comparison share. Each row does a fixed amount of work and answers with a checksum of what it
   computed, which must not depend on where it ran. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

struct row {
    const char *name;
    const char *group;             /* its class: compute, vector, system, parallel */
    void (*prepare)(void);         /* outside the measured time; may be null */
    uint64_t (*run)(void);         /* the work */
    const char *(*path)(void);     /* which implementation this processor gets, or "skip:WHY"; null where there is one only */
    uint64_t (*sum)(void);         /* the checksum, where taking it must not be measured; null when run answers with it */
};

extern const struct row compute_rows[], vector_rows[], system_rows[], parallel_rows[];

/* Where the files of the file rows go: a tmpfs. */
extern const char *scratch_directory;
/* The program that does nothing but exit, for the exec row. */
extern const char *exit_program;

/* Rows that run other programs. */
void read_commands(const char *path);
const struct row *find_command(const char *name);

/* Ends the program with the failed call's name and errno. */
void fail(const char *what) __attribute__((noreturn));

/* CLOCK_MONOTONIC. */
double seconds(void);

/* Zeroed pages that are all there already, so that the measured work takes no page fault. */
void *allocate(size_t bytes);

/* xorshift64*, the same numbers everywhere. */
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545F4914F6CDD1Dull;
}

/* FNV-1a by 64-bit words, for checksums outside the hot part. */
static inline uint64_t mix(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * 0x100000001B3ull;
}

uint64_t checksum(const void *data, size_t bytes);

/* The kernels the parallel rows run side by side. */
uint32_t crc32_of(const uint8_t *data, size_t bytes, int passes);
uint64_t sieve_of(uint8_t *flags, size_t bytes, int passes);
void quicksort(uint32_t *data, ptrdiff_t count);
uint64_t touch_pages(size_t pages, int passes);
uint64_t fork_and_wait(int count);
uint64_t pipe_round_trips(int count);

#endif
