#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

size_t text_utf8_decode(const char *s, size_t n, uint32_t *code_point)
{
	const unsigned char *u = (const unsigned char *)s;
	uint32_t cp;
	size_t len;

	if (n == 0)
		return 0;
	if (u[0] < 0x80) {
		*code_point = u[0];
		return 1;
	}
	if (u[0] >= 0xC2 && u[0] <= 0xDF) {
		len = 2;
		cp = u[0] & 0x1Fu;
	} else if (u[0] >= 0xE0 && u[0] <= 0xEF) {
		len = 3;
		cp = u[0] & 0x0Fu;
	} else if (u[0] >= 0xF0 && u[0] <= 0xF4) {
		len = 4;
		cp = u[0] & 0x07u;
	} else {
		return 0;
	}
	if (n < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((u[i] & 0xC0) != 0x80)
			return 0;
		cp = cp << 6 | (u[i] & 0x3Fu);
	}
	if ((len == 3 && cp < 0x800) || (len == 4 && cp < 0x10000) || (cp >= 0xD800 && cp <= 0xDFFF) || cp > 0x10FFFF)
		return 0;
	*code_point = cp;
	return len;
}

/* Code points that would not be seen, or would change how their neighbours are seen. */
static bool is_hidden(uint32_t cp)
{
	static const struct { uint32_t first, last; } ranges[] = {
		{ 0x80, 0x9F },		/* C1 */
		{ 0xAD, 0xAD },		/* soft hyphen */
		{ 0x61C, 0x61C },	/* Arabic letter mark */
		{ 0x115F, 0x1160 },	/* Hangul fillers */
		{ 0x17B4, 0x17B5 },
		{ 0x180B, 0x180F },	/* Mongolian separators */
		{ 0x200B, 0x200F },	/* zero width, LRM, RLM */
		{ 0x2028, 0x202E },	/* separators, bidi embeddings and overrides */
		{ 0x2060, 0x206F },	/* word joiner, isolates, deprecated format characters */
		{ 0x3164, 0x3164 },
		{ 0xE000, 0xF8FF },	/* private use */
		{ 0xFE00, 0xFE0F },	/* variation selectors */
		{ 0xFEFF, 0xFEFF },	/* BOM */
		{ 0xFFA0, 0xFFA0 },
		{ 0xFFF0, 0xFFFB },	/* unassigned, interlinear annotation */
		{ 0xFFFE, 0xFFFF },
		{ 0x1BCA0, 0x1BCA3 },
		{ 0x1D173, 0x1D17A },
		{ 0xE0000, 0x10FFFF },	/* tags, private use */
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	}
	return false;
}

/* The safe form of the character at s, in `form` (16 bytes); returns how many bytes of s it stands for. */
static size_t safe_form(const char *s, size_t n, char form[16], size_t *form_len)
{
	uint32_t cp;
	size_t len = text_utf8_decode(s, n, &cp);
	int w;

	if (len == 0) {
		w = snprintf(form, 16, "<%02X>", (unsigned)(unsigned char)s[0]);
		len = 1;
	} else if (cp < 0x20 || cp == 0x7F) {
		w = snprintf(form, 16, "^%c", cp == 0x7F ? '?' : (char)(cp + 0x40));
	} else if (is_hidden(cp)) {
		w = snprintf(form, 16, "<U+%04X>", (unsigned)cp);
	} else {
		memcpy(form, s, len);
		w = (int)len;
	}
	*form_len = (size_t)w;
	return len;
}

void text_sanitise(struct buffer *out, const char *s, size_t n)
{
	size_t i = 0;

	while (i < n) {
		size_t run = i, used, form_len;
		char form[16];

		/* Plain ASCII goes in one piece. */
		while (run < n && (unsigned char)s[run] >= 0x20 && (unsigned char)s[run] < 0x7F)
			run++;
		if (run > i) {
			if (!buffer_append(out, s + i, run - i))
				return;
			i = run;
			continue;
		}
		used = safe_form(s + i, n - i, form, &form_len);
		if (!buffer_append(out, form, form_len))
			return;
		i += used;
	}
}

