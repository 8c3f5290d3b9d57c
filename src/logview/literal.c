#include "logview/literal.h"

#include <string.h>

#include "logview/needle.h"

/* The analysis of one pattern: a run of characters that must stand together, and the best run of the branch so far. */
struct reading {
	const char *p;
	bool unicode;
	char run[LITERAL_TEXT_MAX], best[LITERAL_TEXT_MAX];
	size_t run_len, best_len;
};

/* The escapes that take no argument and are not a character of the text: classes and anchors. */
static const char plain_escapes[] = "dDwWsSbBAZzRhHvVntrfea";

static void end_run(struct reading *r)
{
	if (r->run_len > r->best_len) {
		memcpy(r->best, r->run, r->run_len);
		r->best_len = r->run_len;
	}
	r->run_len = 0;
}

static void add(struct reading *r, char c)
{
	unsigned char folded = needle_fold((unsigned char)c);

	/* With Unicode rules "k" also matches the Kelvin sign and "s" the long s; other scripts have their own pairs. */
	if (folded >= 0x80 || (r->unicode && (folded == 'k' || folded == 's'))) {
		end_run(r);
		return;
	}
	if (r->run_len == LITERAL_TEXT_MAX - 1)
		end_run(r);
	r->run[r->run_len++] = (char)folded;
}

/* The character before may be absent or repeated: what stands on both its sides does not stand together. */
static void quantified(struct reading *r, bool may_be_absent)
{
	if (may_be_absent && r->run_len > 0)
		r->run_len--;
	end_run(r);
}

/* "[...]": to its end. False when it has none. */
static bool skip_class(struct reading *r)
{
	const char *p = r->p;

	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	for (; *p != '\0' && *p != ']'; p++) {
		if (*p == '\\' && p[1] != '\0') {
			p++;
		} else if (*p == '[' && (p[1] == ':' || p[1] == '.' || p[1] == '=')) {
			const char close[] = { p[1], ']', '\0' };
			const char *end = strstr(p + 2, close);

			if (end != NULL)
				p = end + 1;
		}
	}
	r->p = p + 1;
	return *p == ']';
}

/* "(...)": to its end; what is inside does not count. False for the groups that change the rules. */
static bool skip_group(struct reading *r)
{
	size_t depth = 1;

	while (depth > 0) {
		char c = *r->p;

		if (c == '\0')
			return false;
		if (c == '?' && r->p[-1] == '(' && r->p[1] != ':')
			return false;
		if (c == '*' && r->p[-1] == '(')
			return false;
		r->p++;
		if (c == '\\') {
			if (*r->p == 'Q' || *r->p == '\0')
				return false;
			r->p++;
		} else if (c == '[') {
			if (!skip_class(r))
				return false;
		} else if (c == '(') {
			depth++;
		} else if (c == ')') {
			depth--;
		}
	}
	return true;
}

static bool read_escape(struct reading *r)
{
	char c = *r->p++;

	if (c == '\0')
		return false;
	if ((c >= '0' && c <= '9') || (needle_fold((unsigned char)c) >= 'a' && needle_fold((unsigned char)c) <= 'z')) {
		end_run(r);
		return strchr(plain_escapes, c) != NULL;
	}
	add(r, c);
	return true;
}

/* "{n,m}" after a character. */
static void read_braces(struct reading *r)
{
	const char *end = strchr(r->p, '}');
	bool at_least_one = *r->p >= '1' && *r->p <= '9';

	quantified(r, !at_least_one);
	if (end != NULL)
		r->p = end + 1;
}

/* Reads one item of a branch. False when the analysis gives up. */
static bool read_item(struct reading *r)
{
	char c = *r->p++;

	switch (c) {
	case '\\': return read_escape(r);
	case '[': end_run(r); return skip_class(r);
	case '(': end_run(r); return skip_group(r);
	case ')': return false;
	case '.': case '^': case '$': end_run(r); return true;
	case '*': case '?': quantified(r, true); return true;
	case '+': quantified(r, false); return true;
	case '{': read_braces(r); return true;
	default: add(r, c); return true;
	}
}

static bool end_branch(struct reading *r, size_t min, struct literal_set *out)
{
	end_run(r);
	if (r->best_len < min || out->count == LITERAL_ALTERNATIVES_MAX)
		return false;
	memcpy(out->text[out->count], r->best, r->best_len);
	out->text[out->count][r->best_len] = '\0';
	out->count++;
	r->best_len = 0;
	return true;
}

bool literal_extract(const char *regex, bool unicode, size_t min, struct literal_set *out)
{
	struct reading r = { .p = regex, .unicode = unicode };
	bool ok = true;

	*out = (struct literal_set){ 0 };
	while (ok && *r.p != '\0') {
		if (*r.p == '|') {
			r.p++;
			ok = end_branch(&r, min, out);
		} else {
			ok = read_item(&r);
		}
	}
	if (ok && end_branch(&r, min, out))
		return true;
	*out = (struct literal_set){ 0 };
	return false;
}
