/* Floating point, vectors and what the C library and cryptography make of them. A function that a processor may lack is chosen by
   CPUID, as a real program does. */
#include "bench.h"
#include <cpuid.h>
#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

enum { Mebibyte = 1 << 20 };

/* Leaf 7 is only there when the processor says so; AVX needs the operating system too, which the compiler's own test knows. */
static bool has_sha(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) && __builtin_cpu_supports("sse4.1");
}

static bool has_aes(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_AES) && __builtin_cpu_supports("sse4.1");
}

/* Matrix product of 400 x 400 floats, sixteen columns at a time. */
enum { Order = 400, Columns = 16, Products = 3 };
static float *left, *right, *product;

static void prepare_matrices(void)
{
    uint64_t state = 5;
    left = allocate(Order * Order * sizeof *left);
    right = allocate(Order * Order * sizeof *right);
    product = allocate(Order * Order * sizeof *product);
    for (size_t i = 0; i < Order * Order; i++) {
        left[i] = (float)(next_random(&state) >> 40) / 16777216.0f;
        right[i] = (float)(next_random(&state) >> 40) / 16777216.0f;
    }
}

static __attribute__((target("sse2"), noipa)) void multiply_sse(void)
{
    for (size_t i = 0; i < Order; i++)
        for (size_t j = 0; j < Order; j += Columns) {
            __m128 sums[4] = { _mm_setzero_ps(), _mm_setzero_ps(), _mm_setzero_ps(), _mm_setzero_ps() };
            for (size_t k = 0; k < Order; k++) {
                __m128 factor = _mm_set1_ps(left[i * Order + k]);
                const float *row = right + k * Order + j;
                for (size_t v = 0; v < 4; v++)
                    sums[v] = _mm_add_ps(sums[v], _mm_mul_ps(factor, _mm_loadu_ps(row + 4 * v)));
            }
            for (size_t v = 0; v < 4; v++)
                _mm_storeu_ps(product + i * Order + j + 4 * v, sums[v]);
        }
}

static __attribute__((target("avx2"), noipa)) void multiply_avx2(void)
{
    for (size_t i = 0; i < Order; i++)
        for (size_t j = 0; j < Order; j += Columns) {
            __m256 sums[2] = { _mm256_setzero_ps(), _mm256_setzero_ps() };
            for (size_t k = 0; k < Order; k++) {
                __m256 factor = _mm256_set1_ps(left[i * Order + k]);
                const float *row = right + k * Order + j;
                for (size_t v = 0; v < 2; v++)
                    sums[v] = _mm256_add_ps(sums[v], _mm256_mul_ps(factor, _mm256_loadu_ps(row + 8 * v)));
            }
            for (size_t v = 0; v < 2; v++)
                _mm256_storeu_ps(product + i * Order + j + 8 * v, sums[v]);
        }
}

static uint64_t matrices_sse(void)
{
    for (int i = 0; i < Products; i++)
        multiply_sse();
    return checksum(product, Order * Order * sizeof *product);
}

static uint64_t matrices_avx2(void)
{
    for (int i = 0; i < Products; i++)
        multiply_avx2();
    return checksum(product, Order * Order * sizeof *product);
}

static const char *path_avx2(void)
{
    return __builtin_cpu_supports("avx2") ? "avx2" : "skip:no-AVX2";
}

/* Scalar division: a chain of them. */
static __attribute__((noipa)) double divide(double x, double over, int count)
{
    for (int i = 0; i < count; i++)
        x = over / x + 0.5;
    return x;
}

static uint64_t divisions(void)
{
    double x = divide(3.0, 7.0, 15000000);
    return checksum(&x, sizeof x);
}

/* x87: the C compiler's long double. */
static __attribute__((noipa)) long double series(int count)
{
    long double sum = 0, sign = 1;
    for (int i = 0; i < count; i++) {
        sum += sign / (2 * i + 1);
        sum *= 1.0000000001L;
        sign = -sign;
    }
    return sum;
}

static uint64_t x87(void)
{
    uint8_t bytes[16] = { 0 };
    long double sum = series(12000000);
    memcpy(bytes, &sum, 10);
    return checksum(bytes, sizeof bytes);
}

/* The C library's memcpy and memset, in the version it picks for this processor. */
static void *(*const volatile copy)(void *, const void *, size_t) = memcpy;
static void *(*const volatile set)(void *, int, size_t) = memset;
enum { LargeBlock = Mebibyte, SmallArea = 64 << 10 };
static uint8_t *source, *target;

static void prepare_blocks(void)
{
    uint64_t state = 6;
    source = allocate(LargeBlock);
    target = allocate(LargeBlock);
    for (size_t i = 0; i < LargeBlock; i++)
        source[i] = (uint8_t)(next_random(&state) >> 56);
}

