#include "keyparse.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define LATE_MS 500		/* the tail of a sequence whose Esc was taken for a key of its own */
#define PARAMS_MAX 4

void keyparse_init(struct keyparse *k, bool utf8)
{
	*k = (struct keyparse){ .utf8 = utf8, .escaped_ms = INT64_MIN / 2 };
}

static int done(struct keyparse *k, int key)
{
	bool meta = k->meta;

	k->state = KEYPARSE_GROUND;
	k->len = 0;
	k->meta = false;
	return meta ? KEYS_NONE : key;
}

/* "5;2": the numbers of a sequence. Returns how many. */
static int numbers(const char *text, int *out)
{
	int n = 0;

	while (n < PARAMS_MAX) {
		int value = 0;

		while (*text >= '0' && *text <= '9' && value < 0x110000)
			value = value * 10 + (*text++ - '0');
		while (*text != '\0' && *text != ';')
			text++;
		out[n++] = value;
		if (*text++ != ';')
			break;
	}
	return n;
}

/* ESC [ 5 ~ and its relatives: VT220, Linux, PuTTY, rxvt. */
static int tilde_key(int number)
{
	static const struct { int number, key; } keys[] = {
		{ 1, KEYS_HOME },  { 2, KEYS_INSERT }, { 3, KEYS_DELETE }, { 4, KEYS_END },   { 5, KEYS_PAGE_UP },
		{ 6, KEYS_PAGE_DOWN }, { 7, KEYS_HOME }, { 8, KEYS_END },  { 11, KEYS_F1 },   { 12, KEYS_F2 },
		{ 13, KEYS_F3 },   { 14, KEYS_F4 },    { 15, KEYS_F5 },	   { 17, KEYS_F6 },   { 18, KEYS_F7 },
		{ 19, KEYS_F8 },   { 20, KEYS_F9 },    { 21, KEYS_F10 },   { 23, KEYS_F11 },  { 24, KEYS_F12 },
		{ 28, KEYS_F1 },   { 200, KEYS_PASTE_START }, { 201, KEYS_PASTE_END },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].number == number)
			return keys[i].key;
	return KEYS_NONE;
}

/* ESC [ A, ESC O A: xterm, VT100, VT52 in ANSI mode; the keypad in application mode. */
static int letter_key(char c, bool ss3)
{
	static const struct { char c; int key; } keys[] = {
		{ 'A', KEYS_UP },   { 'B', KEYS_DOWN }, { 'C', KEYS_RIGHT }, { 'D', KEYS_LEFT }, { 'H', KEYS_HOME },
		{ 'F', KEYS_END },  { 'P', KEYS_F1 },	{ 'Q', KEYS_F2 },    { 'R', KEYS_F3 },	 { 'S', KEYS_F4 },
		{ 'Z', KEYS_BACK_TAB }, { 'I', KEYS_PAGE_UP }, { 'G', KEYS_PAGE_DOWN }, { 'L', KEYS_INSERT },
	};
	static const char keypad[] = "jklmnopqrstuvwxy", typed[] = "*+,-./0123456789";
	const char *at;

	if (ss3 && c == 'M')
		return KEYS_ENTER;
	at = ss3 ? strchr(keypad, c) : NULL;
	if (at != NULL && c != '\0')
		return typed[at - keypad];
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].c == c)
			return keys[i].key;
	return KEYS_NONE;
}

/* ESC [ 97 ; 5 u: a character with its modifiers. */
static int modified_key(const int *number, int n)
{
	int mods = n > 1 && number[1] > 0 ? number[1] - 1 : 0, c = number[0];

	if (mods == 4 && c >= 'a' && c <= 'z')
		return c - 'a' + 1;
	if (mods == 1 && c == '\t')
		return KEYS_BACK_TAB;
	return mods <= 1 && (key_is_text(c) || c == KEYS_ESC || c == '\t' || c == '\r' || c == KEYS_BACKSPACE) ? c : KEYS_NONE;
}

static int mouse_key(struct keyparse *k, int button, int col, int row, bool press)
{
	k->mouse.row = row;
	k->mouse.col = col;
	k->mouse.wheel = button == 64 ? -1 : button == 65 ? 1 : 0;
	return press && row >= 0 && col >= 0 && (button == 0 || button == 64 || button == 65) ? KEYS_MOUSE : KEYS_NONE;
}

/* A whole control sequence (ECMA-48 5.4): k->seq has what stood between "ESC [" and the final byte. */
static int control_key(struct keyparse *k, char final)
{
	int number[PARAMS_MAX] = { 0 }, n;
	const char *seq = k->seq;
	size_t len = k->len;

	k->seq[len] = '\0';
	if (seq[0] == '<' && (final == 'M' || final == 'm')) {		/* SGR mouse */
		n = numbers(seq + 1, number);
		return done(k, n >= 3 ? mouse_key(k, number[0], number[1] - 1, number[2] - 1, final == 'M') : KEYS_NONE);
	}
	if (strspn(seq, "0123456789;:") != len)		/* private, or with intermediates: an answer nobody asked for */
		return done(k, KEYS_NONE);
	n = numbers(seq, number);
	if (final == '~' || final == '^' || final == '@')		/* the latter two: rxvt with Ctrl and Shift */
		return done(k, tilde_key(number[0]));
	if (final == 'u')
		return done(k, modified_key(number, n));
	/* A cursor report ends like a modified F3 and has a row before its column. */
	if (final == 'R' && len > 0 && number[0] != 1)
		return done(k, KEYS_NONE);
	return done(k, letter_key(final, false));
}

