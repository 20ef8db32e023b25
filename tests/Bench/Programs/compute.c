/* Integer programs. noipa keeps the compiler from turning what a row measures into something else. */
#include "bench.h"
#include <string.h>

enum { Mebibyte = 1 << 20 };

/* ALU: four chains of multiply, rotate, xor and add. */
static uint64_t alu(void)
{
    uint64_t a = 1, b = 2, c = 3, d = 4;
    for (uint64_t i = 0; i < 40000000; i++) {
        a = a * 0x9E3779B97F4A7C15ull + i;
        b = (b << 7 | b >> 57) ^ a;
        c = c + (b >> 3) - i;
        d = (d ^ c) + (a & 0xFF);
    }
    return mix(mix(mix(a, b), c), d);
}

/* CRC-32 with one table of 256 entries, a byte at a time. */
static uint32_t crc_table[256];
static uint8_t *crc_data;

uint32_t crc32_of(const uint8_t *data, size_t bytes, int passes)
{
    uint32_t crc = ~0u;
    for (int pass = 0; pass < passes; pass++)
        for (size_t i = 0; i < bytes; i++)
            crc = crc_table[(crc ^ data[i]) & 0xFF] ^ (crc >> 8);
    return ~crc;
}

static __attribute__((constructor)) void prepare_crc_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
        crc_table[i] = crc;
    }
}

static void prepare_crc(void)
{
    uint64_t state = 1;
    crc_data = allocate(Mebibyte);
    for (size_t i = 0; i < Mebibyte; i++)
        crc_data[i] = (uint8_t)(next_random(&state) >> 56);
}

static uint64_t crc(void)
{
    return crc32_of(crc_data, Mebibyte, 100);
}

/* Sieve of Eratosthenes, a byte for each number. */
enum { SieveSize = 2 * Mebibyte };
static uint8_t *sieve_flags;

__attribute__((noipa)) uint64_t sieve_of(uint8_t *flags, size_t bytes, int passes)
{
    uint64_t count = 0;
    for (int pass = 0; pass < passes; pass++) {
        memset(flags, 1, bytes);
        for (size_t i = 2; i * i < bytes; i++)
            if (flags[i])
                for (size_t j = i * i; j < bytes; j += i)
                    flags[j] = 0;
        for (size_t i = 2; i < bytes; i++)
            count += flags[i];
    }
    return count;
}

static void prepare_sieve(void)
{
    sieve_flags = allocate(SieveSize);
}

static uint64_t sieve(void)
{
    return sieve_of(sieve_flags, SieveSize, 12);
}

/* Hoare's quicksort of a million random numbers. */
enum { SortCount = 1000000 };
static uint32_t *sort_data;

__attribute__((noipa)) void quicksort(uint32_t *data, ptrdiff_t count)
{
    while (count > 1) {
        uint32_t pivot = data[count / 2];
        ptrdiff_t i = 0, j = count - 1;
        while (i <= j) {
            while (data[i] < pivot)
                i++;
            while (data[j] > pivot)
                j--;
            if (i <= j) {
                uint32_t other = data[i];
                data[i++] = data[j];
                data[j--] = other;
            }
        }
        quicksort(data, j + 1);
        data += i;
        count -= i;
    }
}

static void prepare_sort(void)
{
    uint64_t state = 2;
    sort_data = allocate(SortCount * sizeof *sort_data);
    for (size_t i = 0; i < SortCount; i++)
        sort_data[i] = (uint32_t)(next_random(&state) >> 32);
}

static uint64_t sort(void)
{
    quicksort(sort_data, SortCount);
    return checksum(sort_data, SortCount * sizeof *sort_data);
}

/* Recursion: calls and returns. */
static __attribute__((noipa)) uint64_t fibonacci(unsigned n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static uint64_t recursion(void)
{
    return fibonacci(35);
}

/* Calls through a table, in an order a predictor does not know. */
#define TARGET(n, expression) static __attribute__((noipa)) uint64_t target_##n(uint64_t x) { return expression; }
TARGET(0, x + 1)
TARGET(1, x ^ 0x55)
TARGET(2, x * 3)
TARGET(3, x - 7)
TARGET(4, x << 1 | x >> 63)
TARGET(5, ~x)
TARGET(6, x + (x >> 5))
TARGET(7, x ^ x >> 9)

static uint64_t (*const volatile targets[])(uint64_t) =
{
    target_0, target_1, target_2, target_3, target_4, target_5, target_6, target_7,
};
static uint8_t *target_order;
enum { OrderLength = 4096 };

static void prepare_indirect(void)
{
    uint64_t state = 3;
    target_order = allocate(OrderLength);
    for (size_t i = 0; i < OrderLength; i++)
        target_order[i] = next_random(&state) >> 61;
}

static uint64_t indirect(void)
{
    uint64_t x = 1;
    for (size_t i = 0; i < 20000000; i++)
        x = targets[target_order[i % OrderLength]](x);
    return x;
}

/* Branches that depend on data: the longest Collatz sequence. */
static uint64_t branches(void)
{
    uint64_t longest = 0, from = 0;
    for (uint64_t i = 1; i < 300000; i++) {
        uint64_t n = i, steps = 0;
        while (n != 1) {
            if (n & 1) {
                n = 3 * n + 1;
                if (n % 3 == 0)
                    steps += 1000;
            } else {
                n >>= 1;
            }
            steps++;
        }
        if (steps > longest) {
            longest = steps;
            from = i;
        }
    }
    return mix(longest, from);
}

const struct row compute_rows[] =
{
    { "alu", "compute", NULL, alu, NULL, NULL },
    { "crc32", "compute", prepare_crc, crc, NULL, NULL },
    { "sieve", "compute", prepare_sieve, sieve, NULL, NULL },
    { "quicksort", "compute", prepare_sort, sort, NULL, NULL },
    { "recursion", "compute", NULL, recursion, NULL, NULL },
    { "indirect", "compute", prepare_indirect, indirect, NULL, NULL },
    { "branches", "compute", NULL, branches, NULL, NULL },
    { NULL, NULL, NULL, NULL, NULL, NULL },
};
