#include "edit.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "key.h"

void edit_start(struct edit *e, const char *text, bool hidden)
{
	edit_clear(e);
	e->hidden = hidden;
	snprintf(e->text, sizeof(e->text), "%s", text);
	e->len = e->at = strlen(e->text);
}

void edit_clear(struct edit *e)
{
	explicit_bzero(e, sizeof(*e));
}

/* The byte where the character before (after) `at` begins (ends). */
static size_t before(const struct edit *e, size_t at)
{
	while (at > 0 && ((unsigned char)e->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t after(const struct edit *e, size_t at)
{
	if (at < e->len)
		at++;
	while (at < e->len && ((unsigned char)e->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static void put(struct edit *e, const char *text, size_t n)
{
	if (e->len + n > EDIT_MAX)
		return;
	memmove(e->text + e->at + n, e->text + e->at, e->len - e->at + 1);
	memcpy(e->text + e->at, text, n);
	e->at += n;
	e->len += n;
}

void edit_insert(struct edit *e, int key)
{
	char utf8[5];

	if (key_is_text(key))
		put(e, utf8, key_utf8(key, utf8));
}

/* Takes a stretch out; `keep` it for C-y. */
static void take(struct edit *e, size_t from, size_t to, bool keep)
{
	if (keep && to > from && !e->hidden) {
		memcpy(e->cut, e->text + from, to - from);
		e->cut[to - from] = '\0';
	}
	memmove(e->text + from, e->text + to, e->len - to + 1);
	e->len -= to - from;
	e->at = from;
}

/* Words end at what separates the parts of URLs, paths and lists. */
static bool in_word(char c)
{
	return strchr(" /.,:@?&=", c) == NULL;
}

static size_t word_before(const struct edit *e)
{
	size_t at = e->at;

	while (at > 0 && !in_word(e->text[at - 1]))
		at--;
	while (at > 0 && in_word(e->text[at - 1]))
		at--;
	return at;
}

static size_t word_after(const struct edit *e)
{
	size_t at = e->at;

	while (at < e->len && !in_word(e->text[at]))
		at++;
	while (at < e->len && in_word(e->text[at]))
		at++;
	return at;
}

bool edit_action(struct edit *e, enum action action)
{
	switch (action) {
	case ACTION_EDIT_LEFT: e->at = before(e, e->at); break;
	case ACTION_EDIT_RIGHT: e->at = after(e, e->at); break;
	case ACTION_EDIT_HOME: e->at = 0; break;
	case ACTION_EDIT_END: e->at = e->len; break;
	case ACTION_EDIT_WORD_LEFT: e->at = word_before(e); break;
	case ACTION_EDIT_WORD_RIGHT: e->at = word_after(e); break;
	case ACTION_EDIT_RUB_OUT: take(e, before(e, e->at), e->at, false); break;
	case ACTION_EDIT_DELETE: take(e, e->at, after(e, e->at), false); break;
	case ACTION_EDIT_CUT_WORD: take(e, word_before(e), e->at, true); break;
	case ACTION_EDIT_CUT_BEFORE: take(e, 0, e->at, true); break;
	case ACTION_EDIT_CUT_AFTER: take(e, e->at, e->len, true); break;
	case ACTION_EDIT_YANK: put(e, e->cut, strlen(e->cut)); break;
	default: return false;
	}
	return true;
}

/* Columns of n bytes. */
static int columns(const struct edit *e, size_t from, size_t n, const char *bullet)
{
	struct buffer safe = BUFFER_INIT(EDIT_MAX * 8);
	int cols = 0;

	if (e->hidden) {
		for (size_t at = from; at < from + n; at = after(e, at))
			cols += (int)text_width(bullet);
		return cols;
	}
	text_sanitise(&safe, e->text + from, n);	/* as it will be shown */
	cols = (int)text_width(buffer_text(&safe));
	buffer_clear(&safe);
	return cols;
}

void edit_show(struct edit *e, int cols, bool ascii, struct buffer *out, int *cursor)
{
	const char *bullet = ascii ? "*" : "\xe2\x80\xa2";
	int at = columns(e, 0, e->at, bullet), col = 0;

	if (cols < 2)
		cols = 2;
	if (at < e->first)
		e->first = at;
	if (at >= e->first + cols)
		e->first = at - cols + 1;
	for (size_t i = 0; i < e->len; i = after(e, i)) {
		size_t end = after(e, i);
		int width = columns(e, i, end - i, bullet);

		if (col >= e->first && col + width <= e->first + cols) {
			if (e->hidden)
				buffer_puts(out, bullet);
			else
				buffer_append(out, e->text + i, end - i);
		}
		col += width;
	}
	*cursor = at - e->first;
}
