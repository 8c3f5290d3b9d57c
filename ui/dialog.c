#include "dialog.h"

#include <curses.h>
#include <string.h>

#include "base/i18n.h"
#include "base/text.h"
#include "keymap.h"
#include "term.h"

#define TEXT_MAX 65536
#define BOX_COLS 76

static void open_dialog(struct dialog *d, enum dialog_kind kind, const char *title, const char *text)
{
	dialog_close(d);
	*d = (struct dialog){ .kind = kind, .text = BUFFER_INIT(TEXT_MAX) };
	text_safe(d->title, sizeof(d->title), title);
	buffer_puts(&d->text, text);
}

void dialog_text(struct dialog *d, const char *title, const char *text)
{
	open_dialog(d, DIALOG_TEXT, title, text);
}

void dialog_ask(struct dialog *d, const char *title, const char *question, void (*accept)(void *data), void *data)
{
	open_dialog(d, DIALOG_ASK, title, question);
	d->accept = accept;
	d->data = data;
}

void dialog_input(struct dialog *d, const char *title, const char *label, const char *value,
		  bool (*enter)(void *data, const char *input, struct error *err), void *data)
{
	open_dialog(d, DIALOG_INPUT, title, label);
	snprintf(d->input, sizeof(d->input), "%s", value);
	d->enter = enter;
	d->data = data;
}

void dialog_close(struct dialog *d)
{
	if (d->kind != DIALOG_NONE)
		buffer_clear(&d->text);
	d->kind = DIALOG_NONE;
}

static int count_lines(const char *text)
{
	int n = 0;

	for (; *text != '\0'; n++) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return n;
}

static void draw_lines(const struct dialog *d, const struct rect *r, int rows)
{
	const char *at = buffer_text(&d->text);

	for (int i = 0; *at != '\0' && i < d->top + rows; i++) {
		size_t len = strcspn(at, "\n");

		if (i >= d->top) {
			struct buffer line = BUFFER_INIT(8192);

			text_sanitise(&line, at, len);
			term_text(r->row + 1 + i - d->top, r->col + 2, r->cols - 4, ROLE_NORMAL, buffer_text(&line));
			buffer_clear(&line);
		}
		at += len + (at[len] == '\n');
	}
}

static void draw_question(const struct dialog *d, const struct rect *r)
{
	char yes[64], no[64];
	int row = r->row + r->rows - 2, width;

	snprintf(yes, sizeof(yes), "[ %s ]", _("Yes"));
	snprintf(no, sizeof(no), "[ %s ]", _("No"));
	width = (int)text_width(yes);
	term_text(row, r->col + 2, width, ROLE_NORMAL, yes);
	term_text(row, r->col + 4 + width, (int)text_width(no), ROLE_NORMAL, no);
	if (d->yes)
		term_focus(row, r->col + 2, width);
	else
		term_focus(row, r->col + 4 + width, (int)text_width(no));
}

static void draw_input(const struct dialog *d, const struct rect *r)
{
	struct buffer safe = BUFFER_INIT(DIALOG_INPUT_MAX * 8);
	const char *shown;
	int row = r->row + r->rows - 3, cols = r->cols - 5;

	text_sanitise(&safe, d->input, strlen(d->input));
	shown = buffer_text(&safe);
	while (text_width(shown) > (size_t)cols) {	/* the end is what is being typed */
		shown++;
		while (((unsigned char)*shown & 0xc0) == 0x80)
			shown++;
	}
	term_text(row, r->col + 2, cols, ROLE_TITLE, shown);
	term_text(row + 1, r->col + 2, r->cols - 4, ROLE_FAIL, d->reason);
	term_focus(row, r->col + 2 + (int)text_width(shown), 1);
	buffer_clear(&safe);
}

