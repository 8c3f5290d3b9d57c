/* ui_script - plays a script (tests/ui/README) on the console, once for each variant of the screen, and compares screens with
 * golden ones.
 *
 *	ui_script [--generate] [--catalogue DIR] SCRIPT
 */
#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <locale.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ui/term.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "store/store.h"
#include "ui_test.h"

#define WAIT_MS 15000
#define LINE_MAX_BYTES 4096
#define MASKS_MAX 32
/* What pseudo_catalogue.py puts around a text: a sentence that is looked for may be made of several. */
#define BRACKETS "(~|\xe2\x9f\xa6|\xe2\x9f\xa7)*"
#define TEST_TIME "2026-11-23T14:31:00Z"
/* When the next check is due depends on the name of the machine (the spread), and other times on how fast it is. */
#define TODAY_MASK "2026-11-23 1[45]:[0-9]{2}"

struct play {
	struct ui_test test;
	const char *script, *variant, *catalogue;
	char work[64];
	int line, rows, cols;
	bool generate, started, wide;
	regex_t masks[MASKS_MAX];
	int mask_count;
	regex_t today;
	FILE *file;
};

/* What was started beside the console is ended by its number: an update outlives its terminal. */
static void end_update(const struct play *p)
{
	char state[128];
	struct store *store = NULL;
	pid_t holder = 0;

	snprintf(state, sizeof(state), "%s/state", p->work);
	if (store_open(state, false, &store, NULL))
		holder = store_lock_holder(store, NULL);
	store_free(store);
	if (holder > 1 && holder != STORE_HOLDER_UNKNOWN)
		kill(holder, SIGTERM);
}

/* A server or a command that the script started may be writing a last file into it: then it is not empty yet. */
static bool remove_work(const struct play *p)
{
	char command[256];

	snprintf(command, sizeof(command), "for i in $(seq 50); do rm -rf '%s' 2>/dev/null && exit; sleep 0.3; done; rm -rf '%s'",
		 p->work, p->work);
	return system(command) == 0;
}

static void fail(struct play *p, const char *what, const char *detail)
{
	struct buffer screen = BUFFER_INIT(1u << 20);

	fprintf(stderr, "%s:%d (%s): %s %s\n", p->script, p->line, p->variant, what, detail);
	if (p->started) {
		ui_test_screen(&p->test, &screen);
		fprintf(stderr, "%s", p->test.ended ? "(the console has ended)\n" : buffer_text(&screen));
	}
	if (getenv("UI_KEEP") != NULL) {
		fprintf(stderr, "(files: %s)\n", p->work);
		end_update(p);
		exit(1);
	}
	end_update(p);
	exit(remove_work(p) ? 1 : 2);
}

static void start(struct play *p)
{
	char reason[1024] = "";

	if (p->started)
		return;
	if (!ui_test_start(&p->test, p->work, p->rows, p->cols, reason, sizeof(reason)))
		fail(p, "cannot start:", reason);
	p->started = true;
	ui_test_turn(&p->test, 0);
}

/* --- what is to be seen --------------------------------------------------------------------------------------------------- */

/* As tests/ui/wide.py makes it of a word: every second letter, in full width. */
static void put_wide(struct buffer *out, const char *word, size_t n)
{
	for (size_t i = 0; i < n; i += 2) {
		unsigned int c = 0xff00u + (unsigned int)word[i] - 0x20u;

		buffer_putc(out, (char)(0xe0 | c >> 12));
		buffer_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buffer_putc(out, (char)(0x80 | (c & 0x3f)));
	}
}

