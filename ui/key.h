/* key.h - what was typed: a Unicode character, or one of these codes, whatever dialect the terminal spoke. No curses. */
#ifndef PC_UI_KEY_H
#define PC_UI_KEY_H

#include <stdbool.h>
#include <stddef.h>

/* Above every character, so that no letter is ever mistaken for a key. */
enum key {
	KEYS_FIRST = 0x200000,
	KEYS_UP = KEYS_FIRST, KEYS_DOWN, KEYS_LEFT, KEYS_RIGHT, KEYS_HOME, KEYS_END, KEYS_PAGE_UP, KEYS_PAGE_DOWN,
	KEYS_INSERT, KEYS_DELETE, KEYS_BACK_TAB,
	KEYS_F1, KEYS_F2, KEYS_F3, KEYS_F4, KEYS_F5, KEYS_F6, KEYS_F7, KEYS_F8, KEYS_F9, KEYS_F10, KEYS_F11, KEYS_F12,
	KEYS_PASTE_START, KEYS_PASTE_END, KEYS_MOUSE,
	KEYS_LAST,

	KEYS_TAB = '\t', KEYS_ENTER = '\r', KEYS_ESC = 27, KEYS_BACKSPACE = 127,
	KEYS_NONE = -1			/* nothing more was typed */
};

/* The key with that name ("x", "Enter", "F2", "C-l", "S-Tab"); KEYS_NONE when there is none. */
int key_by_name(const char *name, size_t len);
/* "Tab"; a character as it is. Returns dst. */
char *key_text_name(int key, char *dst, size_t size);
/* Is it a character that can stand in a text? */
bool key_is_text(int key);
/* Writes it as UTF-8; `dst` has 5 bytes. Returns the length. */
size_t key_utf8(int key, char *dst);

#endif
