/*
 * What the fuzz targets share.
 */

#ifndef DASH_T_FUZZ_H
#define DASH_T_FUZZ_H

#include "standalone.h"

#include <stdio.h>

/* A promise that must hold for every input; libFuzzer keeps the input that breaks it. */
#define REQUIRE(promise)                                                          \
    do {                                                                          \
        if (!(promise)) {                                                         \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #promise); \
            abort();                                                              \
        }                                                                         \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* DASH_T_FUZZ_H */