static size_t letters(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* An extended regular expression for a plain text; each word may also be there in its wide form. */
static void make_pattern(struct buffer *out, const char *text, bool wide)
{
	while (*text != '\0') {
		size_t n = letters(text);

		if (n > 0) {
			buffer_printf(out, wide ? BRACKETS "(%.*s|" : "%.*s", (int)n, text);
			if (wide) {
				put_wide(out, text, n);
				buffer_puts(out, ")" BRACKETS);
			}
			text += n;
			continue;
		}
		if (strchr(".[]()*+?{}|^$\\", *text) != NULL)
			buffer_putc(out, '\\');
		buffer_putc(out, *text++);
	}
}

static bool is_seen(struct play *p, const char *text)
{
	struct buffer screen = BUFFER_INIT(1u << 20), pattern = BUFFER_INIT(65536);
	regex_t re;
	bool found;

	make_pattern(&pattern, text, p->wide);
	if (regcomp(&re, buffer_text(&pattern), REG_EXTENDED | REG_NOSUB) != 0)
		fail(p, "cannot look for", text);
	ui_test_screen(&p->test, &screen);
	found = regexec(&re, buffer_text(&screen), 0, NULL, 0) == 0;
	regfree(&re);
	buffer_clear(&screen);
	buffer_clear(&pattern);
	return found;
}

/* Waits until the text is there (or gone). */
static void wait_for(struct play *p, const char *text, bool there)
{
	int64_t deadline = clock_monotonic_ms() + WAIT_MS;

	start(p);
	while (is_seen(p, text) != there) {
		if (p->test.ended || clock_monotonic_ms() > deadline)
			fail(p, there ? "not on the screen:" : "still on the screen:", text);
		ui_test_turn(&p->test, 100);
	}
}

static void wait_for_end(struct play *p)
{
	int64_t deadline = clock_monotonic_ms() + WAIT_MS;

	while (!p->test.ended) {
		if (clock_monotonic_ms() > deadline)
			fail(p, "the console", "has not ended");
		ui_test_turn(&p->test, 100);
	}
}

/* The cursor stands on the first character of the text. */
static void check_cursor(struct play *p, const char *text)
{
	char row[UI_TEST_TEXT], *at;
	int line, col;

	start(p);
	term_where(&line, &col);
	term_row_text(line, row, sizeof(row));
	for (at = row; *at != '\0' && col > 0;) {
		char one[8];
		uint32_t cp;
		size_t n = text_utf8_decode(at, strlen(at), &cp);

		snprintf(one, sizeof(one), "%.*s", (int)(n > 0 ? n : 1), at);
		col -= (int)text_width(one);
		at += n > 0 ? n : 1;
	}
	if (strncmp(at, text, strlen(text)) != 0)
		fail(p, "the cursor stands on:", at);
}

/* --- golden screens --------------------------------------------------------------------------------------------------------- */

/* Puts # for every character of what matches. */
static void mask(char *text, const regex_t *re)
{
	regmatch_t m;

	while (*text != '\0' && regexec(re, text, 1, &m, 0) == 0 && m.rm_eo > m.rm_so) {
		memset(text + m.rm_so, '#', (size_t)(m.rm_eo - m.rm_so));
		text += m.rm_eo;
	}
}

static void mask_work(struct play *p, char *text)
{
	size_t n = strlen(p->work);

	for (char *at = text; (at = strstr(at, p->work)) != NULL; at += n)
		memset(at + n - 6, '#', 6);
}

/* Steals what is to be as it was, or keeps it. */
static void compare(struct play *p, const char *name, struct buffer *screen)
{
	const char *slash = strrchr(p->script, '/');
	struct buffer want = BUFFER_INIT(1u << 20);
	char path[4200], *text = buffer_steal(screen);

	mask_work(p, text);
	for (int i = 0; i < p->mask_count; i++)
		mask(text, &p->masks[i]);
	mask(text, &p->today);
	snprintf(path, sizeof(path), "%.*s/../golden/%s.%s.txt", slash != NULL ? (int)(slash - p->script) : 1,
		 slash != NULL ? p->script : ".", name, p->variant);
	if (p->generate) {
		struct error err = ERROR_INIT;

		if (!file_write_quick(AT_FDCWD, path, 0644, text, strlen(text), &err))
			fail(p, "cannot write:", err.message);
	} else if (!file_read(AT_FDCWD, path, &want, NULL)) {
		fail(p, "there is no golden screen (GENERATE=1 makes it):", path);
	} else if (strcmp(text, buffer_text(&want)) != 0) {
		fprintf(stderr, "wanted:\n%sgot:\n%s", buffer_text(&want), text);
		fail(p, "not as in", path);
	}
	free(text);
	buffer_clear(&want);
}

static void golden(struct play *p, const char *name)
{
	struct buffer screen = BUFFER_INIT(1u << 20);
	int row, col;

	start(p);
	ui_test_turn(&p->test, 0);
	ui_test_screen(&p->test, &screen);
	term_where(&row, &col);
	buffer_printf(&screen, "cursor %d,%d\n", row, col);
	compare(p, name, &screen);
}

/* Colours and attributes. */
static void golden_looks(struct play *p, const char *name)
{
	struct buffer screen = BUFFER_INIT(1u << 20);

	start(p);
	ui_test_turn(&p->test, 0);
	for (int i = 0; i < term_rows(); i++) {
		buffer_printf(&screen, "row %d\n", i);
		term_row_looks(i, &screen);
	}
	compare(p, name, &screen);
}

/* --- the script --------------------------------------------------------------------------------------------------------------- */

static void run_shell(struct play *p, const char *command)
{
	int status;

	fflush(NULL);
	status = system(command);
	if (status != 0)
		fail(p, "the command failed:", command);
}

static void set_setting(struct play *p, const char *argument)
{
	char command[LINE_MAX_BYTES + 256];
	size_t key = strcspn(argument, " ");

	snprintf(command, sizeof(command), "\"$top_builddir/posture-console\" --config '%s/c.conf' --state-dir '%s/state' "
		 "config set %.*s '%s' >/dev/null", p->work, p->work, (int)key, argument,
		 argument[key] == ' ' ? argument + key + 1 : "");
	run_shell(p, command);
}

/* "file NAME": the lines that follow, up to "END", are its content. */
static void write_file(struct play *p, const char *name)
{
	char path[LINE_MAX_BYTES], line[LINE_MAX_BYTES], *slash;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", p->work, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	file_make_dirs(path, 0700, NULL);
	*slash = '/';
	f = fopen(path, "a");
	if (f == NULL)
		fail(p, "cannot write", path);
	while (fgets(line, sizeof(line), p->file) != NULL && strcmp(line, "END\n") != 0) {
		p->line++;
		fputs(line, f);
	}
	p->line++;
	fclose(f);
}

/* "\e[5~": a sequence as a terminal sends it. */
static void send_bytes(struct play *p, const char *text)
{
	char bytes[LINE_MAX_BYTES];
	size_t n = 0;

	start(p);
	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && text[1] == 'e') {
			bytes[n++] = '\033';
			text++;
		} else if (text[0] == '\\' && text[1] == 'x' && strlen(text) >= 4) {
			char hex[3] = { text[2], text[3], '\0' };

			bytes[n++] = (char)strtol(hex, NULL, 16);
			text += 3;
		} else {
			bytes[n++] = *text;
		}
	}
	app_bytes(p->test.app, bytes, n);
	ui_test_turn(&p->test, 0);
}

