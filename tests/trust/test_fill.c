/* The first start: filled once, whole or not at all, with the least trust. */
#include "trust/forge.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

#define KILLS 60
#define IDENTRUST "IdenTrust Commercial Root CA 1"

static void only_identrust_is_enabled_and_trusted(void **state)
{
	struct trust_store *store = open_store(*state);

	assert_int_equal(trust_count(store), 3);
	for (size_t i = 0; i < trust_count(store); i++) {
		const struct trust_entry *e = trust_at(store, i);
		bool identrust = strcmp(e->name, IDENTRUST) == 0;

		assert_int_equal(e->enabled, identrust);
		assert_int_equal(e->usages, identrust ? TRUST_CISCO_SERVICES : 0);
	}
	assert_non_null(trust_find(store, "alpha"));
	assert_true(trust_have_anchor(store, TRUST_CISCO_SERVICES, NULL));
	assert_false(trust_warning(store, 0, NULL));
	trust_free(store);
}

static void another_ca_of_that_name_is_not_taken_for_it(void **state)
{
	const struct place *p = *state;
	X509 *impostor = forge_ca(IDENTRUST);
	struct buffer pem = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;
	struct trust_store *store;

	put_pem(&pem, impostor);
	put_file(p->bundle, pem.data, pem.len);
	store = open_store(p);
	assert_false(trust_find(store, IDENTRUST)->enabled);
	assert_int_equal(trust_find(store, IDENTRUST)->usages, 0);
	assert_true(trust_warning(store, 0, &err));
	assert_error(&err, FINDING_TRUST_STORE_EMPTY, "FN72111");
	assert_false(trust_warning(store, 1, &err));
	trust_free(store);
	buffer_clear(&pem);
	X509_free(impostor);
}