char *text_safe(char *dst, size_t size, const char *s)
{
	size_t n = strlen(s), i = 0, o = 0;

	while (i < n) {
		char form[16];
		size_t form_len, used = safe_form(s + i, n - i, form, &form_len);

		if (o + form_len + 1 > size)
			break;
		memcpy(dst + o, form, form_len);
		o += form_len;
		i += used;
	}
	if (size > 0)
		dst[o] = '\0';
	return dst;
}

/* Width of one code point, whatever the locale: the C locale's wcwidth() knows ASCII only. */
static int code_point_width(uint32_t cp)
{
	static const struct { uint32_t first, last; } wide[] = {
		{ 0x1100, 0x115F }, { 0x2E80, 0x303E }, { 0x3041, 0x33FF }, { 0x3400, 0x4DBF }, { 0x4E00, 0x9FFF },
		{ 0xA000, 0xA4CF }, { 0xA960, 0xA97F }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF }, { 0xFE30, 0xFE6F },
		{ 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1F64F }, { 0x1F680, 0x1F6FF },
		{ 0x1F900, 0x1F9FF }, { 0x20000, 0x3FFFD },
	};
	static const struct { uint32_t first, last; } zero[] = {
		{ 0x300, 0x36F }, { 0x483, 0x489 }, { 0x591, 0x5BD }, { 0x610, 0x61A }, { 0x64B, 0x65F },
		{ 0x6D6, 0x6DC }, { 0x900, 0x902 }, { 0x93C, 0x93C }, { 0x941, 0x948 }, { 0x94D, 0x94D },
		{ 0xE31, 0xE31 }, { 0xE34, 0xE3A }, { 0xE47, 0xE4E }, { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF },
		{ 0x20D0, 0x20FF }, { 0x302A, 0x302D }, { 0x3099, 0x309A }, { 0xFE20, 0xFE2F },
	};
	int w;

	if (cp < 0x300)
		return 1;
	w = wcwidth((wchar_t)cp);
	if (w >= 0)
		return w;
	for (size_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++) {
		if (cp >= zero[i].first && cp <= zero[i].last)
			return 0;
	}
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		if (cp >= wide[i].first && cp <= wide[i].last)
			return 2;
	}
	return 1;
}

static size_t char_step(const char *s, size_t n, int *width)
{
	uint32_t cp;
	size_t len = text_utf8_decode(s, n, &cp);

	if (len == 0) {
		*width = 1;
		return 1;
	}
	*width = code_point_width(cp);
	return len;
}

size_t text_width(const char *s)
{
	size_t n = strlen(s), cols = 0;

	for (size_t i = 0; i < n;) {
		int w;

		i += char_step(s + i, n - i, &w);
		cols += (size_t)w;
	}
	return cols;
}

size_t text_widest_of(size_t least, const char *const *texts)
{
	for (size_t i = 0; texts[i] != NULL; i++) {
		size_t width = text_width(texts[i]);

		least = width > least ? width : least;
	}
	return least;
}

size_t text_fit(struct buffer *out, const char *s, size_t cols, bool pad, bool ascii)
{
	size_t n = strlen(s), total = text_width(s), used = 0, limit = cols, i = 0;
	bool cut = total > cols;

	if (cut && cols > 0)
		limit = cols - 1;
	while (i < n) {
		int w;
		size_t len = char_step(s + i, n - i, &w);

		if (used + (size_t)w > limit)
			break;
		buffer_append(out, s + i, len);
		used += (size_t)w;
		i += len;
	}
	if (cut && cols > 0) {
		buffer_puts(out, ascii ? ">" : "\xE2\x80\xA6");
		used++;
	}
	while (pad && used < cols) {
		buffer_putc(out, ' ');
		used++;
	}
	return used;
}

char *text_url_without_login(char *dst, size_t size, const char *url)
{
	const char *authority = strstr(url, "://");
	const char *end, *at = NULL;

	if (authority == NULL) {
		snprintf(dst, size, "%s", url);
		return dst;
	}
	authority += 3;
	end = authority + strcspn(authority, "/?#");
	for (const char *p = authority; p < end; p++) {
		if (*p == '@')
			at = p;
	}
	if (at == NULL)
		snprintf(dst, size, "%s", url);
	else
		snprintf(dst, size, "%.*s%s", (int)(authority - url), url, at + 1);
	return dst;
}
