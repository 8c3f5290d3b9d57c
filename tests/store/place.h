/* place.h - a state folder of its own for each unit test of the store. Include after cmocka.h. */
#ifndef PC_TESTS_STORE_PLACE_H
#define PC_TESTS_STORE_PLACE_H

#include <sys/stat.h>

#include "fixture.h"

struct place {
	char dir[64];
	char state[96];		/* the state folder in it */
	struct store *s;	/* open */
};

extern struct place place;

/* Three components; the second set has one that is linked from the first, and defaults in both. */
extern const struct fixture_component first_parts[], second_parts[];

int place_setup(void **state);
int place_teardown(void **state);
#define PLACE_TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

/* A path in the state folder; good until the fourth call after. */
const char *in_state(const char *rest);
bool exists(const char *rest);
mode_t mode_of(const char *rest);
void put_text(const char *rest, const char *text);

/* These fail the test when it does not work. */
void reopen(void);
void must_lock(void);		/* and recover */
void must_commit(const char *version, const struct fixture_component *parts, int keep, char *id);
void must_be_sound(void);
size_t history_lines(void);

#endif