static uint64_t copy_large(void)
{
    for (int i = 0; i < 1500; i++)
        copy(target, source, LargeBlock - i % 64);
    return checksum(target, LargeBlock);
}

static uint64_t set_large(void)
{
    for (int i = 0; i < 2000; i++)
        set(target, i, LargeBlock - i % 64);
    return checksum(target, LargeBlock);
}

static uint64_t copy_small(void)
{
    uint64_t state = 7;
    for (int i = 0; i < 8000000; i++) {
        uint64_t random = next_random(&state);
        copy(target + random % SmallArea, source + (random >> 20) % SmallArea, (random >> 40) % 128);
    }
    return checksum(target, SmallArea + 128);
}

static uint64_t set_small(void)
{
    uint64_t state = 8;
    for (int i = 0; i < 8000000; i++) {
        uint64_t random = next_random(&state);
        set(target + random % SmallArea, i, (random >> 40) % 128);
    }
    return checksum(target, SmallArea + 128);
}

/* SHA-256 (FIPS 180-4) of 48 MiB: the compression function. */
static const uint32_t sha_constants[64] =
{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate(uint32_t x, int by)
{
    return x >> by | x << (32 - by);
}

static __attribute__((noipa)) void sha256_portable(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    for (; blocks > 0; blocks--, data += 64) {
        uint32_t w[64], s[8];
        for (int i = 0; i < 16; i++) {
            memcpy(&w[i], data + 4 * i, 4);
            w[i] = __builtin_bswap32(w[i]);
        }
        for (int i = 16; i < 64; i++)
            w[i] = w[i - 16] + w[i - 7] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3)
                + (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
        memcpy(s, state, sizeof s);
        for (int i = 0; i < 64; i++) {
            uint32_t first = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6]))
                + sha_constants[i] + w[i];
            uint32_t second = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
            s[7] = s[6];
            s[6] = s[5];
            s[5] = s[4];
            s[4] = s[3] + first;
            s[3] = s[2];
            s[2] = s[1];
            s[1] = s[0];
            s[0] = first + second;
        }
        for (int i = 0; i < 8; i++)
            state[i] += s[i];
    }
}

