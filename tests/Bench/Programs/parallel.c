#include "bench.h"
const struct row parallel_rows[] = { { NULL, NULL, NULL, NULL, NULL } };
