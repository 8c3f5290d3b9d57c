/* fixture.h - small generations for the tests of the store. */
#ifndef PC_TESTS_STORE_FIXTURE_H
#define PC_TESTS_STORE_FIXTURE_H

#include "store/store.h"

/* One component of a generation to make. A component whose text is NULL is linked from the current generation. */
struct fixture_component {
	const char *id;
	const char *version;
	const char *text;		/* of its file "data/list.txt"; "data/more.txt" has it twice */
	bool once;
};

/* Builds and commits. The store must be locked. */
bool fixture_commit(struct store *s, const char *version, const struct fixture_component *components, size_t count,
		    int keep, char *id, struct error *err);

/* What must hold in every state that a crash can leave, before any recovery, for one who only reads: `current` is whole
 * and says one version throughout. False, with the reason in `why` (256 bytes), otherwise. */
bool fixture_current_is_whole(const char *state_dir, char *why);

/* What must hold after store_recover(): links, history, staging, defaults agree. */
bool fixture_state_is_sound(const char *state_dir, char *why);

#endif
