#include "term.h"

#include <langinfo.h>
#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "frame.h"
#include "keyparse.h"
#include "term_name.h"
#include "term_private.h"
#include "ui.h"

#define MOUSE_ON "\033[?1000h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1000l"
#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
#define COPY_MAX 74994		/* bytes of text: what most terminals take of OSC 52, in base64 */

#define FRAME_MAX (4u << 20)

static SCREEN *screen;
static int in_fd, out_fd;
static FILE *memory;			/* what curses writes to: a frame is sent with one write */
static struct frame_state held;
static struct frame_squeeze squeeze;
static int sent_row, sent_col;		/* where the cursor stands */
static const struct frame_tail no_tail;
static struct termios found;		/* the terminal as it was */
static char leave[256];			/* what puts a terminal back when the program crashes */
static bool have_found, mouse_wanted, modes, own;	/* own: the terminal of this process */
static struct keyparse keys;
struct term_look term_look;
struct rect term_strip;

/* --- leaving it as it was ----------------------------------------------------------------------------------------------- */

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

static bool has(const char *text)
{
	return text != NULL && text != (const char *)-1;
}

/* Is the terminal's sequence for it this one? */
static bool is_as(const char *name, const char *sequence)
{
	const char *text = tigetstr(name);

	return has(text) && strcmp(text, sequence) == 0;
}

static void remember_leave(void)
{
	static const char *const names[] = { "sgr0", "cnorm", "rmkx", "rmcup" };
	struct buffer all = BUFFER_INIT(sizeof(leave) - 1);

	if (modes)
		buffer_puts(&all, PASTE_OFF MOUSE_OFF);
	if (term_look.scrolls)
		buffer_puts(&all, "\033[r");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = tigetstr(names[i]);

		/* Delays in the string ("$<2>") are for tputs(), which a signal handler cannot call. */
		if (has(text) && strchr(text, '$') == NULL)
			buffer_puts(&all, text);
	}
	memcpy(leave, buffer_text(&all), all.len);
	leave[all.len] = '\0';
	buffer_clear(&all);
}

static uint64_t sent_bytes;

uint64_t term_sent_bytes(void)
{
	return sent_bytes;
}

static void write_all(const char *data, size_t n)
{
	while (n > 0) {
		ssize_t sent = write(out_fd, data, n);

		if (sent < 0 && errno != EINTR)
			return;
		if (sent > 0) {
			sent_bytes += (uint64_t)sent;
			data += sent;
			n -= (size_t)sent;
		}
	}
}

void term_discard(void)
{
	if (memory != NULL && fflush(memory) == 0 && ftruncate(fileno(memory), 0) == 0)
		lseek(fileno(memory), 0, SEEK_SET);
}

void term_send_frame(const struct buffer *before, const struct frame_tail *behind)
{
	struct buffer out = BUFFER_INIT(FRAME_MAX * 2), shorter = BUFFER_INIT(FRAME_MAX * 2);
	int from_row = sent_row, from_col = sent_col;
	struct stat st;
	char *bytes = NULL;
	ssize_t n = 0;

	if (memory == NULL || fstat(fileno(memory), &st) != 0)
		return;
	if (st.st_size > 0) {
		bytes = malloc((size_t)st.st_size);
		n = bytes != NULL ? pread(fileno(memory), bytes, (size_t)st.st_size, 0) : 0;
		term_discard();
	}
	if (before->len > 0) {
		frame_release(&held, sent_row, sent_col, &out);
		buffer_append(&out, buffer_text(before), before->len);
	}
	if (n > 0)
		frame_shorten(&held, bytes, (size_t)n, term_rows(), sent_row, sent_col, &out);
	term_where(&sent_row, &sent_col);
	if (behind->instead && (sent_row != from_row || sent_col != from_col))
		buffer_printf(&out, "\033[%d;%dH", sent_row + 1, sent_col + 1);
	if (behind->bytes.len > 0) {
		frame_hold(&held, behind, &out);
		buffer_append(&out, buffer_text(&behind->bytes), behind->bytes.len);
		if (!behind->instead)
			buffer_printf(&out, "\033[%d;%dH", sent_row + 1, sent_col + 1);
	}
	frame_squeeze(&squeeze, buffer_text(&out), out.len, &shorter);
	write_all(buffer_text(&shorter), shorter.len);
	buffer_clear(&shorter);
	squeeze.one_set = term_look.borders != BORDERS_ACS;	/* once it was said */
	buffer_clear(&out);
	free(bytes);
}

