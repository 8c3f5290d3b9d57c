/* What comes after a commit: the operator's hook. It is owed from before the commit until it has run, so that an update that
 * dies in between does not leave the operator's program with what was installed before. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "update/hook.h"
#include "update/run.h"

#define OWED_NAME "hook.owed"

bool update_hook_owe(const struct update *u, const char *generation, struct error *err)
{
	if (settings_list_size(u->options->settings, SETTING_HOOK_AFTER_COMMIT) == 0)
		return true;
	return file_write_atomic(store_fd(u->store), OWED_NAME, 0600, generation, strlen(generation), err);
}

bool update_hook_owed(const struct update *u)
{
	struct buffer owed = BUFFER_INIT(STORE_GENERATION_MAX);
	bool is = file_read(store_fd(u->store), OWED_NAME, &owed, NULL) && u->current != NULL &&
		  strcmp(buffer_text(&owed), u->current->id) == 0;

	/* Of a commit that was never made, or was undone. */
	if (!is && owed.len > 0)
		unlinkat(store_fd(u->store), OWED_NAME, 0);
	buffer_clear(&owed);
	return is;
}

static void log_output(struct update *u, const struct buffer *output)
{
	const char *line = buffer_text(output), *end = line + output->len;

	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		int len = (int)((stop != NULL ? stop : end) - line);

		log_write(u->log, LOG_LEVEL_INFO, "Hook", "output", "%.*s", len, line);
		line += len + 1;
	}
}

bool update_hook_run(struct update *u, bool *rolled_back, struct error *err)
{
	const struct settings *s = u->options->settings;
	size_t count = settings_list_size(s, SETTING_HOOK_AFTER_COMMIT);
	struct buffer output = BUFFER_INIT(HOOK_OUTPUT_MAX);
	char previous[STORE_GENERATION_MAX], rolled_to[STORE_GENERATION_MAX];
	const char **argv;
	char *state = NULL, *path = NULL;
	bool ok = false;

	*rolled_back = false;
	if (count == 0)
		return true;
	update_phase(u, "hook");
	store_previous(u->store, previous);
	argv = calloc(count + 1, sizeof(*argv));
	state = realpath(store_path(u->store), NULL);
	if (argv == NULL || state == NULL || asprintf(&path, "%s/content/%s", state, u->current->id) < 0) {
		path = NULL;
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	for (size_t i = 0; i < count; i++)
		argv[i] = settings_list_item(s, SETTING_HOOK_AFTER_COMMIT, i);
	ok = hook_run(&(struct hook){ .argv = argv, .timeout_s = (int)settings_int(s, SETTING_HOOK_TIMEOUT_S),
				      .generation = u->current, .generation_path = path, .previous = previous },
		      &output, err);
	log_output(u, &output);
	if (!ok && settings_bool(s, SETTING_HOOK_ROLLBACK_ON_FAILURE) && previous[0] != '\0')
		*rolled_back = store_rollback(u->store, NULL, rolled_to, NULL);
	/* It has run, well or not: that is told, and is not done again, also after a power cut. */
	if (unlinkat(store_fd(u->store), OWED_NAME, 0) == 0)
		(void)file_sync_dir(store_fd(u->store), NULL);
out:
	buffer_clear(&output);
	free(argv);
	free(state);
	free(path);
	return ok;
}
