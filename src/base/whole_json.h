/* whole_json.h - JSON that is whole or an error.
 *
 * Short of memory, jansson drops a byte of a text that it reads or writes, or a member of an object, and often says nothing (its
 * buffers' results are not looked at everywhere, and setting a member that could not be made is easily not looked at by us).
 * So its allocator is made to note a failure, and what was read, made or written meanwhile is thrown away.
 */
#ifndef PC_BASE_WHOLE_JSON_H
#define PC_BASE_WHOLE_JSON_H

#include <jansson.h>
#include <stdbool.h>

/* From here on a failure is noted, in this thread. */
void whole_json_begin(void);

/* Whether there was not enough memory for something of jansson's since then. */
bool whole_json_failed(void);

/* As json_loadb() with JSON_REJECT_DUPLICATES; the caller owns the value. NULL: not JSON (`why`, when given, says where), or
 * *out_of_memory. */
json_t *whole_json_parse(const char *text, size_t len, json_error_t *why, bool *out_of_memory);

/* As json_dumps(); the caller frees the text. NULL: no memory, or no value. */
char *whole_json_dump(const json_t *value, size_t flags);

#endif
