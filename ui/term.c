#include "term.h"

#include <langinfo.h>
#include <curses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/i18n.h"
#include "base/text.h"

#define ESC_DELAY_MS 100
#define SEQUENCE_MAX 32

static SCREEN *screen;
static struct termios found;		/* the terminal as it was */
static char leave[128];			/* what puts a terminal back when the program crashes */
static bool ascii, have_found;
static int cursor_row, cursor_col;

/* Keys as other terminals send them, whatever TERM says. */
static const struct { const char *sequence; int key; } dialects[] = {
	{ "\033[5~", KEY_PPAGE }, { "\033[6~", KEY_NPAGE }, { "\033[1~", KEY_HOME }, { "\033[7~", KEY_HOME },
	{ "\033[H", KEY_HOME },	  { "\033OH", KEY_HOME },   { "\033[4~", KEY_END },  { "\033[8~", KEY_END },
	{ "\033[F", KEY_END },	  { "\033OF", KEY_END },    { "\033[Z", KEY_BTAB },  { "\033[A", KEY_UP },
	{ "\033OA", KEY_UP },	  { "\033[B", KEY_DOWN },   { "\033OB", KEY_DOWN },  { "\033[C", KEY_RIGHT },
	{ "\033OC", KEY_RIGHT },  { "\033[D", KEY_LEFT },   { "\033OD", KEY_LEFT },  { "\033OP", KEY_F(1) },
	{ "\033[11~", KEY_F(1) }, { "\033[[A", KEY_F(1) },  { "\033OQ", KEY_F(2) },  { "\033[12~", KEY_F(2) },
	{ "\033[[B", KEY_F(2) },  { "\033OR", KEY_F(3) },   { "\033[13~", KEY_F(3) }, { "\033[[C", KEY_F(3) },
	{ "\033OS", KEY_F(4) },	  { "\033[14~", KEY_F(4) }, { "\033[[D", KEY_F(4) }, { "\033[15~", KEY_F(5) },
	{ "\033[[E", KEY_F(5) },  { "\033[17~", KEY_F(6) }, { "\033[21~", KEY_F(10) }, { "\033[3~", KEY_DC },
};

static void on_crash(int sig)
{
	ssize_t ignored = write(STDOUT_FILENO, leave, strlen(leave));

	(void)ignored;
	if (have_found)
		tcsetattr(STDIN_FILENO, TCSANOW, &found);
	raise(sig);
}

static void catch_crashes(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	struct sigaction action = { .sa_handler = on_crash, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

static void remember_leave(void)
{
	static const char *const names[] = { "sgr0", "cnorm", "rmkx", "rmcup" };
	struct buffer all = BUFFER_INIT(sizeof(leave) - 1);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = tigetstr(names[i]);

		/* Delays in the string ("$<2>") are for tputs(), which a signal handler cannot call. */
		if (text != NULL && text != (const char *)-1 && strchr(text, '$') == NULL)
			buffer_puts(&all, text);
	}
	text_safe(leave, sizeof(leave), "");
	memcpy(leave, buffer_text(&all), all.len);
	leave[all.len] = '\0';
	buffer_clear(&all);
}

static void set_modes(void)
{
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	idlok(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	typeahead(-1);
}

bool term_start(bool color, struct error *err)
{
	const char *name = getenv("TERM");
	int status = 0;

	if (name == NULL || name[0] == '\0' || strcmp(name, "dumb") == 0 ||
	    setupterm(name, STDOUT_FILENO, &status) != OK || tigetstr("cup") == NULL) {
		error_usage(err, _("the terminal \"%s\" cannot show a full screen"), name != NULL ? name : "");
		return error_next(err, _("Set TERM to what your terminal is (vt100 suits most), or use the commands: "
					 "posture-console --help."));
	}
	del_curterm(cur_term);		/* newterm() makes its own */
	have_found = tcgetattr(STDIN_FILENO, &found) == 0;
	screen = newterm(NULL, stdout, stdin);
	if (screen == NULL)
		return error_usage(err, _("the terminal \"%s\" cannot be set up"), name);
	ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	if (getenv("ESCDELAY") == NULL)
		set_escdelay(ESC_DELAY_MS);
	set_modes();
	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++)
		if (key_defined(dialects[i].sequence) <= 0)
			define_key(dialects[i].sequence, dialects[i].key);
	theme_start(color);
	remember_leave();
	catch_crashes();
	return true;
}

void term_end(void)
{
	if (screen == NULL)
		return;
	endwin();
	delscreen(screen);
	screen = NULL;
	if (have_found)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
}

void term_suspend(void)
{
	struct sigaction usual = { .sa_handler = SIG_DFL }, before;
	sigset_t stop, old;

	def_prog_mode();
	endwin();
	sigemptyset(&usual.sa_mask);
	sigaction(SIGTSTP, &usual, &before);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, &old);	/* stops here */
	sigprocmask(SIG_SETMASK, &old, NULL);
	sigaction(SIGTSTP, &before, NULL);
	reset_prog_mode();
	term_resized();
	term_repaint();
}

void term_resized(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
		resizeterm(size.ws_row, size.ws_col);
}

