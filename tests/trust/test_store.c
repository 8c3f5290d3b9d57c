/* The store on disk: what is broken is refused and named, changes are kept, two writers lose nothing. */
#include "trust/forge.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

#define IDENTRUST "IdenTrust Commercial Root CA 1"
#define IDENTRUST_FILE "5d56499be4d2e08bcfcad08a3e38723d50503bde706948e42f55603019e528ae.pem"

static char *in_trust(const struct place *p, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", p->trust, name);
	return path;
}

static void refused(const struct place *p, enum finding finding, const char *says)
{
	struct error err = ERROR_INIT;
	struct trust_store *store;

	assert_false(trust_open(p->state, false, &store, &err));
	assert_null(store);
	assert_error(&err, finding, says);
}

static void a_broken_index_is_refused_by_its_fault(void **state)
{
	static const struct { const char *index, *says; } rows[] = {
		{ "", "index.json" },
		{ "{", "line 1" },
		{ "[]", "not an index" },
		{ "{\"format\":1}", "no list of certificates" },
		{ "{\"format\":2,\"certificates\":[]}", "newer version" },
		{ "{\"format\":1,\"certificates\":[1]}", "certificate 1 (?)" },
		{ "{\"format\":1,\"certificates\":[{\"name\":\"x\"}]}", "certificate 1 (x): its \"description\"" },
		{ "{\"format\":1,\"format\":1,\"certificates\":[]}", "duplicate" },
		{ "{\"format\":1,\"certificates\":[{\"name\":\"\\u001b[31m\"}]}", "its \"name\"" },
		{ "{\"format\":1,\"certificates\":[{\"name\":\"a\\u0000b\"}]}", "index.json" },
	};
	const struct place *p = *state;

	trust_free(open_store(p));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_file(in_trust(p, "index.json"), rows[i].index, strlen(rows[i].index));
		refused(p, FINDING_TRUST_STORE_INVALID, rows[i].says);
	}
}

/* Replaces `from` (once, everywhere) in the index. */
static void edit_index(const struct place *p, const char *from, const char *to)
{
	struct buffer in = BUFFER_INIT(1 << 20), out = BUFFER_INIT(1 << 20);
	const char *at, *hit;

	assert_true(file_read(AT_FDCWD, in_trust(p, "index.json"), &in, NULL));
	at = buffer_text(&in);
	assert_non_null(strstr(at, from));
	while ((hit = strstr(at, from)) != NULL) {
		buffer_append(&out, at, (size_t)(hit - at));
		buffer_puts(&out, to);
		at = hit + strlen(from);
	}
	buffer_puts(&out, at);
	put_file(in_trust(p, "index.json"), out.data, out.len);
	buffer_clear(&in);
	buffer_clear(&out);
}

static void an_entry_with_a_wrong_member_is_named(void **state)
{
	static const struct { const char *from, *to, *says; } rows[] = {
		{ "\"name\": \"alpha\"", "\"name\": \"beta\"", "\"beta\" stands in it twice" },
		{ "\"cisco-services\"", "\"everything\"", "(" IDENTRUST "): its \"usages\"" },
		{ "\"enabled\": false", "\"enabled\": 1", "its \"enabled\"" },
		{ "5d56499be4d2e08bcfcad08a3e38723d50503bde706948e42f55603019e528ae", "5d56", "its \"sha256\"" },
	};
	const struct place *p = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		trust_free(open_store(p));
		edit_index(p, rows[i].from, rows[i].to);
		refused(p, FINDING_TRUST_STORE_INVALID, rows[i].says);
		assert_true(file_remove_tree(AT_FDCWD, p->state, NULL));
	}
}

static void a_store_that_is_no_store_is_refused(void **state)
{
	const struct place *p = *state;

	trust_free(open_store(p));
	assert_int_equal(unlink(in_trust(p, "index.json")), 0);
	refused(p, FINDING_TRUST_STORE_MISSING, "index.json is missing");
	assert_int_equal(symlink("/etc/passwd", in_trust(p, "index.json")), 0);
	refused(p, FINDING_TRUST_STORE_INVALID, "symbolic link");
	assert_int_equal(unlink(in_trust(p, "index.json")), 0);
	assert_int_equal(mkfifo(in_trust(p, "index.json"), 0600), 0);
	refused(p, FINDING_TRUST_STORE_INVALID, "not a regular file");
	assert_true(file_remove_tree(AT_FDCWD, p->trust, NULL));
	put_file(p->trust, "x", 1);
	refused(p, FINDING_TRUST_STORE_INVALID, "is not a folder");
}

