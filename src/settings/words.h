/* words.h - refuses what libconfig would take in silence or die of: numbers that do not fit, and files to include that
 * cannot be read. Internal to the room. */
#ifndef PC_SETTINGS_WORDS_H
#define PC_SETTINGS_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The folder of a path, heap; "." for a bare name. */
char *words_folder(const char *path);

/* Checks a text, and the files that it includes from `dir`. Syntax is left to libconfig. */
bool words_check(const char *path, const char *dir, const char *text, size_t len, struct error *err);

#endif