void dialog_draw(struct dialog *d)
{
	int lines = count_lines(buffer_text(&d->text)), extra = d->kind == DIALOG_TEXT ? 0 : 2, rows;
	struct rect r = layout_centre(term_rows(), term_cols(), lines + extra + 2, BOX_COLS);

	if (d->kind == DIALOG_NONE || r.rows < 3 || r.cols < 8)
		return;
	rows = r.rows - 2 - extra;
	d->top = d->top > lines - rows ? lines - rows : d->top;
	d->top = d->top < 0 ? 0 : d->top;
	for (int i = 0; i < r.rows; i++)
		term_text(r.row + i, r.col, r.cols, ROLE_NORMAL, "");
	term_frame(&r);
	term_rule(&r, r.row, d->title);
	draw_lines(d, &r, rows);
	if (d->kind == DIALOG_TEXT)
		term_text(r.row + r.rows - 1, r.col + 2, (int)text_width(_(" Esc back ")), ROLE_KEY, _(" Esc back "));
	else if (d->kind == DIALOG_ASK)
		draw_question(d, &r);
	else
		draw_input(d, &r);
}

static void text_key(struct dialog *d, int key)
{
	int page = term_rows() > 6 ? term_rows() - 4 : 1;

	switch (key) {
	case KEY_UP: case 'k': d->top--; break;
	case KEY_DOWN: case 'j': d->top++; break;
	case KEY_PPAGE: case 'b': case 2: d->top -= page; break;
	case KEY_NPAGE: case ' ': case 6: d->top += page; break;
	case KEY_HOME: case 'g': d->top = 0; break;
	case KEY_END: case 'G': d->top = TEXT_MAX; break;
	case 'q': case '\r': case '\n': case KEY_ENTER: dialog_close(d); break;
	default: break;
	}
}

static void answer(struct dialog *d)
{
	void (*accept)(void *data) = d->yes ? d->accept : NULL;
	void *data = d->data;

	dialog_close(d);		/* first: the answer may open the next one */
	if (accept != NULL)
		accept(data);
}

static void ask_key(struct dialog *d, int key)
{
	switch (key) {
	case 'y': d->yes = true; answer(d); break;
	case 'n': case 'q': d->yes = false; answer(d); break;
	case '\r': case '\n': case KEY_ENTER: case ' ': answer(d); break;
	case '\t': case KEY_BTAB: case KEY_LEFT: case KEY_RIGHT: case 'h': case 'l': d->yes = !d->yes; break;
	default: break;
	}
}

static void rub_out(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
		n--;
	text[n > 0 ? n - 1 : 0] = '\0';
}

static void type(char *text, size_t size, int key)
{
	char utf8[5] = "";
	size_t n = strlen(text);
	unsigned int c = (unsigned int)key;

	if (c < 0x80)
		snprintf(utf8, sizeof(utf8), "%c", (char)c);
	else if (c < 0x800)
		snprintf(utf8, sizeof(utf8), "%c%c", (char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)));
	else if (c < 0x10000)
		snprintf(utf8, sizeof(utf8), "%c%c%c", (char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)),
			 (char)(0x80 | (c & 0x3f)));
	if (n + strlen(utf8) < size)
		snprintf(text + n, size - n, "%s", utf8);
}

static void input_key(struct dialog *d, int key)
{
	struct error err = ERROR_INIT;

	switch (key) {
	case '\r': case '\n': case KEY_ENTER:
		if (d->enter(d->data, d->input, &err))
			dialog_close(d);
		else
			text_safe(d->reason, sizeof(d->reason), err.message);
		break;
	case KEY_BACKSPACE: case 127: case 8: rub_out(d->input); break;
	case 21: d->input[0] = '\0'; break;
	default:
		/* The codes of curses begin at KEY_MIN; characters that share them are left out. */
		if (key >= ' ' && (key < KEY_MIN || key > KEY_MAX))
			type(d->input, sizeof(d->input), key);
	}
}

void dialog_key(struct dialog *d, int key)
{
	if (key == TERM_ESC || key == 3)
		dialog_close(d);
	else if (d->kind == DIALOG_TEXT)
		text_key(d, key);
	else if (d->kind == DIALOG_ASK)
		ask_key(d, key);
	else if (d->kind == DIALOG_INPUT)
		input_key(d, key);
}
