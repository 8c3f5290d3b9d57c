/* ui.h - the full-screen console. */
#ifndef PC_UI_UI_H
#define PC_UI_UI_H

#include <stdbool.h>
#include <stdio.h>

/* A screen that is no terminal, for tests: keys come through app_key(), cells are read back, and what changes from run to
 * run is given. */
struct ui_fixture {
	const char *term;		/* terminfo name */
	FILE *in, *out;			/* what curses reads and writes: /dev/null, or a pty */
	int rows, cols;
	const char *node, *clock;	/* instead of this node's name and "14:31 UTC"; NULL: as they are */
};

struct ui_options {
	const char *config_path;
	const char *state_dir;
	const char *program;		/* this program's path: it starts itself for long work */
	const char *keymap_path;	/* NULL: beside the settings, "keymap" */
	bool color;
	bool restricted;		/* also the setting ui.restricted */
	bool plain;			/* for screen readers: no frames, changes announced as lines */
	const char *demo;		/* shown in place of the node's name, so that nobody takes a demo for it; NULL: none */
	const struct ui_fixture *fixture;	/* NULL: the terminal of this process */
};

/* Runs the console until the operator leaves. Returns an exit code of the contract; says on standard error, outside of
 * the full screen, why it cannot run. */
int ui_run(const struct ui_options *options);

#endif
