/* log_print.h - prints the records of a log for people, or as JSON lines. */
#ifndef PC_CLI_LOG_PRINT_H
#define PC_CLI_LOG_PRINT_H

#include <signal.h>

#include "cli/cli.h"
#include "logview/reader.h"

struct log_print;

/* `*stop` not 0 ends the printing. NULL when out of memory. */
struct log_print *log_print_new(const struct cli *cli, const volatile sig_atomic_t *stop);
void log_print_free(struct log_print *p);

/* What a reader calls. */
struct reader_calls log_print_calls(struct log_print *p);

/* Writes out what is buffered. False when nobody reads it (any more), or the disk is full. */
bool log_print_flush(struct log_print *p);
/* Ends the last line. */
void log_print_end(struct log_print *p);

/* Prints how many records there are. */
void log_print_count(const struct cli *cli, uint64_t count);

#endif
