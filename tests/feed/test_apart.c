/* What is taken apart in a confined process comes back as it is taken apart here, and an answer that lies is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "feed/apart.h"
#include "feed/signature.h"
#include "base/wire.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char good[] =
	"<posture-update version=\"2026.1\" published=\"2026-01-01T00:00:00Z\">"
	"<component id=\"a\" title=\"A &amp; B\" version=\"1\" href=\"x/a.tar.gz\" size=\"7\" sha256=\"" SHA "\"/>"
	"<component id=\"b\" version=\"2\" href=\"b\" size=\"8\" sha256=\"" SHA "\" once=\"true\"/></posture-update>";

static void a_manifest_comes_back_whole(void **state)
{
	struct manifest *here, *apart;
	struct error err = ERROR_INIT;

	(void)state;
	assert_true(manifest_parse(good, sizeof(good) - 1, &here, &err));
	assert_true(apart_manifest(good, sizeof(good) - 1, &apart, &err));
	assert_string_equal(apart->version, here->version);
	assert_true(apart->published == here->published && apart->expires == here->expires);
	assert_int_equal(apart->count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct component *a = &here->components[i], *b = &apart->components[i];

		assert_string_equal(a->id, b->id);
		assert_string_equal(a->href, b->href);
		assert_string_equal(a->version, b->version);
		assert_true((a->title == NULL) == (b->title == NULL) && (a->title == NULL || strcmp(a->title, b->title) == 0));
		assert_true(a->size == b->size && a->once == b->once && a->has_sha256 == b->has_sha256);
		assert_memory_equal(a->sha256, b->sha256, sizeof(a->sha256));
	}
	manifest_free(here);
	manifest_free(apart);
}

static void what_is_wrong_with_it_comes_back_too(void **state)
{
	static const char *const bad[] = { "<html></html>", "<posture-update", "", "<posture-update version=\"1\"/>",
					   "<!DOCTYPE x><posture-update version=\"1\"/>" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error here = ERROR_INIT, apart = ERROR_INIT;
		struct manifest *m = NULL;
		bool ok = manifest_parse(bad[i], strlen(bad[i]), &m, &here);

		manifest_free(m);
		m = NULL;
		assert_int_equal(apart_manifest(bad[i], strlen(bad[i]), &m, &apart), ok);
		assert_int_equal(apart.code, here.code);
		assert_string_equal(apart.message, here.message);
		manifest_free(m);
	}
}

static int make_bundle(const char *dir)
{
	static const char *const names[] = { MANIFEST_NAME, "b" };
	char path[128];
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(dirfd >= 0);
	assert_true(file_write_quick(dirfd, MANIFEST_NAME, 0600, good, sizeof(good) - 1, NULL));
	assert_true(file_write_quick(dirfd, "b", 0600, "12345678", 8, NULL));
	file_close(&dirfd);
	snprintf(path, sizeof(path), "%s/bundle.zip", dir);
	assert_true(bundle_build(dir, names, 2, path, NULL));
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void a_bundle_comes_back_whole(void **state)
{
	struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES), p7s = BUFFER_INIT(SIGNATURE_MAX_BYTES),
		      content = BUFFER_INIT(100);
	char dir[] = "/tmp/pc-apart-XXXXXX";
	struct error err = ERROR_INIT;
	struct manifest *m;
	struct bundle *b;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = make_bundle(dir);
	assert_true(apart_bundle(fd, "bundle", &b, &m, &xml, &p7s, &err));
	assert_int_equal(bundle_count(b), 2);
	assert_int_equal(m->count, 2);
	assert_int_equal(xml.len, sizeof(good) - 1);
	assert_int_equal(p7s.len, 0);
	assert_non_null(bundle_find(b, "b"));
	assert_true(bundle_read_small(b, bundle_find(b, "b"), &content, &err));
	assert_string_equal(buffer_text(&content), "12345678");
	manifest_free(m);
	bundle_free(b);
	file_close(&fd);
	buffer_clear(&xml);
	buffer_clear(&p7s);
	buffer_clear(&content);
	assert_true(file_remove_tree(AT_FDCWD, dir, NULL));
}

/* The process that reads the zip is in other hands: it keeps the bytes of the manifest, whose signature is good, and says that they
 * mean something else. */