/* The two instructions for rounds keep the state as ABEF and CDGH. */
static __attribute__((target("sha,sse4.1,ssse3"), noipa)) void sha256_instructions(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bull, 0x0405060700010203ull);
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xB1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
    __m128i abef = _mm_alignr_epi8(low, high, 8);
    __m128i cdgh = _mm_blend_epi16(high, low, 0xF0);
    for (; blocks > 0; blocks--, data += 64) {
        __m128i w[4], old_abef = abef, old_cdgh = cdgh;
        for (int i = 0; i < 4; i++)
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * i)), swap);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            if (i >= 4) {
                __m128i middle = _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4);
                __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]), middle);
                w[i % 4] = _mm_sha256msg2_epu32(sum, w[(i + 3) % 4]);
            }
            __m128i added = _mm_add_epi32(w[i % 4], _mm_loadu_si128((const __m128i *)(sha_constants + 4 * i)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, added);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(added, 0x0E));
        }
        abef = _mm_add_epi32(abef, old_abef);
        cdgh = _mm_add_epi32(cdgh, old_cdgh);
    }
    low = _mm_shuffle_epi32(abef, 0x1B);
    high = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(low, high, 0xF0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

static uint64_t sha256(void)
{
    uint32_t state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    void (*const compress)(uint32_t *, const uint8_t *, size_t) = has_sha() ? sha256_instructions : sha256_portable;
    for (int i = 0; i < 48; i++)
        compress(state, source, LargeBlock / 64);
    return checksum(state, sizeof state);
}

static const char *path_sha(void)
{
    return has_sha() ? "sha-ni" : "portable";
}

/* AES-128 (FIPS 197) in counter mode over 24 MiB; only the low half of the counter counts. */
enum { Rounds = 10 };
static uint8_t round_keys[Rounds + 1][16];
static uint8_t substitution[256];
static uint32_t round_table[4][256];

static uint8_t twice(uint8_t x)
{
    return (uint8_t)(x << 1 ^ (x >> 7) * 0x1B);
}

/* Walks the field by its generator 3 and its inverse 0xF6. */
static void prepare_aes(void)
{
    uint8_t p = 1, q = 1, constant = 1;
    do {
        p = p ^ twice(p);
        q ^= q << 1;
        q ^= q << 2;
        q ^= q << 4;
        q ^= (q >> 7) * 0x09;
        uint8_t x = q ^ (q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^ (q << 4 | q >> 4) ^ 0x63;
        substitution[p] = x;
    } while (p != 1);
    substitution[0] = 0x63;
    for (int i = 0; i < 256; i++) {
        uint8_t s = substitution[i];
        uint32_t column = twice(s) | (uint32_t)s << 8 | (uint32_t)s << 16 | (uint32_t)(twice(s) ^ s) << 24;
        for (int row = 0; row < 4; row++, column = column << 8 | column >> 24)
            round_table[row][i] = column;
    }

    uint8_t *key = round_keys[0];
    for (int i = 0; i < 16; i++)
        key[i] = (uint8_t)(i * 17);
    for (int i = 16; i < 16 * (Rounds + 1); i++) {
        uint8_t last = key[i - 4];
        if (i % 16 < 4) {
            last = substitution[key[i - i % 16 - 4 + (i + 1) % 4]];
            if (i % 16 == 0) {
                last ^= constant;
                constant = twice(constant);
            }
        }
        key[i] = key[i - 16] ^ last;
    }
    prepare_blocks();
}

static inline uint32_t aes_column(const uint32_t s[4], int i, const uint8_t *key)
{
    uint32_t word;
    memcpy(&word, key + 4 * i, 4);
    return word ^ round_table[0][s[i] & 0xFF] ^ round_table[1][s[(i + 1) % 4] >> 8 & 0xFF]
        ^ round_table[2][s[(i + 2) % 4] >> 16 & 0xFF] ^ round_table[3][s[(i + 3) % 4] >> 24];
}

static __attribute__((noipa)) void aes_portable(uint8_t *out, const uint8_t *in, size_t blocks, uint64_t counter)
{
    for (; blocks > 0; blocks--, counter++, in += 16, out += 16) {
        uint32_t s[4] = { (uint32_t)counter, (uint32_t)(counter >> 32), 0, 0 }, t[4];
        for (int i = 0; i < 4; i++) {
            memcpy(&t[i], round_keys[0] + 4 * i, 4);
            s[i] ^= t[i];
        }
        for (int round = 1; round < Rounds; round++) {
            for (int i = 0; i < 4; i++)
                t[i] = aes_column(s, i, round_keys[round]);
            memcpy(s, t, sizeof s);
        }
        for (int i = 0; i < 16; i++)
            out[i] = in[i] ^ round_keys[Rounds][i] ^ substitution[s[(i / 4 + i % 4) % 4] >> 8 * (i % 4) & 0xFF];
    }
}

static __attribute__((target("aes,sse4.1"), noipa)) void aes_instructions(uint8_t *out, const uint8_t *in, size_t blocks, uint64_t counter)
{
    __m128i keys[Rounds + 1];
    for (int i = 0; i <= Rounds; i++)
        keys[i] = _mm_loadu_si128((const __m128i *)round_keys[i]);
    for (; blocks >= 4; blocks -= 4, counter += 4, in += 64, out += 64) {
        __m128i s[4];
        for (int v = 0; v < 4; v++)
            s[v] = _mm_xor_si128(_mm_cvtsi64_si128((long long)(counter + (uint64_t)v)), keys[0]);
        for (int round = 1; round < Rounds; round++)
            for (int v = 0; v < 4; v++)
                s[v] = _mm_aesenc_si128(s[v], keys[round]);
        for (int v = 0; v < 4; v++) {
            __m128i text = _mm_loadu_si128((const __m128i *)in + v);
            _mm_storeu_si128((__m128i *)out + v, _mm_xor_si128(text, _mm_aesenclast_si128(s[v], keys[Rounds])));
        }
    }
}

static uint64_t aes(void)
{
    void (*const encrypt)(uint8_t *, const uint8_t *, size_t, uint64_t) = has_aes() ? aes_instructions : aes_portable;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < 48; i++) {
        encrypt(target, source, LargeBlock / 16, i << 20);
        sum = mix(sum, target[i]);
    }
    return mix(sum, checksum(target, LargeBlock));
}

static const char *path_aes(void)
{
    return has_aes() ? "aes-ni" : "portable";
}

const struct row vector_rows[] =
{
    { "matmul-sse", "vector", prepare_matrices, matrices_sse, NULL, NULL },
    { "matmul-avx2", "vector", prepare_matrices, matrices_avx2, path_avx2, NULL },
    { "div-double", "vector", NULL, divisions, NULL, NULL },
    { "x87", "vector", NULL, x87, NULL, NULL },
    { "memcpy-large", "vector", prepare_blocks, copy_large, NULL, NULL },
    { "memcpy-small", "vector", prepare_blocks, copy_small, NULL, NULL },
    { "memset-large", "vector", prepare_blocks, set_large, NULL, NULL },
    { "memset-small", "vector", prepare_blocks, set_small, NULL, NULL },
    { "sha256", "vector", prepare_blocks, sha256, path_sha, NULL },
    { "aes", "vector", prepare_aes, aes, path_aes, NULL },
    { NULL, NULL, NULL, NULL, NULL, NULL },
};
