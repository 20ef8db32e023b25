/* What the processor's rows and those of the devices both need. */
#define _GNU_SOURCE
#include "bench.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

void fail(const char *what)
{
    fprintf(stderr, "programs: %s: %s\n", what, strerror(errno));
    exit(1);
}

void *allocate(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (pages == MAP_FAILED)
        fail("mmap");
    return pages;
}

uint64_t checksum(const void *data, size_t bytes)
{
    const uint8_t *at = data;
    uint64_t sum = 0xCBF29CE484222325ull, word;
    for (; bytes >= sizeof word; at += sizeof word, bytes -= sizeof word) {
        memcpy(&word, at, sizeof word);
        sum = mix(sum, word);
    }
    for (; bytes > 0; at++, bytes--)
        sum = mix(sum, *at);
    return sum;
}

double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}
