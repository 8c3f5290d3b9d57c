/* store.h - what updates delivered: generations on disk, the atomic switch, the history, the lock, recovery.
 *
 *   content/<generation>/generation.json     what is in it (struct store_component)
 *   content/<generation>/posture-update.xml  the manifest as verified (and .p7s)
 *   content/<generation>/components/<id>/... read-only files
 *   current, previous -> content/<generation>
 *
 * From any crash, kill or power cut: `current` is whole, or the update before it is; never a mixture.
 */
#ifndef PC_STORE_STORE_H
#define PC_STORE_STORE_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "feed/manifest.h"

#define STORE_GENERATION_MAX 64
#define STORE_JOB_MAX 64
#define STORE_WHAT_MAX 256
#define STORE_HOLDER_UNKNOWN INT_MAX

struct store;

/* Opens (making folders, mode 0750 and 0700, when `make`) the state folder. Refuses one that others can write to.
 * Without `make` a state folder that is not there yet opens as an empty store. */
bool store_open(const char *state_dir, bool make, struct store **out, struct error *err);
void store_free(struct store *s);
const char *store_path(const struct store *s);
int store_fd(const struct store *s);		/* of the state folder; -1 when it is not there */
int store_staging_fd(const struct store *s);	/* of STATE/staging; -1 when not made */

/* What the file system of the state folder has left for us; -1 where it does not say (no inodes on btrfs, say). */
bool store_space(const struct store *s, int64_t *free_bytes, int64_t *free_inodes, struct error *err);
/* Tells "no inodes left" from "disk full" in an error that came from a write below the state folder (NULL: left as it
 * is). Returns false. */
bool store_error_refine(const struct store *s, struct error *err);

/* --- the lock: one update at a time ----------------------------------------------------------------------------- */

/* Takes the update lock for this process (fcntl record lock on update.lock, with the job id inside). Held by another:
 * FINDING_UPDATE_LOCKED, exit code 75, its pid in the message. Released when the process ends. */
bool store_lock(struct store *s, const char *job, struct error *err);
void store_unlock(struct store *s);
/* Who holds it: 0 nobody. `job` (may be NULL, STORE_JOB_MAX bytes) gets the job id. STORE_HOLDER_UNKNOWN (a pid that no
 * process can have) when it is held by a process that cannot be seen from here, in another container for instance. */
pid_t store_lock_holder(const struct store *s, char *job);

/* --- recovery ----------------------------------------------------------------------------------------------------- */

/* After store_lock(): puts right what an interrupted update left (half-made generation folders, `previous` behind
 * `current`, history without its line). `what` (STORE_WHAT_MAX bytes, may be NULL) says what was healed, "" when nothing
 * was. Keeps partial downloads that can be resumed; removes stale ones (older than 7 days). */
bool store_recover(struct store *s, char *what, struct error *err);

/* --- generations --------------------------------------------------------------------------------------------------- */

struct store_component {
	char *id, *title, *version, *href;
	int64_t size;			/* of the archive */
	unsigned char sha256[32];	/* of the archive */
	int64_t files, bytes;		/* unpacked */
	bool once;
};

struct store_generation {
	char id[STORE_GENERATION_MAX];	/* 20261123-1: day of the update (UTC) and a counter, never used again */
	char *version;			/* of the manifest */
	time_t published, expires, installed;
	char *source;			/* "web" or "offline" */
	char *from;			/* URL (no login) or file name */
	char *signer;			/* "" : not signed */
	struct store_component *components;
	size_t count;
};

/* Reads a generation; `id` NULL: the current one. No current one: *out is NULL and true is returned. */
bool store_generation_load(const struct store *s, const char *id, struct store_generation **out, struct error *err);
void store_generation_free(struct store_generation *g);
const struct store_component *store_generation_component(const struct store_generation *g, const char *id);
/* Ids of all whole generations, oldest first; free with store_ids_free(). */
bool store_generation_ids(const struct store *s, char ***ids, size_t *count, struct error *err);
void store_ids_free(char **ids, size_t count);
/* Is that text the id of a generation? Anything else is never used as part of a path. */
bool store_id_valid(const char *id);
/* Are all files that the update put there still there? (Counted, not read.) A component that is not whole must be
 * fetched again instead of linked. */
bool store_component_whole(const struct store *s, const struct store_generation *g, const char *component);
/* Target of the links; "" when there is none. `id` has STORE_GENERATION_MAX bytes. */
void store_current(const struct store *s, char *id);
void store_previous(const struct store *s, char *id);

/* --- making one ------------------------------------------------------------------------------------------------- */

struct store_build;	/* a generation being built in STATE/staging/<id> */

bool store_build_begin(struct store *s, struct store_build **out, struct error *err);
const char *store_build_id(const struct store_build *b);
/* An empty folder for a component's files; the caller closes it. -1 on failure. */
int store_build_component_dir(struct store_build *b, const char *component, struct error *err);
/* Takes a component from another generation: every file hard-linked (copied where a link cannot be made). Fails when the
 * component there is not whole. */
bool store_build_link(struct store_build *b, const struct store_generation *from, const char *component,
		      struct error *err);
/* A file at the top of the generation (the manifest, its signature). */
bool store_build_file(struct store_build *b, const char *name, const void *data, size_t len, struct error *err);
/* Flushes everything once, then one rename makes it current; `previous` is what was current. Creates STATE/defaults from
 * the component marked once when (and only when) no update has ever made it. Appends the history line. Then removes
 * generations beyond `keep` (current and previous always stay). Frees `b` in any case.
 * `g` says what it is; its id and installed time, and the files and bytes of its components, are filled in. `history`
 * (stolen, may be NULL) is merged into the line. True as soon as it is current; what could not be finished after that (the
 * history line, the defaults, a removal) is said by store_warning() and put right by the next store_recover(). */
bool store_build_commit(struct store_build *b, struct store_generation *g, int keep, json_t *history,
			struct error *err);
/* Throws it away. */
void store_build_discard(struct store_build *b);
/* What the last commit or rollback could not finish after the switch; NULL when nothing. Borrowed. */
const struct error *store_warning(const struct store *s);

/* Makes another whole generation current (NULL: the previous one) and records it. `id_out` STORE_GENERATION_MAX. Takes
 * the update lock for as long as it needs it when this process does not hold it. The current one: true, and nothing is done. */
bool store_rollback(struct store *s, const char *id, char *id_out, struct error *err);

/* When a rollback, not an update, made the current generation what it is; 0: the newest one is current. */
time_t store_rolled_back(const struct store *s);

/* --- history -------------------------------------------------------------------------------------------------------- */

/* Appends one line ("time" added when missing), fsynced. Steals `line`. */
bool store_history_append(struct store *s, json_t *line, struct error *err);
/* The lines, oldest first, as a JSON array (new reference); a torn last line is left out. */
bool store_history_load(const struct store *s, json_t **out, struct error *err);

/* --- comparing ------------------------------------------------------------------------------------------------------ */

struct store_diff_row {
	char *component, *title;
	char *version_a, *version_b;	/* NULL: not in that generation */
	int64_t added, removed, changed;	/* files */
	int64_t bytes_a, bytes_b;
};
/* What changed from a to b (ids, "current" or "previous"), a row a component, unchanged ones too: first those of b in
 * their order, then those that are gone. */
bool store_diff(const struct store *s, const char *a, const char *b, struct store_diff_row **rows, size_t *count,
		struct error *err);
void store_diff_free(struct store_diff_row *rows, size_t count);

#endif
