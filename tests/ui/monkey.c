/* monkey - random keys, pastes, clicks, bytes, sizes, log lines and changed files at the console, for so many seconds; now and
 * then it looks whether the console still does what it is told. Built with sanitizers it finds what else is wrong.
 *
 *	monkey WORK SECONDS [SEED]
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../ui/key.h"
#include "../ui/term.h"
#include "base/clock.h"
#include "base/file.h"
#include "ui_test.h"

#define LOOK_EVERY 400		/* steps */

static unsigned int seed;

static unsigned int pick(unsigned int n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 8) % n;
}

static int random_key(void)
{
	static const int often[] = { KEYS_TAB, KEYS_DOWN, KEYS_UP, KEYS_ENTER, KEYS_ESC, ' ', KEYS_PAGE_DOWN, KEYS_END, 'j', 'k' };
	static const int text[] = { 0xe9, 0x4e2d, 0x1f600, 0x301, 0x202e, 0x5d0 };

	switch (pick(8)) {
	case 0: case 1: return often[pick(sizeof(often) / sizeof(often[0]))];
	case 2: return (int)pick(26) + 1;		/* with Ctrl */
	case 3: return KEYS_FIRST + (int)pick(KEYS_F12 - KEYS_FIRST + 1);
	case 4: return text[pick(sizeof(text) / sizeof(text[0]))];
	case 5: return '1' + (int)pick(5);
	default: return ' ' + (int)pick(95);
	}
}

static void random_bytes(struct app *a)
{
	static const char *const some[] = {
		"\033[<0;5;4M", "\033[<65;5;9M", "\033[<64;5;9M", "\033[<0;20;2M", "\033[M !!", "\033[200~pasted \033[201~", "\033[?1;2c",
		"\033]11;rgb:0/0/0\a", "\033", "\033[", "\033[1;5A", "\xe4\xb8", "\xff\xfe", "\033[200~", "\033[201~",
	};
	char click[32];

	if (pick(3) == 0) {
		snprintf(click, sizeof(click), "\033[<0;%u;%uM", pick(200) + 1, pick(60) + 1);
		app_bytes(a, click, strlen(click));
	} else {
		const char *bytes = some[pick(sizeof(some) / sizeof(some[0]))];

		app_bytes(a, bytes, strlen(bytes));
	}
}

static void random_size(struct app *a)
{
	static const int sizes[][2] = { { 24, 80 }, { 24, 80 }, { 43, 132 }, { 1, 1 }, { 15, 60 }, { 14, 59 }, { 100, 300 }, { 5, 20 },
					{ 24, 120 }, { 2, 500 } };
	size_t i = pick(sizeof(sizes) / sizeof(sizes[0]));

	term_resize(sizes[i][0], sizes[i][1]);
	app_dirty(a);
}

static void append_log(const char *work)
{
	static const char *const lines[] = {
		"2025-03-13 14:24:50,803 INFO  [pool-5][[]] cisco.cpm.DownloadManager -::root:update:- Completed opswat download\n",
		"2025-03-13 14:24:50,803 ERROR [pool-5][[]] a.b.C -::::- failed \033[2J\033]0;x\a\xe2\x80\xae \xff\r\n",
		"\tat java.lang.Thread.run(Thread.java:1)\n", "half a line", "\n",
	};
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/state/log", work);
	file_make_dirs(path, 0700, NULL);
	snprintf(path, sizeof(path), "%s/state/log/ise-psc.log", work);
	f = fopen(path, pick(50) == 0 ? "w" : "a");
	if (f == NULL)
		return;
	for (unsigned int i = pick(30); i > 0; i--)
		fputs(lines[pick(sizeof(lines) / sizeof(lines[0]))], f);
	fclose(f);
}

static void one_step(struct ui_test *t, const char *work)
{
	switch (pick(40)) {
	case 0: random_bytes(t->app); break;
	case 1: random_size(t->app); break;
	case 2: append_log(work); break;
	case 3: case 4: case 5: ui_test_turn(t, (int)pick(3)); break;
	default: app_key(t->app, random_key());
	}
}

/* Whatever was open, enough of Esc leads out of it, and 1 shows the Update pane. */
static bool still_listens(struct ui_test *t)
{
	struct buffer screen = BUFFER_INIT(1u << 20);
	bool ok = false;

	app_bytes(t->app, "\033[201~", 6);
	app_bytes(t->app, "\a\033\\", 3);
	app_bytes(t->app, "\033[201~", 6);	/* it may have been part of a string */
	term_resize(24, 80);
	app_dirty(t->app);
	for (int i = 0; i < 30 && !t->ended; i++) {
		app_key(t->app, KEYS_ESC);
		ui_test_turn(t, 0);
	}
	/* An update that fails in this very moment shows its checks: then once more. */
	for (int i = 0; i < 3 && !ok; i++) {
		app_key(t->app, '1');
		ui_test_turn(t, 0);
		buffer_reset(&screen);
		ui_test_screen(t, &screen);
		ok = t->ended || strstr(buffer_text(&screen), "Update source") != NULL;
	}
	if (!ok)
		fprintf(stderr, "it does not listen any more:\n%s", buffer_text(&screen));
	buffer_clear(&screen);
	return ok;
}

int main(int argc, char **argv)
{
	struct ui_test t = { 0 };
	char reason[1024] = "";
	int64_t end;
	long steps = 0, restarts = 0;
	bool ok = true;

	if (argc < 3) {
		fprintf(stderr, "usage: monkey WORK SECONDS [SEED]\n");
		return 2;
	}
	seed = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : (unsigned int)time(NULL);
	printf("seed %u\n", seed);
	fflush(stdout);
	setlocale(LC_ALL, "");
	end = clock_monotonic_ms() + strtol(argv[2], NULL, 10) * 1000;
	while (ok && clock_monotonic_ms() < end) {
		if (t.app == NULL && !ui_test_start(&t, argv[1], 24, 80, reason, sizeof(reason))) {
			fprintf(stderr, "cannot start: %s\n", reason);
			return 1;
		}
		one_step(&t, argv[1]);
		if (++steps % LOOK_EVERY == 0)
			ok = still_listens(&t);
		if (t.ended) {
			ui_test_end(&t);
			restarts++;
		}
	}
	ui_test_end(&t);
	printf("%ld steps, left and started again %ld times\n", steps, restarts);
	return ok ? 0 : 1;
}
