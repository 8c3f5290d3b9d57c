/* Curses sets an attribute wherever a cell has it, one sequence for each, also on blanks, where nothing is seen of a colour. */
#include <string.h>

#include "frame.h"

#define OWN (-1)			/* the terminal's own colour */
#define OTHER (-2)			/* one that is not followed here */

struct look {
	bool known, bold, underline, reverse;
	int fore;
};

static const struct look plain = { .known = true, .fore = OWN };

/* What the terminal does now, and what it is to do with the next character. */
struct looks {
	struct look have, want;
};

/* --- sequences --------------------------------------------------------------------------------------------------------- */

/* Length of the escape sequence at `at`, at most what is there. */
static size_t escape_length(const char *at, size_t n)
{
	size_t i = 2;

	if (n < 2)
		return n;
	if (at[1] != '[')
		return at[1] == '(' || at[1] == ')' ? (n < 3 ? n : 3) : 2;
	while (i < n && (at[i] < '@' || at[i] > '~'))
		i++;
	return i < n ? i + 1 : n;
}

static bool is_move(const char *at, size_t n)
{
	return n >= 3 && at[1] == '[' && at[escape_length(at, n) - 1] == 'H';
}

/* Does it fill cells that nobody wrote to? */
static bool erases(const char *at, size_t len)
{
	return len >= 3 && at[1] == '[' && strchr("JKXLMP@", at[len - 1]) != NULL;
}

/* --- attributes -------------------------------------------------------------------------------------------------------- */

/* Takes one parameter of "ESC [ ... m". False when it is none of those that are followed. */
static bool take_attribute(struct look *l, int p)
{
	if (p == 0)
		*l = plain;
	else if (p == 1 || p == 22)
		l->bold = p == 1;
	else if (p == 4 || p == 24)
		l->underline = p == 4;
	else if (p == 7 || p == 27)
		l->reverse = p == 7;
	else if (p >= 30 && p <= 37)
		l->fore = p - 30;
	else if (p == 39)
		l->fore = OWN;
	else
		return p == 49;
	return true;
}

/* "ESC [ 1 ; 36 m"; a number that is left out is 0. */
static bool take_attributes(struct look *l, const char *at, size_t len)
{
	int p = 0;

	for (size_t i = 2; i < len; i++) {
		if (at[i] >= '0' && at[i] <= '9' && p < 1000) {
			p = p * 10 + at[i] - '0';
			continue;
		}
		if ((at[i] != ';' && at[i] != 'm') || !take_attribute(l, p))
			return false;
		p = 0;
	}
	return true;
}

static bool same(const struct look *a, const struct look *b)
{
	return a->known == b->known && a->bold == b->bold && a->underline == b->underline && a->reverse == b->reverse &&
	       a->fore == b->fore;
}

static void put_parameter(struct buffer *out, bool *first, int p)
{
	buffer_printf(out, "%s%d", *first ? "" : ";", p);
	*first = false;
}

/* Appends what leads from one look to another. False: that cannot be done without beginning anew. */
static bool put_change(const struct look *have, const struct look *want, bool anew, struct buffer *out)
{
	bool first = true;

	/* Terminals of the VT100's kind know no other way to take an attribute away. */
	if (!anew && (!have->known || have->bold > want->bold || have->underline > want->underline || have->reverse > want->reverse))
		return false;
	if (anew)
		have = &plain;
	buffer_puts(out, "\033[");
	if (anew && !same(have, want))
		put_parameter(out, &first, 0);
	if (want->bold > have->bold)
		put_parameter(out, &first, 1);
	if (want->underline > have->underline)
		put_parameter(out, &first, 4);
	if (want->reverse > have->reverse)
		put_parameter(out, &first, 7);
	if (want->fore != have->fore)
		put_parameter(out, &first, want->fore == OWN ? 39 : 30 + want->fore);
	buffer_putc(out, 'm');
	return true;
}

/* Makes the terminal do what is wanted, the shorter way. */
static void catch_up(struct looks *l, struct buffer *out)
{
	struct buffer change = BUFFER_INIT(64), anew = BUFFER_INIT(64);

	if (same(&l->have, &l->want))
		return;
	put_change(&l->have, &l->want, true, &anew);
	if (put_change(&l->have, &l->want, false, &change) && change.len < anew.len)
		buffer_append(out, buffer_text(&change), change.len);
	else
		buffer_append(out, buffer_text(&anew), anew.len);
	l->have = l->want;
	buffer_clear(&change);
	buffer_clear(&anew);
}

/* The same before blanks: of a colour, and of bold, nothing is seen there. */
static void sync_blank(struct looks *l, struct buffer *out)
{
	if (!l->have.known || l->have.underline || l->have.reverse || l->want.underline || l->want.reverse)
		catch_up(l, out);
}

/* --- the bytes --------------------------------------------------------------------------------------------------------- */

static void squeeze_attributes(struct looks *l, const char *at, size_t len, struct buffer *out)
{
	struct look next = l->want;

	if (take_attributes(&next, at, len) && next.known) {
		l->want = next;
		return;
	}
	/* Something else is in it: as it stands, after what it may build on. */
	catch_up(l, out);
	buffer_append(out, at, len);
	l->have = l->want = (struct look){ .fore = OTHER };
}

/* The first column need not be said. */
static void put_move(const char *at, size_t len, struct buffer *out)
{
	if (len > 4 && memcmp(at + len - 3, ";1H", 3) == 0) {
		buffer_append(out, at, len - 3);
		buffer_putc(out, 'H');
	} else {
		buffer_append(out, at, len);
	}
}

static size_t squeeze_escape(const struct frame_squeeze *s, struct looks *l, const char *at, size_t n, struct buffer *out)
{
	size_t len = escape_length(at, n);

	if (len >= 3 && at[1] == '[' && at[len - 1] == 'm') {
		squeeze_attributes(l, at, len, out);
	} else if (is_move(at, n)) {
		if (len == n || at[len] != '\033' || !is_move(at + len, n - len))
			put_move(at, len, out);
	} else if (!s->one_set || len != 3 || memcmp(at, "\033(B", 3) != 0) {
		if (erases(at, len))
			sync_blank(l, out);
		buffer_append(out, at, len);
	}
	return len;
}

static bool is_text(char c)
{
	return (unsigned char)c > ' ';
}

void frame_squeeze(struct frame_squeeze *s, const char *bytes, size_t n, struct buffer *out)
{
	struct looks l = { .have = plain, .want = plain };

	if (n == 0)
		return;
	l.have.known = s->plain;
	for (size_t i = 0; i < n;) {
		size_t next = i + 1;

		if (bytes[i] == '\033') {
			i += squeeze_escape(s, &l, bytes + i, n - i, out);
			continue;
		}
		if (is_text(bytes[i]))
			catch_up(&l, out);
		else if (bytes[i] == ' ')
			sync_blank(&l, out);
		while (next < n && is_text(bytes[i]) && is_text(bytes[next]))
			next++;
		buffer_append(out, bytes + i, next - i);
		i = next;
	}
	l.want = plain;
	catch_up(&l, out);
	s->plain = true;
}
