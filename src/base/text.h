/* text.h - text from outside, made safe and fitted to columns.
 *
 * text_sanitise() is the one function that text from outside passes before a terminal, a log or a report: log lines,
 * certificate names, host names, server headers, archive member names, hook output. It shows control bytes, C1 codes,
 * bidi overrides, other invisible characters and invalid UTF-8 visibly and never passes an escape sequence through.
 * (iswprint() alone is not enough: glibc calls bidi overrides printable.)
 */
#ifndef PC_BASE_TEXT_H
#define PC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Appends `s` (n bytes) to `out` in safe form: ^[ for C0 and DEL, <9B> for a byte that is not UTF-8, <U+202E> for C1,
 * bidi, format, private-use, line-separator and unassigned code points. TAB, CR, LF and BS are shown as well. */
void text_sanitise(struct buffer *out, const char *s, size_t n);

/* The same into a fixed buffer, cut at a whole character; always terminated. Returns dst. */
char *text_safe(char *dst, size_t size, const char *s);

/* Reads one UTF-8 character (RFC 3629: no surrogates, no overlong forms). Returns its length, 0 when invalid. */
size_t text_utf8_decode(const char *s, size_t n, uint32_t *code_point);

/* Columns of a terminal that the text takes; invalid bytes count as one. Locale-independent width of UTF-8. */
size_t text_width(const char *s);

/* Columns of the widest of some texts, at least `least`. What a column of translated texts has to have. */
#define text_widest(least, ...) text_widest_of((least), (const char *const[]){ __VA_ARGS__, NULL })
size_t text_widest_of(size_t least, const char *const *texts);

/* Appends at most `cols` columns of `s`, cutting at a whole character (with combining marks) and ending with "…"
 * (or ">" when `ascii`) when cut; pads with spaces to exactly `cols` when `pad`. Returns the columns written. */
size_t text_fit(struct buffer *out, const char *s, size_t cols, bool pad, bool ascii);

/* Writes a URL without its user name and password: secrets never reach a log, an event or a report. */
char *text_url_without_login(char *dst, size_t size, const char *url);

#endif