void term_repaint(void)
{
	clearok(stdscr, TRUE);
}

int term_rows(void)
{
	return getmaxy(stdscr);
}

int term_cols(void)
{
	return getmaxx(stdscr);
}

bool term_ascii(void)
{
	return ascii;
}

/* Reads the rest of an escape sequence that nobody knows. */
static int swallow_sequence(void)
{
	wint_t c;
	int first = 1;

	for (int n = 0; n < SEQUENCE_MAX && get_wch(&c) != ERR; n++, first = 0) {
		if (first && c != '[' && c != 'O')
			return TERM_NONE;
		if (!first && c >= 0x40 && c <= 0x7e && c != '[')
			break;
	}
	return first ? TERM_ESC : KEY_RESIZE;
}

int term_key(void)
{
	wint_t c;
	int got;

	for (;;) {
		got = get_wch(&c);
		if (got == ERR)
			return TERM_NONE;
		if (got == OK && c == TERM_ESC) {
			int key = swallow_sequence();

			if (key == TERM_ESC)
				return TERM_ESC;
		} else if (!(got == KEY_CODE_YES && c == KEY_RESIZE)) {
			return (int)c;
		}
	}
}

bool term_lost(void)
{
	int waiting = 0;

	return ioctl(STDIN_FILENO, FIONREAD, &waiting) != 0 || waiting == 0;
}

void term_erase(void)
{
	erase();
	cursor_row = term_rows() - 1;
	cursor_col = term_cols() - 1;
}

/* A terminal that is not UTF-8 gets a question mark for each character beyond ASCII. */
static void to_ascii(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++)
		if (((unsigned char)*from & 0xc0) != 0x80)
			*to++ = (char)((unsigned char)*from < 0x80 ? *from : '?');
	*to = '\0';
}

void term_text(int row, int col, int cols, enum theme_role role, const char *text)
{
	struct buffer fitted = BUFFER_INIT(8192);

	if (row < 0 || row >= term_rows() || col < 0 || col >= term_cols() || cols <= 0)
		return;
	if (cols > term_cols() - col)
		cols = term_cols() - col;
	text_fit(&fitted, text, (size_t)cols, true, ascii);
	if (ascii && fitted.data != NULL)
		to_ascii(fitted.data);
	attrset((int)theme_attr(role));
	mvaddstr(row, col, buffer_text(&fitted));
	attrset(A_NORMAL);
	buffer_clear(&fitted);
}

void term_focus(int row, int col, int cols)
{
	if (row < 0 || row >= term_rows() || col >= term_cols())
		return;
	mvchgat(row, col, cols, A_REVERSE, 0, NULL);
	cursor_row = row;
	cursor_col = col;
}

static void put_border(int row, int col, chtype acs, char plain)
{
	if (row >= 0 && col >= 0 && row < term_rows() && col < term_cols())
		mvaddch(row, col, ascii && tigetstr("acsc") == NULL ? (chtype)plain : acs);
}

static void horizontal(int row, int col, int cols)
{
	for (int i = 0; i < cols; i++)
		put_border(row, col + i, ACS_HLINE, '-');
}

void term_frame(const struct rect *r)
{
	int bottom = r->row + r->rows - 1, right = r->col + r->cols - 1;

	attrset((int)theme_attr(ROLE_BORDER));
	horizontal(r->row, r->col, r->cols);
	horizontal(bottom, r->col, r->cols);
	for (int row = r->row + 1; row < bottom; row++) {
		put_border(row, r->col, ACS_VLINE, '|');
		put_border(row, right, ACS_VLINE, '|');
	}
	put_border(r->row, r->col, ACS_ULCORNER, '+');
	put_border(r->row, right, ACS_URCORNER, '+');
	put_border(bottom, r->col, ACS_LLCORNER, '+');
	put_border(bottom, right, ACS_LRCORNER, '+');
	attrset(A_NORMAL);
}

static void title_at(int row, int cols, const char *title)
{
	int width = (int)text_width(title);

	if (width > 0)
		term_text(row, 2, width + 2 < cols - 4 ? width : cols - 4, ROLE_TITLE, title);
}

void term_rule(const struct rect *r, int row, const char *title)
{
	char text[256];
	int width;

	attrset((int)theme_attr(ROLE_BORDER));
	horizontal(row, r->col + 1, r->cols - 2);
	if (row > r->row && row < r->row + r->rows - 1) {
		put_border(row, r->col, ACS_LTEE, '+');
		put_border(row, r->col + r->cols - 1, ACS_RTEE, '+');
	}
	attrset(A_NORMAL);
	if (title[0] == '\0')
		return;
	snprintf(text, sizeof(text), " %s ", title);
	width = (int)text_width(text);
	term_text(row, r->col + 1, width < r->cols - 2 ? width : r->cols - 2, ROLE_TITLE, text);
}

void term_line(int row, int cols, const char *title)
{
	attrset((int)theme_attr(ROLE_BORDER));
	horizontal(row, 0, cols);
	attrset(A_NORMAL);
	title_at(row, cols, title);
}

void term_flush(void)
{
	move(cursor_row, cursor_col);
	wnoutrefresh(stdscr);
	doupdate();
}
