#include "settings/words.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/i18n.h"
#include "settings/load.h"
#include "settings/scan.h"

#define INCLUDE_DEPTH_MAX 8
#define INCLUDES_MAX 64

struct check {
	const char *dir;
	int depth, files;
	struct error *err;
};

static bool check_file(struct check *c, const char *path, const char *text, size_t len);

char *words_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* libconfig 1.5 reads 4294975376 as 8080: without an L it keeps 32 bits. */
static bool number_fits(const char *word, size_t len)
{
	bool hex = len > 2 && (word[1] == 'x' || word[1] == 'X');
	char copy[32];
	size_t digits = len;
	long long value;

	while (digits > 0 && word[digits - 1] == 'L')
		digits--;
	if (digits >= sizeof(copy))
		return false;
	memcpy(copy, word, digits);
	copy[digits] = '\0';
	errno = 0;
	value = strtoll(copy, NULL, hex ? 16 : 10);
	if (errno == ERANGE)
		return false;
	return digits < len || (value >= INT_MIN && value <= (hex ? (long long)UINT_MAX : INT_MAX));
}

static bool is_whole_number(const char *word, size_t len)
{
	size_t i = word[0] == '-' || word[0] == '+';

	if (i == 0 && len > 2 && word[0] == '0' && (word[1] == 'x' || word[1] == 'X'))
		return true;
	if (i == len)
		return false;
	while (i < len && word[i] >= '0' && word[i] <= '9')
		i++;
	while (i < len && word[i] == 'L')
		i++;
	return i == len;
}

static bool include(struct check *c, const char *name, size_t len, const char *path, unsigned int line)
{
	struct buffer text = BUFFER_INIT(LOAD_FILE_MAX_BYTES);
	char *copy = strndup(name, len), *file = NULL;
	struct stat st;
	bool ok = false;

	if (copy != NULL)
		file = file_join(c->dir, copy);
	if (file == NULL) {
		error_set(c->err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	} else if (copy[0] == '/' || strchr(copy, '\\') != NULL) {
		error_set(c->err, FINDING_CONFIG_INVALID,
			  _("%s:%u: cannot include %s: the name must be relative to the folder of the settings file, %s"), path,
			  line, copy, c->dir);
	} else if (c->depth == INCLUDE_DEPTH_MAX || ++c->files > INCLUDES_MAX) {
		error_set(c->err, FINDING_CONFIG_INVALID, _("%s:%u: cannot include %s: too many files include one another"),
			  path, line, file);
	} else if (stat(file, &st) < 0) {
		error_errno(c->err, FINDING_CONFIG_INVALID, _("%s:%u: cannot include %s"), path, line, file);
	} else if (!S_ISREG(st.st_mode)) {
		error_set(c->err, FINDING_CONFIG_INVALID, _("%s:%u: cannot include %s: not a regular file"), path, line,
			  file);
	} else if (load_file(file, &text, NULL, c->err)) {
		c->depth++;
		ok = check_file(c, file, buffer_text(&text), text.len);
		c->depth--;
	}
	buffer_clear(&text);
	free(copy);
	free(file);
	return ok;
}

/* What has no end swallows the rest of the file, and libconfig lets some of it pass. Other bad words it names itself. */
static bool check_bad(const struct check *c, const char *path, const struct scan *s)
{
	const char *what = NULL;

	if (s->text[s->start] == '"')
		what = _("text in quotes has no end");
	else if (s->text[s->start] == '@')
		what = _("@include must be the first word of a line, with a name in quotes after it");
	else if (s->len - s->start >= 2 && memcmp(s->text + s->start, "/*", 2) == 0)
		what = _("a comment has no end");
	return what == NULL || error_set(c->err, FINDING_CONFIG_INVALID, "%s:%u: %s", path, s->line, what);
}

static bool check_file(struct check *c, const char *path, const char *text, size_t len)
{
	struct scan s = SCAN_INIT(text, len);
	const char *nul = memchr(text, '\0', len);
	enum scan_token token;

	while ((token = scan_next(&s)) != SCAN_END && token != SCAN_BAD) {
		const char *word = text + s.start;
		size_t size = s.pos - s.start;

		if (token == SCAN_WORD && is_whole_number(word, size) && !number_fits(word, size))
			return error_set(c->err, FINDING_CONFIG_INVALID, _("%s:%u: the number %.*s is too large"), path, s.line,
					 (int)(size < 40 ? size : 40), word);
		if (token == SCAN_INCLUDE) {
			const char *quote = memchr(word, '"', size);

			if (!include(c, quote + 1, size - (size_t)(quote - word) - 2, path, s.line))
				return false;
		}
	}
	if (token == SCAN_BAD && !check_bad(c, path, &s))
		return false;
	if (nul != NULL)
		return error_set(c->err, FINDING_CONFIG_INVALID, _("%s: a zero byte at byte %zu; the file is no text"), path,
				 (size_t)(nul - text) + 1);
	return true;
}

bool words_check(const char *path, const char *dir, const char *text, size_t len, struct error *err)
{
	struct check c = { .dir = dir, .err = err };

	return check_file(&c, path, text, len);
}
