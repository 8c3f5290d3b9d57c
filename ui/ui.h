/* ui.h - the full-screen console. */
#ifndef PC_UI_UI_H
#define PC_UI_UI_H

#include <stdbool.h>

struct ui_options {
	const char *config_path;
	const char *state_dir;
	const char *program;	/* this program's path: it starts itself for long work */
	bool color;
};

/* Runs the console until the operator leaves. Returns an exit code of the contract; says on standard error, outside of
 * the full screen, why it cannot run. */
int ui_run(const struct ui_options *options);

#endif
