/* store_act STATE commit VERSION [KEEP] | rollback [GENERATION] | recover | whole | sound
 * store_act STATE aftermath OLD NEW LINES DEFAULTS
 * store_act STATE hammer MILLISECONDS | watch MILLISECONDS
 *
 * One act on a store in a process of its own, for the tests that kill it. Exit code 0 done, 1 refused with the reason on
 * standard error, 75 locked by another.
 *
 * "aftermath" looks at what an act that was to lead from version OLD to NEW ("-": no generation) left where it was stopped:
 * current is whole and one of the two; recovery leaves it so, and all else sound; the history, of LINES switches before,
 * has one more only if it is NEW; the next commit completes; DEFAULTS ("made" or "deleted" by the operator) are as they
 * should be. Prints "old" or "new".
 *
 * "hammer" commits and goes back as often as it gets the lock and prints how often that was; "watch" only reads, without a
 * lock, and fails when what it reads does not belong together. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
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

/* --- aftermath ------------------------------------------------------------------------------------------------------ */

static bool current_version(const struct store *s, char version[WHY_MAX])
{
	struct store_generation *g;

	if (!store_generation_load(s, NULL, &g, NULL))
		return false;
	snprintf(version, WHY_MAX, "%s", g != NULL ? g->version : "-");
	store_generation_free(g);
	return true;
}

static int switches(const struct store *s)
{
	json_t *lines;
	int count = 0;

	if (!store_history_load(s, &lines, NULL))
		return -1;
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const char *status = json_string_value(json_object_get(json_array_get(lines, i), "status"));

		count += status != NULL && strcmp(status, "updated") == 0;
	}
	json_decref(lines);
	return count;
}

static bool wrong(char why[WHY_MAX], const char *what, const char *detail)
{
	snprintf(why, WHY_MAX, "%s: %.150s", what, detail);
	return false;
}

static bool defaults_are(const char *state_dir, const char *wanted, char *why)
{
	char path[4096];
	bool there;

	snprintf(path, sizeof(path), "%s/defaults/data/more.txt", state_dir);
	there = access(path, F_OK) == 0;
	return there == (strcmp(wanted, "made") == 0) || wrong(why, there ? "defaults came back" : "no defaults", path);
}

static bool check_aftermath(struct store *s, char **argv, char *now, char *why)
{
	const char *dir = argv[1], *old = argv[3], *new = argv[4];
	char then[WHY_MAX], lines_text[64];
	struct error err = ERROR_INIT;
	int expected;

	if (!fixture_current_is_whole(dir, why))
		return false;
	if (!current_version(s, now) || (strcmp(now, old) != 0 && strcmp(now, new) != 0))
		return wrong(why, "current is neither old nor new", now);
	if (!store_lock(s, "aftermath", &err) || !store_recover(s, NULL, &err))
		return wrong(why, "cannot recover", err.message);
	if (!current_version(s, then) || strcmp(now, then) != 0)
		return wrong(why, "recovery changed what is current", then);
	if (!fixture_state_is_sound(dir, why))
		return false;
	expected = atoi(argv[5]) + (strcmp(now, new) == 0 && strcmp(old, new) != 0);
	snprintf(lines_text, sizeof(lines_text), "%d switches, not %d", switches(s), expected);
	if (switches(s) != expected)
		return wrong(why, "the history does not tell the truth", lines_text);
	if (strcmp(now, "-") != 0 && !defaults_are(dir, argv[6], why))
		return false;
	if (!commit(s, "next", KEEP_DEFAULT, &err) || store_warning(s) != NULL)
		return wrong(why, "the next commit fails", err.message);
	return fixture_state_is_sound(dir, why) && defaults_are(dir, argv[6], why);
}

static int aftermath(char **argv)
{
	char now[WHY_MAX] = "", why[WHY_MAX] = "";
	struct error err = ERROR_INIT;
	struct store *s = NULL;
	bool ok = store_open(argv[1], true, &s, &err) ? check_aftermath(s, argv, now, why) : wrong(why, "cannot open", err.message);

	store_free(s);
	if (ok)
		puts(strcmp(now, argv[4]) == 0 ? "new" : "old");
	else
		fprintf(stderr, "%s\n", why);
	return ok ? 0 : 1;
}