/* Past curses, but in its order. */
static void send(const char *text)
{
	const struct buffer none = BUFFER_INIT(0);
	struct buffer out = BUFFER_INIT(64);

	term_send_frame(&none, &no_tail);
	frame_release(&held, sent_row, sent_col, &out);
	write_all(buffer_text(&out), out.len);
	write_all(text, strlen(text));
	buffer_clear(&out);
}

bool term_writable(void)
{
	struct pollfd p = { out_fd, POLLOUT, 0 };

	return poll(&p, 1, 0) != 0;		/* also when it is gone */
}

void term_mouse_on(bool on)
{
	if (modes && mouse_wanted)
		send(on ? MOUSE_ON : MOUSE_OFF);
}

static void send_modes(bool on)
{
	if (!modes)
		return;
	term_mouse_on(on);
	send(on ? PASTE_ON : PASTE_OFF);
}

/* --- start and end ------------------------------------------------------------------------------------------------------ */

/* As raw() of curses: every key comes at once and as it is. Curses cannot do it: it does not see the terminal. */
static void raw_mode(void)
{
	struct termios raw = found;

	if (!have_found)
		return;
	raw.c_iflag &= ~(tcflag_t)(BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ISIG | IEXTEN | ECHO | ECHONL);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static void set_modes(void)
{
	nonl();
	keypad(stdscr, TRUE);		/* the terminal's keypad; the keys are parsed by keyparse.c */
	idlok(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	typeahead(-1);
}

static void choose_look(const struct term_options *o)
{
	const char *b = o->borders;

	term_look.ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	term_look.plain = o->plain;
	if (strcmp(b, "ascii") == 0)
		term_look.borders = BORDERS_ASCII;
	else if (strcmp(b, "acs") == 0 || (term_look.ascii && has(tigetstr("acsc"))))
		term_look.borders = has(tigetstr("acsc")) ? BORDERS_ACS : BORDERS_ASCII;
	else
		term_look.borders = term_look.ascii ? BORDERS_ASCII : BORDERS_UTF8;
	if (o->plain)
		term_look.borders = BORDERS_NONE;
}

/* What curses writes to; where memory has no descriptor, the terminal itself. */
static FILE *open_memory(void)
{
	int fd = memfd_create("frame", MFD_CLOEXEC);

	if (fd < 0)
		return NULL;
	memory = fdopen(fd, "w");
	if (memory == NULL)
		close(fd);
	return memory;
}

/* Curses cannot ask a terminal that it does not see for its size, and takes it from the environment. */
static void tell_size(const struct ui_fixture *fixture)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	char number[16];

	if (fixture != NULL)
		size = (struct winsize){ .ws_row = (unsigned short)fixture->rows, .ws_col = (unsigned short)fixture->cols };
	else if (ioctl(out_fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	snprintf(number, sizeof(number), "%d", size.ws_row);
	setenv("LINES", number, 1);
	snprintf(number, sizeof(number), "%d", size.ws_col);
	setenv("COLUMNS", number, 1);
}

bool term_start(const struct term_options *o, struct error *err)
{
	const char *wanted = o->fixture != NULL ? o->fixture->term : getenv("TERM"), *name = term_name_find(wanted);
	FILE *in = o->fixture != NULL ? o->fixture->in : stdin, *out = o->fixture != NULL ? o->fixture->out : stdout;

	if (name == NULL) {
		error_usage(err, _("the terminal \"%s\" cannot show a full screen"), wanted != NULL ? wanted : "");
		return error_next(err, _("Set TERM to what your terminal is (vt100 suits most), or use the commands: "
					 "posture-console --help."));
	}
	own = o->fixture == NULL;
	have_found = own && tcgetattr(STDIN_FILENO, &found) == 0;
	in_fd = fileno(in);
	out_fd = fileno(out);
	tell_size(o->fixture);
	screen = newterm(name, open_memory() != NULL ? memory : out, in);
	unsetenv("LINES");
	unsetenv("COLUMNS");
	if (screen == NULL)
		return error_usage(err, _("the terminal \"%s\" cannot be set up"), name);
	choose_look(o);
	keyparse_init(&keys, !term_look.ascii);
	raw_mode();
	set_modes();
	/* Terminals that know one of these know the others, or leave them alone. */
	modes = has(tigetstr("kmous"));
	term_look.scrolls = memory != NULL && has(tigetstr("csr")) && strncmp(tigetstr("csr"), "\033[", 2) == 0;
	term_look.lists = term_look.scrolls && is_as("ri", "\033M") && is_as("cuf", "\033[%p1%dC") && tigetflag("xenl") > 0;
	term_look.moves_lines = memory != NULL && is_as("dl", "\033[%p1%dM") && is_as("il", "\033[%p1%dL");
	mouse_wanted = o->mouse;
	theme_start(o->theme, o->color);
	if (o->fixture != NULL) {
		term_resize(o->fixture->rows, o->fixture->cols);
	} else {
		term_resized();
		remember_leave();
		catch_crashes();
	}
	send_modes(true);
	return true;
}

/* Curses' own farewell, and the terminal's modes. */
static void give_back(void)
{
	const struct buffer none = BUFFER_INIT(0);

	send_modes(false);
	send("");
	endwin();
	term_send_frame(&none, &no_tail);
	if (have_found)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &found);
}

void term_end(void)
{
	if (screen == NULL)
		return;
	give_back();
	delscreen(screen);
	screen = NULL;
	if (memory != NULL)
		fclose(memory);
	memory = NULL;
}

void term_suspend(void)
{
	const struct buffer none = BUFFER_INIT(0);
	struct sigaction usual = { .sa_handler = SIG_DFL }, before;
	sigset_t stop, old;

	if (!own)
		return;
	give_back();
	sigemptyset(&usual.sa_mask);
	sigaction(SIGTSTP, &usual, &before);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, &old);	/* stops here */
	sigprocmask(SIG_SETMASK, &old, NULL);
	sigaction(SIGTSTP, &before, NULL);
	raw_mode();
	wnoutrefresh(stdscr);		/* curses takes the screen again */
	doupdate();
	term_send_frame(&none, &no_tail);
	send_modes(true);
	term_resized();
	term_repaint();
}

void term_resized(void)
{
	struct winsize size;

	if (ioctl(out_fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
		term_resize(size.ws_row, size.ws_col);
}

void term_resize(int rows, int cols)
{
	resizeterm(rows, cols);
}

void term_repaint(void)
{
	clearok(stdscr, TRUE);
	squeeze.plain = false;		/* whatever wrote there may have left its attributes */
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
	return term_look.ascii;
}

/* --- keys --------------------------------------------------------------------------------------------------------------- */

/* Without UTF-8 a byte beyond ASCII is a character of the locale's own set, which is not known here: it is left out. */
void term_bytes(const char *bytes, size_t n, void (*take)(void *data, int key), void *data)
{
	int64_t now = clock_monotonic_ms();

	for (size_t i = 0; i < n; i++) {
		int key = keyparse_byte(&keys, (unsigned char)bytes[i], now);

		if (key != KEYS_NONE && (key < 0x80 || key >= KEYS_FIRST || keys.utf8))
			take(data, key);
	}
}

bool term_read(void (*take)(void *data, int key), void *data)
{
	char bytes[4096];
	ssize_t n = read(in_fd, bytes, sizeof(bytes));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	term_bytes(bytes, (size_t)n, take, data);
	return n > 0;
}

int term_pending(void)
{
	const char *delay = getenv("ESCDELAY");
	int ms = delay != NULL ? atoi(delay) : 0;

	if (!keyparse_pending(&keys))
		return -1;
	return ms > 0 && ms <= 10000 ? ms : KEYPARSE_ESC_MS;
}

void term_late(void (*take)(void *data, int key), void *data)
{
	int key = keyparse_late(&keys, clock_monotonic_ms());

	if (key != KEYS_NONE)
		take(data, key);
}

void term_mouse(int *row, int *col, int *wheel)
{
	*row = keys.mouse.row;
	*col = keys.mouse.col;
	*wheel = keys.mouse.wheel;
}

/* --- the clipboard ------------------------------------------------------------------------------------------------------ */

static void base64(struct buffer *out, const char *text, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		unsigned int left = (unsigned int)(n - i);
		unsigned int a = (unsigned char)text[i], b = left > 1 ? (unsigned char)text[i + 1] : 0,
			     c = left > 2 ? (unsigned char)text[i + 2] : 0, all = a << 16 | b << 8 | c;

		buffer_putc(out, digits[all >> 18]);
		buffer_putc(out, digits[all >> 12 & 63]);
		buffer_putc(out, left > 1 ? digits[all >> 6 & 63] : '=');
		buffer_putc(out, left > 2 ? digits[all & 63] : '=');
	}
}

bool term_copy(const char *text)
{
	const char *name = getenv("TERM");
	struct buffer all = BUFFER_INIT(COPY_MAX * 2);
	size_t n = strlen(text);
	bool ok;

	/* "Ms" is the terminfo name of tmux and others; xterm and its relations know the sequence without saying so. */
	if (n > COPY_MAX || !(has(tigetstr("Ms")) || (name != NULL && strncmp(name, "xterm", 5) == 0)))
		return false;
	buffer_puts(&all, "\033]52;c;");
	base64(&all, text, n);
	buffer_puts(&all, "\a");
	ok = !all.failed;
	if (ok)
		send(buffer_text(&all));
	buffer_clear(&all);
	return ok;
}
