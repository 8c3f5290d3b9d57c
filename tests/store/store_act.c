/* store_act STATE commit VERSION [KEEP] | rollback [GENERATION] | recover | whole | sound
 *
 * One act on a store in a process of its own, for the tests that kill it. Exit code 0 done, 1 refused with the reason on
 * standard error, 75 locked by another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define KEEP_DEFAULT 3
#define WHY_MAX 256

static bool commit(struct store *s, const char *version, int keep, struct error *err)
{
	struct store_generation *g;
	bool first;

	if (!store_generation_load(s, NULL, &g, err))
		return false;
	first = g == NULL;
	store_generation_free(g);
	const struct fixture_component parts[] = {
		{ "cisco-conditions", version, version, false },
		{ "os-groups", "7", first ? "7" : NULL, false },
		{ "defaults", "d1", first ? "d1" : NULL, true },
	};

	return fixture_commit(s, version, parts, sizeof(parts) / sizeof(parts[0]), keep, NULL, err);
}

static bool act(struct store *s, int argc, char **argv, struct error *err)
{
	const char *verb = argv[2];
	char id[STORE_GENERATION_MAX], what[STORE_WHAT_MAX];

	if (!store_lock(s, "act", err) || !store_recover(s, what, err))
		return false;
	if (strcmp(verb, "commit") == 0 && argc >= 4)
		return commit(s, argv[3], argc >= 5 ? atoi(argv[4]) : KEEP_DEFAULT, err);
	if (strcmp(verb, "rollback") == 0)
		return store_rollback(s, argc >= 4 ? argv[3] : NULL, id, err);
	if (strcmp(verb, "recover") == 0)
		return true;
	return error_set(err, FINDING_NONE, "no such act: %s", verb);
}

static int look(const char *state_dir, const char *verb)
{
	char why[WHY_MAX];
	bool ok = strcmp(verb, "whole") == 0 ? fixture_current_is_whole(state_dir, why) : fixture_state_is_sound(state_dir, why);

	if (!ok)
		fprintf(stderr, "not %s: %s\n", verb, why);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct store *s = NULL;
	int code = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: store_act STATE commit VERSION [KEEP] | rollback [GENERATION] | recover | whole | sound\n");
		return 2;
	}
	if (strcmp(argv[2], "whole") == 0 || strcmp(argv[2], "sound") == 0)
		return look(argv[1], argv[2]);
	if (!store_open(argv[1], true, &s, &err) || !act(s, argc, argv, &err)) {
		fprintf(stderr, "%s [%s]\n", err.message, finding_info(err.code)->code);
		code = err.code == FINDING_UPDATE_LOCKED ? EXIT_BUSY : 1;
	}
	store_free(s);
	return code;
}
