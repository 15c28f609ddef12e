/*
 * nginx's pools over malloc, for src/core compiled alone (see src/core/common.h).
 */

#ifndef DASH_T_STANDALONE_H
#define DASH_T_STANDALONE_H

#include "common.h"

#define DASH_STANDALONE_NEVER (-1)

/*
 * The next n allocations from any pool succeed, those after them return NULL; DASH_STANDALONE_NEVER
 * ends that.
 */
void dash_standalone_fail_after(ngx_int_t n);

#endif /* DASH_T_STANDALONE_H */