static void names_are_common_names_made_unique(void **state)
{
	const struct place *p = *state;
	X509 *one = forge_ca("GlobalSign"), *two = forge_ca("GlobalSign"), *none = forge(&(struct forge){ .name = NULL });
	X509 *leaf = forge(&(struct forge){ .name = "leaf", .constraints = "CA:FALSE" });
	struct buffer pem = BUFFER_INIT(1 << 20);
	struct trust_store *store;

	put_pem(&pem, one);
	put_pem(&pem, two);
	put_pem(&pem, none);
	put_pem(&pem, one);
	put_pem(&pem, leaf);
	buffer_puts(&pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	put_file(p->bundle, pem.data, pem.len);
	store = open_store(p);
	assert_int_equal(trust_count(store), 3);
	assert_non_null(trust_find(store, "GlobalSign"));
	assert_non_null(trust_find(store, "GlobalSign#GlobalSign#00001"));
	assert_non_null(trust_find(store, "##00001"));
	trust_free(store);
	buffer_clear(&pem);
	X509_free(one);
	X509_free(two);
	X509_free(none);
	X509_free(leaf);
}

static void a_folder_of_certificates_fills_it_as_well(void **state)
{
	const struct place *p = *state;
	X509 *one = forge_ca("one"), *two = forge_ca("two");
	struct buffer pem = BUFFER_INIT(1 << 20);
	struct trust_store *store;
	char path[128];

	snprintf(path, sizeof(path), "%s/folder", p->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	setenv("POSTURE_CONSOLE_CA_BUNDLE", path, 1);
	put_pem(&pem, one);
	snprintf(path, sizeof(path), "%s/folder/one.pem", p->dir);
	put_file(path, pem.data, pem.len);
	buffer_reset(&pem);
	put_der(&pem, two);
	snprintf(path, sizeof(path), "%s/folder/two.crt", p->dir);
	put_file(path, pem.data, pem.len);
	snprintf(path, sizeof(path), "%s/folder/junk.pem", p->dir);
	put_file(path, "junk", 4);
	snprintf(path, sizeof(path), "%s/folder/pipe.pem", p->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	store = open_store(p);
	assert_int_equal(trust_count(store), 2);
	trust_free(store);
	buffer_clear(&pem);
	X509_free(one);
	X509_free(two);
}

static void it_is_filled_once(void **state)
{
	const struct place *p = *state;
	struct trust_store *store = open_store(p);
	struct error err = ERROR_INIT;

	while (trust_count(store) > 0)
		assert_true(trust_remove(store, trust_at(store, 0)->name, &err));
	trust_free(store);
	store = open_store(p);
	assert_int_equal(trust_count(store), 0);
	assert_false(trust_have_anchor(store, TRUST_CISCO_SERVICES, &err));
	assert_error(&err, FINDING_TRUST_STORE_EMPTY, "no trusted certificate at all");
	trust_free(store);
}

static void a_folder_prepared_by_a_package_is_filled(void **state)
{
	const struct place *p = *state;
	struct trust_store *store;
	struct stat st;

	assert_int_equal(mkdir(p->state, 0755), 0);
	assert_int_equal(mkdir(p->trust, 0755), 0);
	store = open_store(p);
	assert_int_equal(trust_count(store), 3);
	trust_free(store);
	assert_int_equal(stat(p->trust, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void modes_are_exact_whatever_the_umask(void **state)
{
	const struct place *p = *state;
	mode_t old = umask(0);
	struct stat st;
	char path[256];

	trust_free(open_store(p));
	umask(old);
	assert_int_equal(stat(p->trust, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	snprintf(path, sizeof(path), "%s/index.json", p->trust);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	snprintf(path, sizeof(path), "%s/5d56499be4d2e08bcfcad08a3e38723d50503bde706948e42f55603019e528ae.pem", p->trust);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void a_system_without_certificates_is_filled_later(void **state)
{
	const struct place *p = *state;
	X509 *own = forge_ca("own");
	struct error err = ERROR_INIT;
	struct trust_store *store;
	char empty[128];

	snprintf(empty, sizeof(empty), "%s/empty", p->dir);
	assert_int_equal(mkdir(empty, 0700), 0);
	setenv("POSTURE_CONSOLE_CA_BUNDLE", empty, 1);
	store = open_store(p);
	assert_int_equal(trust_count(store), 0);
	assert_true(trust_warning(store, 0, &err));
	assert_error(&err, FINDING_TRUST_STORE_EMPTY, "this system has no CA certificates");
	trust_free(store);
	setenv("POSTURE_CONSOLE_CA_BUNDLE", p->bundle, 1);
	store = open_store(p);
	assert_int_equal(trust_count(store), 3);
	trust_free(store);

	/* A first import makes the store as well. */
	assert_true(file_remove_tree(AT_FDCWD, p->state, &err));
	setenv("POSTURE_CONSOLE_CA_BUNDLE", empty, 1);
	store = open_store(p);
	import_one(store, own, "own", TRUST_CISCO_SERVICES);
	trust_free(store);
	store = open_store(p);
	assert_int_equal(trust_count(store), 1);
	assert_true(trust_have_anchor(store, TRUST_CISCO_SERVICES, &err));
	trust_free(store);
	X509_free(own);
}

static void a_chosen_bundle_that_is_not_there_is_an_error(void **state)
{
	const struct place *p = *state;
	struct error err = ERROR_INIT;
	struct trust_store *store;

	setenv("POSTURE_CONSOLE_CA_BUNDLE", "/nonexistent/bundle.crt", 1);
	assert_false(trust_open(p->state, false, &store, &err));
	assert_error(&err, FINDING_PATH_INVALID, "/nonexistent/bundle.crt");
	assert_error(&err, FINDING_PATH_INVALID, "cannot fill the store");
	assert_int_equal(access(p->trust, F_OK), -1);
}

static void reading_only_makes_nothing(void **state)
{
	const struct place *p = *state;
	struct error err = ERROR_INIT;
	struct trust_store *store;

	assert_false(trust_open(p->state, true, &store, &err));
	assert_error(&err, FINDING_TRUST_STORE_MISSING, p->state);
	assert_int_equal(access(p->state, F_OK), -1);
	trust_free(open_store(p));
	assert_true(trust_open(p->state, true, &store, &err));
	assert_int_equal(trust_count(store), 3);
	assert_false(trust_set_enabled(store, "alpha", true, &err));
	trust_free(store);
}

/* A bundle of `count` CAs, large enough that filling takes a while. */
static void put_large_bundle(const struct place *p, int count)
{
	struct buffer pem = BUFFER_INIT(1 << 22);
	char name[32];

	for (int i = 0; i < count; i++) {
		X509 *x;

		snprintf(name, sizeof(name), "CA %d", i);
		x = forge_ca(name);
		put_pem(&pem, x);
		X509_free(x);
	}
	put_file(p->bundle, pem.data, pem.len);
	buffer_clear(&pem);
}

static pid_t start_filling(const struct place *p)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct trust_store *store;

		_exit(trust_open(p->state, false, &store, NULL) && trust_count(store) == 60 ? 0 : 1);
	}
	assert_true(pid > 0);
	return pid;
}

static void killed_while_filling_it_is_filled_again_or_whole(void **state)
{
	const struct place *p = *state;
	int before = 0, after = 0, status;
	int64_t whole_us;
	pid_t pid;

	put_large_bundle(p, 60);
	whole_us = clock_monotonic_us();
	pid = start_filling(p);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	whole_us = clock_monotonic_us() - whole_us;
	assert_true(file_remove_tree(AT_FDCWD, p->state, NULL));
	/* From the beginning to well after the end, whatever the machine's speed. */
	for (int i = 0; i < KILLS; i++) {
		struct trust_store *store;

		pid = start_filling(p);
		usleep((useconds_t)(whole_us * 2 * i / KILLS));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (access(p->trust, F_OK) == 0)
			after++;
		else
			before++;
		store = open_store(p);
		assert_int_equal(trust_count(store), 60);
		for (size_t k = 0; k < 60; k++)
			assert_non_null(trust_certificate(store, trust_at(store, k), NULL));
		trust_free(store);
		assert_true(file_remove_tree(AT_FDCWD, p->state, NULL));
	}
	print_message("killed before the switch %d times, after it %d times\n", before, after);
	assert_true(before > 0 && after > 0);
}

static void many_first_starts_at_once_fill_it_once(void **state)
{
	const struct place *p = *state;
	pid_t pids[12];
	int status;

	put_large_bundle(p, 60);
	for (int i = 0; i < 12; i++)
		pids[i] = start_filling(p);
	for (int i = 0; i < 12; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)
	const struct CMUnitTest tests[] = {
		CASE(only_identrust_is_enabled_and_trusted),
		CASE(another_ca_of_that_name_is_not_taken_for_it),
		CASE(names_are_common_names_made_unique),
		CASE(a_folder_of_certificates_fills_it_as_well),
		CASE(it_is_filled_once),
		CASE(a_folder_prepared_by_a_package_is_filled),
		CASE(modes_are_exact_whatever_the_umask),
		CASE(a_system_without_certificates_is_filled_later),
		CASE(a_chosen_bundle_that_is_not_there_is_an_error),
		CASE(reading_only_makes_nothing),
		CASE(killed_while_filling_it_is_filled_again_or_whole),
		CASE(many_first_starts_at_once_fill_it_once),
	};

	return cmocka_run_group_tests_name("fill", tests, NULL, NULL);
}