static void resize(struct play *p, const char *size)
{
	int rows, cols;

	start(p);
	if (sscanf(size, "%dx%d", &cols, &rows) != 2)
		fail(p, "no size:", size);
	term_resize(rows, cols);
	app_dirty(p->test.app);
	ui_test_turn(&p->test, 0);
}

static void add_mask(struct play *p, const char *expression)
{
	if (p->mask_count == MASKS_MAX || regcomp(&p->masks[p->mask_count], expression, REG_EXTENDED) != 0)
		fail(p, "no mask:", expression);
	p->mask_count++;
}

static void paste(struct play *p, const char *text)
{
	char bytes[LINE_MAX_BYTES + 32];

	snprintf(bytes, sizeof(bytes), "\\e[200~%s\\e[201~", text);
	send_bytes(p, bytes);
}

static void start_with(struct play *p, const char *words)
{
	p->test.options.restricted = strstr(words, "restricted") != NULL;
	p->test.options.plain = strstr(words, "plain") != NULL;
	start(p);
}

/* "$work" in what is typed. */
static void expand(const struct play *p, const char *argument, char *dst, size_t size)
{
	size_t n = 0;

	while (*argument != '\0' && n + strlen(p->work) + 1 < size) {
		if (strncmp(argument, "$work", 5) == 0) {
			n += (size_t)snprintf(dst + n, size - n, "%s", p->work);
			argument += 5;
		} else {
			dst[n++] = *argument++;
		}
	}
	dst[n] = '\0';
}

static void type(struct play *p, const char *argument)
{
	char keys[LINE_MAX_BYTES + 256];

	start(p);
	expand(p, argument, keys, sizeof(keys));
	if (!ui_test_keys(&p->test, keys))
		fail(p, "no keys:", keys);
}

static void step(struct play *p, const char *word, const char *argument)
{
	static const struct { const char *word; void (*act)(struct play *p, const char *argument); } acts[] = {
		{ "start", start_with }, { "setting", set_setting }, { "file", write_file }, { "sh", run_shell },
		{ "bytes", send_bytes }, { "paste", paste },	     { "golden", golden },   { "size", resize },	{ "looks", golden_looks },
		{ "mask", add_mask },	 { "cursor", check_cursor }, { "keys", type },
	};

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (strcmp(acts[i].word, word) == 0) {
			acts[i].act(p, argument);
			return;
		}
	}
	if (strcmp(word, "see") == 0) {
		wait_for(p, argument, true);
	} else if (strcmp(word, "gone") == 0) {
		wait_for(p, argument, false);
	} else if (strcmp(word, "end") == 0) {
		wait_for_end(p);
	} else if (strcmp(word, "variants") != 0) {
		fail(p, "unknown:", word);
	}
}