static enum { HONEST, OTHER_MANIFEST, OTHER_SYNTHETIC } reader;

bool __real_bundle_manifest(const struct bundle *b, struct manifest **out, struct buffer *xml, struct buffer *p7s,
			    struct error *err);
bool __wrap_bundle_manifest(const struct bundle *b, struct manifest **out, struct buffer *xml, struct buffer *p7s,
			    struct error *err);
bool __wrap_bundle_manifest(const struct bundle *b, struct manifest **out, struct buffer *xml, struct buffer *p7s,
			    struct error *err)
{
	bool ok = __real_bundle_manifest(b, out, xml, p7s, err);

	if (!ok || reader == HONEST)
		return ok;
	manifest_free(*out);
	ok = manifest_parse(good, sizeof(good) - 1, out, err);
	if (ok) {
		memset((*out)->components[0].sha256, 0xEE, sizeof((*out)->components[0].sha256));
		(*out)->synthetic = reader == OTHER_SYNTHETIC;
	}
	return ok;
}

static void a_manifest_is_parsed_from_the_bytes_that_are_verified(void **state)
{
	char dir[] = "/tmp/pc-apart-XXXXXX";
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = make_bundle(dir);
	for (reader = OTHER_MANIFEST; reader <= OTHER_SYNTHETIC; reader++) {
		struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES), p7s = BUFFER_INIT(SIGNATURE_MAX_BYTES);
		struct error err = ERROR_INIT;
		struct manifest *m;
		struct bundle *b;

		/* A manifest that does not come from bytes must be one without hashes. */
		assert_false(apart_bundle(fd, "bundle", &b, &m, &xml, &p7s, &err));
		assert_int_equal(err.code, FINDING_BUNDLE_CORRUPT);
		assert_null(m);
		assert_null(b);
		buffer_clear(&xml);
		buffer_clear(&p7s);
	}
	reader = HONEST;
	file_close(&fd);
	assert_true(file_remove_tree(AT_FDCWD, dir, NULL));
}

static void a_file_that_is_no_bundle_is_named(void **state)
{
	struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES), p7s = BUFFER_INIT(SIGNATURE_MAX_BYTES);
	int fd = memfd_create("text", MFD_CLOEXEC);
	struct error err = ERROR_INIT;
	struct manifest *m;
	struct bundle *b;

	(void)state;
	assert_true(fd >= 0 && file_write_all(fd, "this is no zip", 14));
	assert_false(apart_bundle(fd, "text", &b, &m, &xml, &p7s, &err));
	assert_int_equal(err.code, FINDING_BUNDLE_NOT_ZIP);
	file_close(&fd);
}

static void what_does_not_fit_is_bad(void **state)
{
	struct buffer b = BUFFER_INIT(1000);
	struct wire w;
	char *text, bytes[4];

	(void)state;
	wire_put_number(&b, 5);
	wire_put_text(&b, "text");
	wire_put_text(&b, NULL);
	wire_put_number(&b, 1000);
	wire_put_bytes(&b, "abc", 3);
	w = (struct wire){ .at = buffer_text(&b), .left = b.len };
	assert_int_equal(wire_number(&w), 5);
	text = wire_text(&w);
	assert_string_equal(text, "text");
	free(text);
	assert_null(wire_text(&w));
	assert_false(w.bad);
	/* a text that says that it is longer than what is left */
	assert_null(wire_text(&w));
	assert_true(w.bad);
	assert_int_equal(wire_number(&w), 0);
	wire_bytes(&w, bytes, sizeof(bytes));
	assert_int_equal(bytes[0], 0);
	buffer_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manifest_comes_back_whole),
		cmocka_unit_test(what_is_wrong_with_it_comes_back_too),
		cmocka_unit_test(a_bundle_comes_back_whole),
		cmocka_unit_test(a_manifest_is_parsed_from_the_bytes_that_are_verified),
		cmocka_unit_test(a_file_that_is_no_bundle_is_named),
		cmocka_unit_test(what_does_not_fit_is_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
