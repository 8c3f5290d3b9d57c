/* paragraph.h - text for people, broken at words to the width of the terminal. */
#ifndef PC_CLI_PARAGRAPH_H
#define PC_CLI_PARAGRAPH_H

#include <stddef.h>

/* Prints `text` (len bytes; made safe here) to standard output after `lead`, which is plain ASCII such as "  1. ": the
 * lines that follow are indented by as much. On anything but a terminal a paragraph is one line, for grep and paste. */
void paragraph_print(const char *lead, const char *text, size_t len);

#endif
