/* update.h - the update: manifest, download, verify, stage, commit, hook; online or from an offline bundle.
 *
 * One state machine for both sources, so that both pass exactly the same verification. It runs in a job's process and
 * tells what happens as events. A failure names its finding.
 */
#ifndef PC_UPDATE_UPDATE_H
#define PC_UPDATE_UPDATE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/event.h"
#include "settings/settings.h"

enum update_source { UPDATE_WEB, UPDATE_OFFLINE };

struct update_options {
	const char *state_dir;
	const struct settings *settings;
	enum update_source source;
	const char *from;		/* feed URL, or the bundle's path or URL */
	int stdin_fd;			/* offline: read the bundle from here instead of opening `from`; -1: do not */
	const char *host_key;		/* offline by sftp or scp: "SHA256:..." of the host key to accept once and keep, or NULL */
	bool force;			/* download and unpack even what is installed already */
	bool allow_downgrade;
	bool no_check;			/* leave out the checks before, and after a failure */
};

/* Runs the update as the work of a job (see struct job_work; data is a struct update_options). */
int update_run(void *data, const struct event_sink *sink, void (*ready)(void *token, const struct error *err),
	       void *token);

#endif