static int csi_byte(struct keyparse *k, unsigned char c)
{
	if (c == '[' && k->len == 0) {
		k->state = KEYPARSE_CSI_LINUX;
		return KEYS_NONE;
	}
	if (c == 'M' && k->len == 0) {
		k->state = KEYPARSE_MOUSE;
		return KEYS_NONE;
	}
	if (c >= 0x40 && c <= 0x7e)
		return control_key(k, (char)c);
	if (c < 0x20 || c > 0x7e) {		/* broken off */
		done(k, KEYS_NONE);
		if (c == KEYS_ESC)
			k->state = KEYPARSE_ESC;
		return KEYS_NONE;
	}
	if (k->len < sizeof(k->seq) - 1)
		k->seq[k->len++] = (char)c;
	return KEYS_NONE;
}

static int mouse_byte(struct keyparse *k, unsigned char c)
{
	k->seq[k->len++] = (char)c;
	if (k->len < 3)
		return KEYS_NONE;
	return done(k, mouse_key(k, (unsigned char)k->seq[0] - 32, (unsigned char)k->seq[1] - 33,
				 (unsigned char)k->seq[2] - 33, true));
}

static int escape_byte(struct keyparse *k, unsigned char c)
{
	switch (c) {
	case '[': k->state = KEYPARSE_CSI; return KEYS_NONE;
	case 'O': k->state = KEYPARSE_SS3; return KEYS_NONE;
	case ']': case 'P': case '_': case '^': case 'X': k->state = KEYPARSE_STRING; return KEYS_NONE;
	case KEYS_ESC: k->meta = true; return KEYS_NONE;
	default: break;
	}
	/* ESC with intermediates has one final byte more (a character set); everything else is a key with Alt. */
	if (c >= 0x20 && c <= 0x2f)
		return KEYS_NONE;
	return done(k, KEYS_NONE);
}

static int ground_byte(struct keyparse *k, unsigned char c, int64_t now_ms)
{
	if (c == KEYS_ESC || c == 0x9b || c == 0x8f) {
		k->state = c == KEYS_ESC ? KEYPARSE_ESC : c == 0x9b ? KEYPARSE_CSI : KEYPARSE_SS3;
		k->len = 0;
		return KEYS_NONE;
	}
	if (c == '[' && now_ms - k->escaped_ms < LATE_MS) {	/* the line was slow: this belongs to that Esc */
		k->state = KEYPARSE_CSI;
		k->len = 0;
		k->meta = true;		/* Esc was given out already: no second key */
		return KEYS_NONE;
	}
	if (c == 0)
		return KEYS_NONE;
	if (c < 0x80 || !k->utf8)
		return c;
	k->want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	if (c < 0xc2 || c > 0xf4)
		return KEYS_NONE;
	k->state = KEYPARSE_UTF8;
	k->seq[0] = (char)c;
	k->len = 1;
	return KEYS_NONE;
}

static int utf8_byte(struct keyparse *k, unsigned char c, int64_t now_ms)
{
	uint32_t cp = 0;

	if ((c & 0xc0) != 0x80) {
		done(k, KEYS_NONE);
		return ground_byte(k, c, now_ms);
	}
	k->seq[k->len++] = (char)c;
	if (k->len < k->want)
		return KEYS_NONE;
	if (text_utf8_decode(k->seq, k->len, &cp) != k->len)
		cp = 0;
	return done(k, cp >= 0xa0 ? (int)cp : KEYS_NONE);
}

static int string_byte(struct keyparse *k, unsigned char c)
{
	if (c == 7 || c == 0x9c || (k->state == KEYPARSE_STRING_ESC && c == '\\'))
		return done(k, KEYS_NONE);
	k->state = c == KEYS_ESC ? KEYPARSE_STRING_ESC : KEYPARSE_STRING;
	return KEYS_NONE;
}

int keyparse_byte(struct keyparse *k, unsigned char c, int64_t now_ms)
{
	switch (k->state) {
	case KEYPARSE_GROUND: return ground_byte(k, c, now_ms);
	case KEYPARSE_UTF8: return utf8_byte(k, c, now_ms);
	case KEYPARSE_ESC: return escape_byte(k, c);
	case KEYPARSE_CSI: return csi_byte(k, c);
	case KEYPARSE_CSI_LINUX: return done(k, c >= 'A' && c <= 'E' ? KEYS_F1 + (c - 'A') : KEYS_NONE);
	case KEYPARSE_SS3:
		if (c >= '0' && c <= '9')		/* a modifier, as old xterms put it */
			return KEYS_NONE;
		return done(k, letter_key((char)c, true));
	case KEYPARSE_STRING: case KEYPARSE_STRING_ESC: return string_byte(k, c);
	case KEYPARSE_MOUSE: return mouse_byte(k, c);
	}
	return KEYS_NONE;
}

bool keyparse_pending(const struct keyparse *k)
{
	return k->state != KEYPARSE_GROUND;
}

int keyparse_late(struct keyparse *k, int64_t now_ms)
{
	bool escape = k->state == KEYPARSE_ESC;

	k->meta = false;
	done(k, KEYS_NONE);
	if (!escape)
		return KEYS_NONE;
	k->escaped_ms = now_ms;
	return KEYS_ESC;
}
