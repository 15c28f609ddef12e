/*
 * nginx's pools over malloc, for src/core compiled alone (see src/core/common.h).
 */

#ifndef DASH_T_STANDALONE_H
#define DASH_T_STANDALONE_H

#include "common.h"

#define DASH_STANDALONE_NEVER (-1)

/*
 * Of the allocations that follow, from whatever pool, the one with the number n, counted from 0,
 * returns NULL; those before and after it succeed. DASH_STANDALONE_NEVER ends that.
 */
void dash_standalone_fail_at(ngx_int_t n);

#endif /* DASH_T_STANDALONE_H */
