/* known.h - what a static analyser, which looks at one file at a time, cannot see: that these return false.
 *
 * Included in front of each file that is analysed (tests/analysis/run), never in a build.
 */
#ifndef PC_ANALYSIS_KNOWN_H
#define PC_ANALYSIS_KNOWN_H

#include "base/error.h"

#define error_set(...) (error_set(__VA_ARGS__), false)
#define error_errno(...) (error_errno(__VA_ARGS__), false)
#define error_wrap(...) (error_wrap(__VA_ARGS__), false)
#define error_next(...) (error_next(__VA_ARGS__), false)
#define error_usage(...) (error_usage(__VA_ARGS__), false)

#endif
