#include "key.h"

#include <stdio.h>
#include <string.h>

static const struct { const char *name; int key; } named[] = {
	{ "Tab", KEYS_TAB },	   { "S-Tab", KEYS_BACK_TAB }, { "Enter", KEYS_ENTER },	    { "Space", ' ' },
	{ "Esc", KEYS_ESC },	   { "Backspace", KEYS_BACKSPACE }, { "Up", KEYS_UP },	    { "Down", KEYS_DOWN },
	{ "Left", KEYS_LEFT },	   { "Right", KEYS_RIGHT },    { "Home", KEYS_HOME },	    { "End", KEYS_END },
	{ "PgUp", KEYS_PAGE_UP },  { "PgDn", KEYS_PAGE_DOWN }, { "Ins", KEYS_INSERT },	    { "Del", KEYS_DELETE },
	{ "F1", KEYS_F1 },	   { "F2", KEYS_F2 },	       { "F3", KEYS_F3 },	    { "F4", KEYS_F4 },
	{ "F5", KEYS_F5 },	   { "F6", KEYS_F6 },	       { "F7", KEYS_F7 },	    { "F8", KEYS_F8 },
	{ "F9", KEYS_F9 },	   { "F10", KEYS_F10 },	       { "F11", KEYS_F11 },	    { "F12", KEYS_F12 },
};

int key_by_name(const char *name, size_t len)
{
	if (len == 1 && name[0] > ' ' && name[0] < 127)
		return (unsigned char)name[0];
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (strlen(named[i].name) == len && memcmp(named[i].name, name, len) == 0)
			return named[i].key;
	if (len == 3 && memcmp(name, "C-", 2) == 0 && name[2] >= 'a' && name[2] <= 'z' && name[2] != 'i' && name[2] != 'm')
		return name[2] - 'a' + 1;
	return KEYS_NONE;
}

char *key_text_name(int key, char *dst, size_t size)
{
	char utf8[5];

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (named[i].key == key) {
			snprintf(dst, size, "%s", named[i].name);
			return dst;
		}
	}
	if (key >= 1 && key <= 26)
		snprintf(dst, size, "C-%c", key - 1 + 'a');
	else if (key_is_text(key)) {
		utf8[key_utf8(key, utf8)] = '\0';
		snprintf(dst, size, "%s", utf8);
	} else {
		snprintf(dst, size, "?");
	}
	return dst;
}

bool key_is_text(int key)
{
	return key >= ' ' && key != KEYS_BACKSPACE && key < 0x110000 && !(key >= 0x80 && key < 0xa0);
}

size_t key_utf8(int key, char *dst)
{
	unsigned int c = (unsigned int)key;

	if (c < 0x80) {
		dst[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		dst[0] = (char)(0xc0 | c >> 6);
		dst[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		dst[0] = (char)(0xe0 | c >> 12);
		dst[1] = (char)(0x80 | (c >> 6 & 0x3f));
		dst[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	dst[0] = (char)(0xf0 | c >> 18);
	dst[1] = (char)(0x80 | (c >> 12 & 0x3f));
	dst[2] = (char)(0x80 | (c >> 6 & 0x3f));
	dst[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}
