/* Making feeds: versions, what is kept from the manifest before, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "feed/build.h"
#include "feed/bundle.h"

#define PUBLISHED ((time_t)1795161600)	/* 2026-11-20 */

static char dir[] = "/tmp/pc-build-XXXXXX";
static int dirfd_;

static int begin(void **state)
{
	(void)state;
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	if (mkdtemp(dir) == NULL)
		return -1;
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dirfd_ >= 0 ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	close(dirfd_);
	return file_remove_tree(AT_FDCWD, dir, NULL) ? 0 : -1;
}

static void put(const char *name, const char *text)
{
	assert_true(file_write_atomic(dirfd_, name, 0644, text, strlen(text), NULL));
}

static struct manifest *build_with(struct feed_build b)
{
	struct error err = ERROR_INIT;
	struct manifest *m = NULL;

	b.dir = dir;
	if (b.published == 0)
		b.published = PUBLISHED;
	if (!feed_build(&b, &m, &err))
		fail_msg("%s", err.message);
	return m;
}

static enum finding build_fails(struct feed_build b, struct error *err)
{
	struct manifest *m = NULL;

	*err = (struct error)ERROR_INIT;
	b.dir = dir;
	if (b.published == 0)
		b.published = PUBLISHED;
	assert_false(feed_build(&b, &m, err));
	assert_null(m);
	return err->code;
}

static void known_files_get_their_known_names(void **state)
{
	struct manifest *m;

	(void)state;
	put("zz-extra.tar.gz", "x");
	put("My Rules.txt", "x");
	unlinkat(dirfd_, "My Rules.txt", 0);
	put("My_Rules.XML", "x");
	put("defaults.tar.gz", "d");
	put("osgroupsV2.tar.gz", "o");
	put(".hidden", "x");
	put("draft.tar.gz~", "x");
	put("posture-offline.zip", "x");
	assert_int_equal(mkdirat(dirfd_, "folder", 0755), 0);
	m = build_with((struct feed_build){ 0 });
	assert_int_equal(m->count, 4);
	assert_string_equal(m->components[0].id, "os-groups-v2");
	assert_string_equal(m->components[0].title, "Cisco supported OS");
	assert_string_equal(m->components[1].id, "defaults");
	assert_true(m->components[1].once);
	assert_string_equal(m->components[2].id, "my_rules.xml");
	assert_string_equal(m->components[3].id, "zz-extra");
	assert_false(m->components[3].once);
	assert_int_equal(m->components[3].sha256[0], 0x2d);	/* of "x" */
	manifest_free(m);
}

static void a_version_is_the_day_and_a_counter(void **state)
{
	struct error err;
	struct manifest *m;

	(void)state;
	put("conditions.tar.gz", "1");
	m = build_with((struct feed_build){ 0 });
	assert_string_equal(m->version, "2026.11.20.1");
	assert_int_equal(m->published, PUBLISHED);
	assert_int_equal(m->expires, PUBLISHED + 90 * 24 * 3600);
	manifest_free(m);
	for (int i = 2; i <= 11; i++) {
		char want[40];

		snprintf(want, sizeof(want), "2026.11.20.%d", i);
		m = build_with((struct feed_build){ .expires = -1 });
		assert_string_equal(m->version, want);
		assert_int_equal(m->expires, 0);
		manifest_free(m);
	}
	m = build_with((struct feed_build){ .published = PUBLISHED + 86400 });
	assert_string_equal(m->version, "2026.11.21.1");
	manifest_free(m);
	/* Never older than what is there by accident. */
	build_fails((struct feed_build){ 0 }, &err);
	assert_int_equal(err.exit_code, EXIT_USAGE);
	m = build_with((struct feed_build){ .version = "1.0" });
	assert_string_equal(m->version, "1.0");
	manifest_free(m);
}

static void an_unchanged_component_keeps_its_version(void **state)
{
	static const char *const given[] = { "osgroups=60.0.0.0", NULL }, *const right[] = { "os-groups=60.0.0.0", NULL };
	struct error err;
	struct manifest *m;

	(void)state;
	put("conditions.tar.gz", "1");
	put("osgroups.tar.gz", "1");
	build_fails((struct feed_build){ .component_versions = given }, &err);
	assert_int_equal(err.exit_code, EXIT_USAGE);
	m = build_with((struct feed_build){ .component_versions = right });
	assert_string_equal(manifest_component(m, "os-groups")->version, "60.0.0.0");
	assert_string_equal(manifest_component(m, "cisco-conditions")->version, "2026.11.20.1");
	manifest_free(m);
	put("conditions.tar.gz", "2");
	m = build_with((struct feed_build){ 0 });
	assert_string_equal(manifest_component(m, "os-groups")->version, "60.0.0.0");
	assert_string_equal(manifest_component(m, "cisco-conditions")->version, "2026.11.20.2");
	manifest_free(m);
}