/* --- many at once ---------------------------------------------------------------------------------------------------- */

static int hammer(const char *dir, int64_t budget_ms)
{
	int64_t end = clock_monotonic_ms() + budget_ms;
	int done = 0, refused = 0;

	for (int i = 0; clock_monotonic_ms() < end; i++) {
		struct error err = ERROR_INIT;
		char version[64], id[STORE_GENERATION_MAX];
		struct store *s = NULL;
		bool ok;

		snprintf(version, sizeof(version), "p%ld.%d", (long)getpid(), i);
		ok = store_open(dir, true, &s, &err);
		if (ok && i % 3 == 2)
			ok = store_rollback(s, NULL, id, &err) || err.code == FINDING_GENERATION_NOT_FOUND;	/* nothing to go back to yet */
		else
			ok = ok && store_lock(s, version, &err) && store_recover(s, NULL, &err) && commit(s, version, 3, &err) &&
			     store_warning(s) == NULL;
		store_free(s);
		done += ok;
		refused += !ok;
		if (!ok && err.code != FINDING_UPDATE_LOCKED) {
			fprintf(stderr, "%s\n", err.message);
			return 1;
		}
		if (!ok)
			usleep(500);
	}
	printf("%d %d\n", done, refused);
	return 0;
}

static bool read_version(int fd, const char *path, char version[WHY_MAX])
{
	struct buffer text = BUFFER_INIT(1 << 20);
	bool ok = file_read(fd, path, &text, NULL);

	snprintf(version, WHY_MAX, "%s", buffer_text(&text));
	buffer_clear(&text);
	return ok;
}

/* One look at what is current: its manifest and its changing component are of one version. */
static bool look_once(const char *dir, char *why)
{
	char target[256], path[4096], manifest[WHY_MAX] = "", list[WHY_MAX] = "", link[4200];
	ssize_t n;
	int fd;
	bool ok;

	snprintf(link, sizeof(link), "%s/current", dir);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return errno == ENOENT || wrong(why, "cannot read the link", link);
	target[n] = '\0';
	snprintf(path, sizeof(path), "%s/%s", dir, target);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = fd >= 0 && read_version(fd, "posture-update.xml", manifest) &&
	     read_version(fd, "components/cisco-conditions/data/list.txt", list);
	file_close(&fd);
	if (ok)
		return strcmp(manifest, list) == 0 || wrong(why, "a mixture", list);
	/* It may be removed while it is read, but not while it is current. */
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return wrong(why, "current has gone", link);
	path[n] = '\0';
	return strcmp(path, target) != 0 || wrong(why, "current is not whole", target);
}

static int watch(const char *dir, int64_t budget_ms)
{
	int64_t end = clock_monotonic_ms() + budget_ms;
	char why[WHY_MAX] = "";
	int looks = 0;

	for (; clock_monotonic_ms() < end; looks++) {
		struct error err = ERROR_INIT;
		struct store *s = NULL;
		struct store_generation *g = NULL;
		json_t *lines = NULL;
		bool ok = look_once(dir, why) && store_open(dir, false, &s, &err) && store_generation_load(s, NULL, &g, &err) &&
			  store_history_load(s, &lines, &err);

		if (ok)
			(void)store_lock_holder(s, NULL);
		json_decref(lines);
		store_generation_free(g);
		store_free(s);
		if (!ok) {
			fprintf(stderr, "%s%s\n", why, err.message);
			return 1;
		}
	}
	printf("%d\n", looks);
	return 0;
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
	if (strcmp(argv[2], "aftermath") == 0 && argc == 7)
		return aftermath(argv);
	if (strcmp(argv[2], "hammer") == 0 && argc == 4)
		return hammer(argv[1], atol(argv[3]));
	if (strcmp(argv[2], "watch") == 0 && argc == 4)
		return watch(argv[1], atol(argv[3]));
	if (!store_open(argv[1], true, &s, &err) || !act(s, argc, argv, &err)) {
		fprintf(stderr, "%s [%s]\n", err.message, finding_info(err.code)->code);
		code = err.code == FINDING_UPDATE_LOCKED ? EXIT_BUSY : 1;
	}
	store_free(s);
	return code;
}