static void play(struct play *p)
{
	char line[LINE_MAX_BYTES];

	while (fgets(line, sizeof(line), p->file) != NULL) {
		size_t word;

		p->line++;
		line[strcspn(line, "\n")] = '\0';
		word = strcspn(line, " ");
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (line[word] == ' ')
			line[word++] = '\0';
		step(p, line, line + word);
	}
}

/* "80x24-light": with that theme; "80x24-nocolor": as with NO_COLOR. */
static void set_theme(struct play *p)
{
	static const char *const themes[] = { "dark", "light", "high-contrast", "monochrome" };
	const char *dash = strchr(p->variant, '-');
	char setting[64];

	p->test.colorless = dash != NULL && strcmp(dash + 1, "nocolor") == 0;
	for (size_t i = 0; dash != NULL && i < sizeof(themes) / sizeof(themes[0]); i++) {
		if (strcmp(dash + 1, themes[i]) != 0)
			continue;
		snprintf(setting, sizeof(setting), "ui.theme %s", themes[i]);
		set_setting(p, setting);
	}
}

/* "132x43-ascii" */
static void set_variant(struct play *p)
{
	bool ascii = strstr(p->variant, "-ascii") != NULL;

	p->wide = strstr(p->variant, "-wide") != NULL;
	if (sscanf(p->variant, "%dx%d", &p->cols, &p->rows) != 2)
		fail(p, "no variant:", p->variant);
	setenv("LC_ALL", ascii ? "C" : "C.UTF-8", 1);
	setenv("LANGUAGE", p->wide ? "xw" : "", 1);
	setenv("TERM", "xterm-256color", 1);
	setenv("TZ", "UTC", 1);
	setenv("POSTURE_CONSOLE_TEST_TIME", TEST_TIME, 1);
	unsetenv("COLORFGBG");
	setlocale(LC_ALL, "");
	if (p->catalogue != NULL) {
		bindtextdomain(PACKAGE, p->catalogue);
		bind_textdomain_codeset(PACKAGE, "UTF-8");
		textdomain(PACKAGE);
	}
}

static int play_variant(struct play *p)
{
	snprintf(p->work, sizeof(p->work), "/tmp/pc-ui.XXXXXX");
	if (mkdtemp(p->work) == NULL)
		return 1;
	set_variant(p);
	if (regcomp(&p->today, TODAY_MASK, REG_EXTENDED) != 0)
		return 1;
	setenv("work", p->work, 1);
	set_theme(p);
	p->file = fopen(p->script, "r");
	if (p->file == NULL)
		fail(p, "cannot read", strerror(errno));
	play(p);
	fclose(p->file);
	if (p->started)
		ui_test_end(&p->test);
	for (int i = 0; i < p->mask_count; i++)
		regfree(&p->masks[i]);
	regfree(&p->today);
	if (remove_work(p))
		return 0;
	fprintf(stderr, "%s (%s): cannot remove %s\n", p->script, p->variant, p->work);
	return 1;
}

/* The variants that the script names, or all. */
static void find_variants(const char *script, char *dst, size_t size)
{
	FILE *f = fopen(script, "r");
	char line[LINE_MAX_BYTES];

	snprintf(dst, size, "80x24 132x43 80x24-ascii 132x43-ascii 80x24-wide 132x43-wide");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "variants ", 9) == 0) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(dst, size, "%.250s", line + 9);
		}
	}
	if (f != NULL)
		fclose(f);
}

int main(int argc, char **argv)
{
	static struct play p;
	char variants[256], *save = NULL;
	int failed = 0;

	for (; argc > 2 && strncmp(argv[1], "--", 2) == 0; argc--, argv++) {
		if (strcmp(argv[1], "--generate") == 0) {
			p.generate = true;
		} else if (strcmp(argv[1], "--catalogue") == 0 && argc > 3) {
			p.catalogue = argv[2];
			argc--;
			argv++;
		}
	}
	if (argc != 2) {
		fprintf(stderr, "usage: ui_script [--generate] [--catalogue DIR] SCRIPT\n");
		return 2;
	}
	p.script = argv[1];
	find_variants(p.script, variants, sizeof(variants));
	/* Each in a process of its own: the locale and the screen are the process's. */
	for (char *v = strtok_r(variants, " ", &save); v != NULL; v = strtok_r(NULL, " ", &save)) {
		pid_t pid;
		int status = 1;

		fflush(NULL);
		pid = fork();
		if (pid == 0) {
			p.variant = v;
			exit(play_variant(&p));
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
			failed++;
		if (WIFSIGNALED(status))
			fprintf(stderr, "%s (%s): ended by signal %d\n", p.script, v, WTERMSIG(status));
	}
	return failed > 0 ? 1 : 0;
}