static void what_no_reader_would_accept_is_not_written(void **state)
{
	struct error err;
	char *old;

	(void)state;
	assert_int_equal(build_fails((struct feed_build){ 0 }, &err), FINDING_FEED_COMPONENT_MISSING);
	put("conditions.tar.gz", "1");
	manifest_free(build_with((struct feed_build){ 0 }));
	put("a file with spaces.tar.gz", "1");
	assert_int_equal(build_fails((struct feed_build){ 0 }, &err), FINDING_FEED_MALFORMED);
	unlinkat(dirfd_, "a file with spaces.tar.gz", 0);
	put("empty.tar.gz", "");
	assert_int_equal(build_fails((struct feed_build){ 0 }, &err), FINDING_FEED_MALFORMED);
	unlinkat(dirfd_, "empty.tar.gz", 0);
	assert_int_equal(build_fails((struct feed_build){ .version = "a b" }, &err), FINDING_FEED_MALFORMED);
	assert_int_equal(build_fails((struct feed_build){ .sign_cert = "/nonexistent", .sign_key = "/nonexistent" }, &err),
			 FINDING_PATH_INVALID);
	/* The manifest from before is still there, whole. */
	old = file_join(dir, MANIFEST_NAME);
	assert_int_equal(access(old, R_OK), 0);
	free(old);
	put(MANIFEST_NAME, "<html>");
	assert_int_equal(build_fails((struct feed_build){ 0 }, &err), FINDING_FEED_NOT_A_MANIFEST);
}

static void a_signature_that_no_longer_fits_is_removed(void **state)
{
	(void)state;
	put("conditions.tar.gz", "1");
	put(MANIFEST_SIGNATURE_NAME, "stale");
	manifest_free(build_with((struct feed_build){ 0 }));
	assert_int_equal(faccessat(dirfd_, MANIFEST_SIGNATURE_NAME, F_OK, 0), -1);
}

static void a_bundle_holds_what_the_manifest_names_and_nothing_else(void **state)
{
	char *zip = file_join(dir, "posture-offline.zip");
	struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES), p7s = BUFFER_INIT(1000);
	struct manifest *m = NULL;
	struct error err = ERROR_INIT;
	struct bundle *b = NULL;
	int fd;

	(void)state;
	put("conditions.tar.gz", "1");
	put("osgroups.tar.gz", "2");
	if (!feed_bundle(dir, zip, NULL, &err))
		fail_msg("%s", err.message);
	put("later.tar.gz", "3");
	assert_true(feed_bundle(dir, zip, NULL, &err));
	fd = open(zip, O_RDONLY | O_CLOEXEC);
	assert_true(bundle_open(fd, zip, &b, &err));
	assert_int_equal(bundle_count(b), 3);
	assert_true(bundle_manifest(b, &m, &xml, &p7s, &err));
	assert_null(m);
	assert_true(manifest_parse(buffer_text(&xml), xml.len, &m, &err));
	assert_int_equal(m->count, 2);
	manifest_free(m);
	bundle_free(b);
	close(fd);
	/* What is not as the manifest says is not packed. */
	put("osgroups.tar.gz", "x");
	assert_false(feed_bundle(dir, zip, NULL, &err));
	assert_int_equal(err.code, FINDING_FEED_HASH_MISMATCH);
	unlinkat(dirfd_, "osgroups.tar.gz", 0);
	assert_false(feed_bundle(dir, zip, NULL, &err));
	assert_int_equal(err.code, FINDING_FEED_COMPONENT_MISSING);
	buffer_clear(&xml);
	buffer_clear(&p7s);
	free(zip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(known_files_get_their_known_names, begin, end),
		cmocka_unit_test_setup_teardown(a_version_is_the_day_and_a_counter, begin, end),
		cmocka_unit_test_setup_teardown(an_unchanged_component_keeps_its_version, begin, end),
		cmocka_unit_test_setup_teardown(what_no_reader_would_accept_is_not_written, begin, end),
		cmocka_unit_test_setup_teardown(a_signature_that_no_longer_fits_is_removed, begin, end),
		cmocka_unit_test_setup_teardown(a_bundle_holds_what_the_manifest_names_and_nothing_else, begin, end),
	};

	return cmocka_run_group_tests_name("build", tests, NULL, NULL);
}
