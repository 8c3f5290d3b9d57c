/* inside.h - what the files of src/store share. Private to the room.
 *
 * The order of a commit, each step durable before the next that relies on it:
 *
 *   1. staging/<id>.new        the whole tree, generation.json with the history line in it; staging/defaults-<id>.new
 *   2. syncfs                  one flush for all of it
 *   3. content/<id>            by one rename; fsync of content/
 *   4. previous                by one rename of a link; fsync of the state folder
 *   5. current                 by one rename of a link; fsync of the state folder   <- from here on it is committed
 *   6. history.jsonl           one line, fsync
 *   7. defaults.made, defaults only when no update ever made them: the mark first, then the folder by one rename
 *   8. content/<old>           to staging/<old>.old by rename, fsync of content/, then removed file by file
 *
 * store_recover() takes each place where that can stop, forwards once 5 is done, and back to where it was before.
 */
#ifndef PC_STORE_INSIDE_H
#define PC_STORE_INSIDE_H

#include <sys/stat.h>

#include "store/store.h"

#define STATE_MODE 0750
#define CONTENT_DIR_MODE 0755	/* below STATE, which keeps others out; its owner can remove from it */
#define CONTENT_FILE_MODE 0444	/* shared between generations by hard links: never to be written to */
#define PRIVATE_MODE 0700

#define CONTENT_NAME "content"
#define STAGING_NAME "staging"
#define CURRENT_NAME "current"
#define PREVIOUS_NAME "previous"
#define HISTORY_NAME "history.jsonl"
#define LOCK_NAME "update.lock"
#define DEFAULTS_NAME "defaults"
#define DEFAULTS_MARK_NAME "defaults.made"
#define GENERATION_NAME "generation.json"
#define COMPONENTS_NAME "components"
#define BUILD_ENDING ".new"	/* in staging: being built */
#define REMOVED_ENDING ".old"	/* in staging: being removed */
#define DEFAULTS_PREFIX "defaults-"

#define GENERATION_FILE_MAX (16u * 1024 * 1024)
#define HISTORY_READ_MAX (32u * 1024 * 1024)
#define ENTRY_NAME_MAX 300	/* of a name that the store itself makes below staging */

struct store {
	char *path;
	int fd;				/* the state folder */
	int content_fd, staging_fd;
	int lock_fd;			/* >= 0: this process holds the update lock */
	dev_t lock_dev;
	ino_t lock_ino;
	pid_t lock_pid;
	struct store *next_locked;
	struct error warning;
	bool warned;
};

/* --- store.c ------------------------------------------------------------------------------------------------------- */

/* Remembers the first thing that could not be finished. */
void store_warn(struct store *s, const struct error *err);
/* A name that stays below its folder: not empty, no slash, no leading dot, at most 128 bytes. */
bool store_name_valid(const char *name);
/* One entry of a folder at a time, without "." and ".."; `each` returns false to stop (and has set err). */
bool store_each_entry(int dirfd, bool (*each)(void *data, const char *name, struct error *err), void *data,
		      struct error *err);

/* --- json.c ---------------------------------------------------------------------------------------------------------- */

/* A JSON string; text that is not UTF-8 is made visible. NULL text: "". NULL: out of memory. */
json_t *store_json_text(const char *text);
/* Parses a JSON object. NULL: it is none, or `*out_of_memory`. */
json_t *store_json_parse(const char *text, size_t len, bool *out_of_memory);

/* --- generation.c --------------------------------------------------------------------------------------------------- */

/* generation.json as a document: new reference. `history` and `replaces` go in as they are. */
json_t *generation_document(const struct store_generation *g, const char *replaces, const json_t *history);
/* Reads content/<id>/generation.json; NULL when it is missing or not a generation's. New reference. */
json_t *generation_read(const struct store *s, const char *id, struct error *err);
/* Is its description readable, and has it a folder for each of its components? False only when that could not be found
 * out: a moment without memory or descriptors is no damage. */
bool generation_check(const struct store *s, const char *id, bool *whole, struct error *err);
/* Is that error of generation_read() a missing or damaged description, and nothing that may pass? */
bool generation_error_is_damage(const struct error *err);
/* Sorts ids by day and counter. */
int generation_id_compare(const char *a, const char *b);

/* --- links.c --------------------------------------------------------------------------------------------------------- */

/* The id that a person means by "current", "previous" or an id; whether it is there is not looked at. */
bool generation_resolve(const struct store *s, const char *asked, char *id, struct error *err);
/* Where a link points; "" when there is none, or it is not one of ours. */
bool generation_linked(const struct store *s, const char *link_name, char *id, struct error *err);
/* Points `link_name` at content/<id> by one rename ("" removes the link), and flushes the state folder. */
bool generation_point(struct store *s, const char *link_name, const char *id, struct error *err);
/* Makes it current, and what was current the previous one, each by one rename. True as soon as `current` names it, flushed
 * or not: nothing takes that back. False: the links are what they were. `err` must not be NULL. */
bool generation_switch(struct store *s, const char *id, struct error *err);
/* Moves content/<id> to staging/<id>.old, from where it can be removed once content/ is flushed. */
bool generation_take_out(struct store *s, const char *id, struct error *err);

/* --- tree.c ---------------------------------------------------------------------------------------------------------- */

struct tree_count {
	int64_t files;
	int64_t bytes;		/* only where the function says so */
};

/* Links every file below `from` into `to`, folders made as needed; a file that cannot be linked is copied. */
bool tree_link(int from, int to, struct tree_count *count, struct error *err);
/* Copies for the operator to edit (files 0640, folders 0750); what is there already stays. */
bool tree_copy(int from, int to, struct error *err);
/* Makes fresh content read-only; counts files and bytes. Anything but files and folders is an error. */
bool tree_seal(int dirfd, struct tree_count *count, struct error *err);
/* Counts files. */
bool tree_count_files(int dirfd, struct tree_count *count, struct error *err);

/* --- history.c: questions to the lines of store_history_load() ------------------------------------------------------- */

/* Only the lines of switches, updates and rollbacks that were made: quick where there are thousands of others. */
bool history_load_switches(const struct store *s, json_t **out, struct error *err);
/* The newest line that says which generation became current; NULL when there is none. Borrowed. */
const json_t *history_last_switch(const json_t *lines);
/* The newest line that says that `id` became current; NULL when there is none. Borrowed. */
const json_t *history_switch_to(const json_t *lines, const char *id);
/* The line of a rollback to `id` from what was current before. New reference; NULL with an error. */
json_t *history_rollback_line(const struct store *s, const char *id, const char *from, struct error *err);
/* The text of a member, "" when it is not there. */
const char *history_text(const json_t *line, const char *key);

/* --- defaults.c ------------------------------------------------------------------------------------------------------ */

/* Were they ever made? */
bool defaults_made(const struct store *s, bool *made, struct error *err);
/* Copies the component to staging/defaults-<id>.new, before the flush. */
bool defaults_prepare(struct store *s, const char *id, int component_fd, struct error *err);
/* After the switch: marks them made and puts them in place. Nothing prepared: nothing done. */
bool defaults_finish(struct store *s, const char *id, struct error *err);

/* --- retain.c -------------------------------------------------------------------------------------------------------- */

/* Removes the oldest generations until `keep` are left; current and previous always stay. */
bool retain_newest(struct store *s, int keep, struct error *err);

#endif