static void what_others_can_write_to_is_refused(void **state)
{
	const struct place *p = *state;

	trust_free(open_store(p));
	assert_int_equal(chmod(in_trust(p, "index.json"), 0666), 0);
	refused(p, FINDING_TRUST_STORE_INVALID, "others can write to");
	assert_int_equal(chmod(in_trust(p, "index.json"), 0644), 0);
	assert_int_equal(chmod(p->trust, 0770), 0);
	refused(p, FINDING_TRUST_STORE_INVALID, "others can write to");
	assert_int_equal(chmod(p->trust, 0700), 0);
	assert_int_equal(chmod(p->state, 0777), 0);
	refused(p, FINDING_PERMISSION_DENIED, "others can write to");
	assert_int_equal(chmod(p->state, 0700), 0);
	trust_free(open_store(p));
}

static void what_may_not_be_read_is_unreadable(void **state)
{
	const struct place *p = *state;
	pid_t pid;
	int status;

	trust_free(open_store(p));
	assert_int_equal(chmod(in_trust(p, "index.json"), 0), 0);
	if (geteuid() != 0) {
		refused(p, FINDING_TRUST_STORE_UNREADABLE, "index.json");
		return;
	}
	/* Root reads everything: as somebody else, who owns the folders but not the file. */
	assert_int_equal(chown(p->dir, 65534, 65534), 0);
	assert_int_equal(chown(p->state, 65534, 65534), 0);
	assert_int_equal(chown(p->trust, 65534, 65534), 0);
	pid = fork();
	if (pid == 0) {
		struct error err = ERROR_INIT;
		struct trust_store *store;

		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(2);
		_exit(!trust_open(p->state, false, &store, &err) && err.code == FINDING_TRUST_STORE_UNREADABLE &&
		      error_exit_code(&err) == 77 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_file_that_is_missing_or_unknown_is_named_and_trusted_for_nothing(void **state)
{
	const struct place *p = *state;
	X509 *stray = forge_ca("stray");
	struct buffer pem = BUFFER_INIT(1 << 20), out = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;
	struct trust_store *store;
	const struct trust_entry *e;
	size_t count;

	trust_free(open_store(p));
	put_pem(&pem, stray);
	put_file(in_trust(p, "planted.pem"), pem.data, pem.len);
	store = open_store(p);
	assert_int_equal(trust_count(store), 3);
	assert_null(trust_find_certificate(store, stray));
	assert_true(trust_warning(store, 0, &err));
	assert_error(&err, FINDING_TRUST_STORE_INVALID, "planted.pem is not in the index");
	assert_false(trust_warning(store, 1, &err));
	assert_true(trust_pem(store, TRUST_CISCO_SERVICES, &out, &count, &err));
	assert_int_equal(count, 1);
	trust_free(store);

	assert_int_equal(unlink(in_trust(p, IDENTRUST_FILE)), 0);
	store = open_store(p);
	e = trust_find(store, IDENTRUST);
	assert_true(e->remarks & TRUST_FILE_MISSING);
	assert_true(trust_warning(store, 0, &err));
	assert_error(&err, FINDING_TRUST_STORE_INVALID, IDENTRUST_FILE " is missing");
	assert_null(trust_certificate(store, e, &err));
	assert_null(trust_x509_store(store, TRUST_CISCO_SERVICES, &count, &err));
	assert_error(&err, FINDING_TRUST_STORE_INVALID, IDENTRUST);
	/* Others do not suffer from it, and it can be removed. */
	assert_non_null(trust_certificate(store, trust_find(store, "alpha"), &err));
	assert_true(trust_remove(store, IDENTRUST, &err));
	trust_free(store);
	buffer_clear(&pem);
	buffer_clear(&out);
	X509_free(stray);
}

static void a_file_that_holds_another_certificate_is_refused(void **state)
{
	const struct place *p = *state;
	X509 *planted = forge_ca(IDENTRUST);
	struct buffer pem = BUFFER_INIT(1 << 20), out = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;
	struct trust_store *store;

	trust_free(open_store(p));
	put_pem(&pem, planted);
	put_file(in_trust(p, IDENTRUST_FILE), pem.data, pem.len);
	store = open_store(p);
	assert_false(trust_pem(store, TRUST_CISCO_SERVICES, &out, NULL, &err));
	assert_error(&err, FINDING_TRUST_STORE_INVALID, "holds another certificate");
	trust_free(store);
	put_file(in_trust(p, IDENTRUST_FILE), "junk", 4);
	store = open_store(p);
	assert_null(trust_certificate(store, trust_find(store, IDENTRUST), &err));
	assert_error(&err, FINDING_TRUST_STORE_INVALID, "is damaged");
	trust_free(store);
	buffer_clear(&pem);
	buffer_clear(&out);
	X509_free(planted);
}

static void a_certificate_behind_the_first_in_a_file_is_not_trusted(void **state)
{
	const struct place *p = *state;
	X509 *planted = forge_ca("planted");
	struct buffer pem = BUFFER_INIT(1 << 20), out = BUFFER_INIT(1 << 20), second = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;
	struct trust_store *store;
	size_t count;

	trust_free(open_store(p));
	assert_true(file_read(AT_FDCWD, in_trust(p, IDENTRUST_FILE), &pem, &err));
	put_pem(&pem, planted);
	put_pem(&second, planted);
	put_file(in_trust(p, IDENTRUST_FILE), pem.data, pem.len);
	store = open_store(p);
	assert_true(trust_pem(store, TRUST_CISCO_SERVICES, &out, &count, &err));
	assert_int_equal(count, 1);
	assert_null(strstr(buffer_text(&out), buffer_text(&second)));
	trust_free(store);
	buffer_clear(&pem);
	buffer_clear(&second);
	buffer_clear(&out);
	X509_free(planted);
}

static void changes_are_there_at_the_next_start(void **state)
{
	const struct place *p = *state;
	struct trust_store *store = open_store(p);
	struct error err = ERROR_INIT;

	assert_true(trust_set_enabled(store, "alpha", true, &err));
	assert_true(trust_set_usages(store, "alpha", TRUST_INFRASTRUCTURE, &err));
	assert_true(trust_set_description(store, "alpha", "a line of our own", &err));
	assert_true(trust_remove(store, "beta", &err));
	assert_false(trust_remove(store, "beta", &err));
	assert_error(&err, FINDING_CERTIFICATE_NOT_FOUND, "there is no certificate \"beta\"");
	assert_false(trust_set_enabled(store, "gamma", true, &err));
	trust_free(store);
	store = open_store(p);
	assert_int_equal(trust_count(store), 2);
	assert_true(trust_find(store, "alpha")->enabled);
	assert_int_equal(trust_find(store, "alpha")->usages, TRUST_INFRASTRUCTURE);
	assert_string_equal(trust_find(store, "alpha")->description, "a line of our own");
	assert_false(trust_warning(store, 0, &err));	/* no file was left behind */
	trust_free(store);
}

static void unknown_members_of_the_index_survive(void **state)
{
	const struct place *p = *state;
	struct error err = ERROR_INIT;
	struct trust_store *store;

	trust_free(open_store(p));
	edit_index(p, "\"name\": \"alpha\"", "\"later\": \"kept\", \"name\": \"alpha\"");
	store = open_store(p);
	assert_true(trust_set_enabled(store, "alpha", true, &err));
	trust_free(store);
	assert_true(file_has(in_trust(p, "index.json"), "\"later\": \"kept\""));
}

static void a_fingerprint_is_as_good_as_a_name(void **state)
{
	struct trust_store *store = open_store(*state);
	struct error err = ERROR_INIT;

	assert_ptr_equal(trust_find(store, "5D:56:49:9B:E4:D2:E0:8B:CF:CA:D0:8A:3E:38:72:3D:50:50:3B:DE:70:69:48:E4:2F:55:60:"
					   "30:19:E5:28:AE"), trust_find(store, IDENTRUST));
	assert_true(trust_set_enabled(store, "5d56499be4d2e08bcfcad08a3e38723d50503bde706948e42f55603019e528ae", false, &err));
	assert_false(trust_find(store, IDENTRUST)->enabled);
	assert_null(trust_find(store, "5d56"));
	trust_free(store);
}

static void a_stale_view_does_not_undo_what_others_did(void **state)
{
	struct trust_store *one = open_store(*state), *two = open_store(*state);
	X509 *x = forge_ca("new");
	struct error err = ERROR_INIT;

	import_one(one, x, "new", TRUST_CISCO_SERVICES);
	assert_true(trust_set_enabled(one, "alpha", true, &err));
	assert_true(trust_change_usages(one, "alpha", TRUST_INFRASTRUCTURE, 0, &err));
	assert_true(trust_change_usages(two, "alpha", TRUST_CISCO_SERVICES, 0, &err));
	assert_true(trust_find(two, "alpha")->enabled);
	assert_int_equal(trust_find(two, "alpha")->usages, TRUST_INFRASTRUCTURE | TRUST_CISCO_SERVICES);
	assert_non_null(trust_find(two, "new"));
	/* A certificate that the view has not seen can be given usages which need a look at its file. */
	assert_true(trust_change_usages(two, "new", TRUST_INFRASTRUCTURE | TRUST_CLIENT_AUTH, 0, &err));
	trust_free(one);
	trust_free(two);
	X509_free(x);
}

static void a_certificate_removed_meanwhile_is_no_anchor_and_no_error(void **state)
{
	struct trust_store *old = open_store(*state), *other = open_store(*state);
	struct error err = ERROR_INIT;
	X509_STORE *anchors;
	size_t count = 9;

	assert_true(trust_remove(other, IDENTRUST, &err));
	anchors = trust_x509_store(old, TRUST_CISCO_SERVICES, &count, &err);
	assert_non_null(anchors);
	assert_int_equal(count, 0);
	X509_STORE_free(anchors);
	trust_free(old);
	trust_free(other);
}

#define WRITERS 8
#define ROUNDS 10

static void write_some(const struct place *p, int writer)
{
	struct trust_store *store;
	struct buffer pem = BUFFER_INIT(1 << 20);
	char name[64];

	if (!trust_open(p->state, false, &store, NULL))
		_exit(1);
	for (int i = 0; i < ROUNDS; i++) {
		X509 *x;
		size_t added;

		snprintf(name, sizeof(name), "writer %d round %d", writer, i);
		x = forge_ca(name);
		buffer_reset(&pem);
		put_pem(&pem, x);
		if (!trust_import(store, pem.data, pem.len, name, TRUST_CISCO_SERVICES, 0, &added, NULL) ||
		    !trust_set_enabled(store, name, false, NULL))
			_exit(2);
		X509_free(x);
	}
	_exit(0);
}

static void writers_at_once_lose_nothing(void **state)
{
	const struct place *p = *state;
	struct trust_store *store;
	pid_t pids[WRITERS];
	int status;

	/* Together they fill the store, too. */
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			write_some(p, i);
	}
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	store = open_store(p);
	assert_int_equal(trust_count(store), 3 + WRITERS * ROUNDS);
	for (size_t i = 0; i < trust_count(store); i++) {
		const struct trust_entry *e = trust_at(store, i);

		assert_non_null(trust_certificate(store, e, NULL));
		assert_int_equal(e->enabled, strcmp(e->name, IDENTRUST) == 0);
	}
	assert_false(trust_warning(store, 0, NULL));
	trust_free(store);
}

static bool has_temporary_file(const struct place *p)
{
	DIR *dir = opendir(p->trust);
	struct dirent *each;
	bool found = false;

	assert_non_null(dir);
	while ((each = readdir(dir)) != NULL)
		found = found || strstr(each->d_name, ".tmp") != NULL;
	closedir(dir);
	return found;
}

static void a_writer_that_is_killed_leaves_old_or_new(void **state)
{
	const struct place *p = *state;
	struct error err = ERROR_INIT;

	trust_free(open_store(p));
	for (int i = 0; i < 60; i++) {
		struct trust_store *store;
		pid_t pid = fork();
		int status;

		if (pid == 0)
			write_some(p, i);
		usleep((useconds_t)i * 500);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		store = open_store(p);
		for (size_t k = 0; k < trust_count(store); k++)
			assert_non_null(trust_certificate(store, trust_at(store, k), &err));
		/* The lock of the dead one is free, and its temporary files are swept away. */
		assert_true(trust_set_enabled(store, "alpha", i % 2 == 0, &err));
		trust_free(store);
	}
	assert_false(has_temporary_file(p));
}

static void a_lock_that_is_held_is_waited_for(void **state)
{
	const struct place *p = *state;
	struct trust_store *store = open_store(p);
	struct error err = ERROR_INIT;
	char path[128];
	int lock, status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/trust.lock", p->state);
	lock = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	pid = fork();
	if (pid == 0) {
		/* The lock goes with the last descriptor: this one is the parent's. */
		close(lock);
		_exit(trust_set_enabled(store, "alpha", true, &err) ? 0 : 1);
	}
	usleep(100000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	flock(lock, LOCK_UN);
	close(lock);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	trust_free(store);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)
	const struct CMUnitTest tests[] = {
		CASE(a_broken_index_is_refused_by_its_fault),
		CASE(an_entry_with_a_wrong_member_is_named),
		CASE(a_store_that_is_no_store_is_refused),
		CASE(what_others_can_write_to_is_refused),
		CASE(what_may_not_be_read_is_unreadable),
		CASE(a_file_that_is_missing_or_unknown_is_named_and_trusted_for_nothing),
		CASE(a_file_that_holds_another_certificate_is_refused),
		CASE(a_certificate_behind_the_first_in_a_file_is_not_trusted),
		CASE(changes_are_there_at_the_next_start),
		CASE(unknown_members_of_the_index_survive),
		CASE(a_fingerprint_is_as_good_as_a_name),
		CASE(a_stale_view_does_not_undo_what_others_did),
		CASE(a_certificate_removed_meanwhile_is_no_anchor_and_no_error),
		CASE(writers_at_once_lose_nothing),
		CASE(a_writer_that_is_killed_leaves_old_or_new),
		CASE(a_lock_that_is_held_is_waited_for),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
