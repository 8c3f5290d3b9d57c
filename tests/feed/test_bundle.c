/* The offline bundle: every trap that a zip file can hold is refused with its finding, and what is sound can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "feed/bundle.h"
#include "hostile.h"

/* Reads fail from this one on; set by the tests of media that are pulled out. */
static int reads_left = INT_MAX;

ssize_t __real_pread(int fd, void *data, size_t len, off_t offset);
ssize_t __wrap_pread(int fd, void *data, size_t len, off_t offset);
ssize_t __wrap_pread(int fd, void *data, size_t len, off_t offset)
{
	if (reads_left-- <= 0) {
		errno = EIO;
		return -1;
	}
	return __real_pread(fd, data, len, offset);
}

struct trap {
	const char *name;
	enum finding finding;
};

/* Refused when the bundle is opened. */
static const struct trap refused[] = {
	{ "zero-bytes", FINDING_BUNDLE_EMPTY },
	{ "empty", FINDING_BUNDLE_EMPTY },
	{ "only-folders", FINDING_BUNDLE_EMPTY },
	{ "html", FINDING_BUNDLE_NOT_ZIP },
	{ "gzip", FINDING_BUNDLE_NOT_ZIP },
	{ "text", FINDING_BUNDLE_NOT_ZIP },
	{ "name-slip", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-slip-inside", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-slip-end", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-absolute", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-backslash", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-drive", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-drive-relative", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-nul", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-control", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-newline", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-del", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-c1", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-dot", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-no-name", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-long", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-long-part", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-deep", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-latin1", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-overlong", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-surrogate", FINDING_BUNDLE_UNSAFE_PATH },
	{ "duplicate", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "duplicate-dot", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "duplicate-case", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "duplicate-case-unicode", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "duplicate-folder-case", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "file-and-folder", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "other-local-name", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "other-unicode-name", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "other-unicode-name-local", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "symlink", FINDING_BUNDLE_UNSAFE_LINK },
	{ "device", FINDING_BUNDLE_UNSAFE_LINK },
	{ "block", FINDING_BUNDLE_UNSAFE_LINK },
	{ "fifo", FINDING_BUNDLE_UNSAFE_LINK },
	{ "socket", FINDING_BUNDLE_UNSAFE_LINK },
	{ "folder-with-slashless-name", FINDING_BUNDLE_CORRUPT },
	{ "file-with-slash", FINDING_BUNDLE_CORRUPT },
	{ "folder-with-data", FINDING_BUNDLE_CORRUPT },
	{ "encrypted", FINDING_BUNDLE_ENCRYPTED },
	{ "encrypted-strong", FINDING_BUNDLE_ENCRYPTED },
	{ "encrypted-masked", FINDING_BUNDLE_ENCRYPTED },
	{ "encrypted-aes", FINDING_BUNDLE_ENCRYPTED },
	{ "encrypted-aes-extra", FINDING_BUNDLE_ENCRYPTED },
	{ "method-bzip2", FINDING_BUNDLE_UNSUPPORTED_METHOD },
	{ "method-lzma", FINDING_BUNDLE_UNSUPPORTED_METHOD },
	{ "method-deflate64", FINDING_BUNDLE_UNSUPPORTED_METHOD },
	{ "method-zstd", FINDING_BUNDLE_UNSUPPORTED_METHOD },
	{ "method-implode", FINDING_BUNDLE_UNSUPPORTED_METHOD },
	{ "method-patch", FINDING_BUNDLE_UNSUPPORTED_METHOD },
	{ "bomb-ratio", FINDING_BUNDLE_TOO_LARGE },
	{ "bomb-size", FINDING_BUNDLE_TOO_LARGE },
	{ "bomb-count", FINDING_BUNDLE_TOO_LARGE },
	{ "size-negative", FINDING_BUNDLE_CORRUPT },
	{ "size-stored-differs", FINDING_BUNDLE_CORRUPT },
	{ "size-past-end", FINDING_BUNDLE_CORRUPT },
	{ "local-size-differs", FINDING_BUNDLE_CORRUPT },
	{ "local-packed-differs", FINDING_BUNDLE_CORRUPT },
	{ "local-crc-differs", FINDING_BUNDLE_CORRUPT },
	{ "local-method-differs", FINDING_BUNDLE_CORRUPT },
	{ "local-flags-differ", FINDING_BUNDLE_CORRUPT },
	{ "local-flag-streamed", FINDING_BUNDLE_CORRUPT },
	{ "descriptor-lies-size", FINDING_BUNDLE_CORRUPT },
	{ "descriptor-lies-crc", FINDING_BUNDLE_CORRUPT },
	{ "descriptor-missing", FINDING_BUNDLE_CORRUPT },
	{ "descriptor-junk", FINDING_BUNDLE_CORRUPT },
	{ "overlap", FINDING_BUNDLE_CORRUPT },
	{ "same-header-twice", FINDING_BUNDLE_CORRUPT },
	{ "tail", FINDING_BUNDLE_CORRUPT },
	{ "prefix", FINDING_BUNDLE_CORRUPT },
	{ "prefix-adjusted", FINDING_BUNDLE_CORRUPT },
	{ "gap", FINDING_BUNDLE_CORRUPT },
	{ "gap-before-directory", FINDING_BUNDLE_CORRUPT },
	{ "hidden-member", FINDING_BUNDLE_CORRUPT },
	{ "hidden-local", FINDING_BUNDLE_CORRUPT },
	{ "count-too-high", FINDING_BUNDLE_CORRUPT },
	{ "counts-differ", FINDING_BUNDLE_CORRUPT },
	{ "directory-elsewhere", FINDING_BUNDLE_CORRUPT },
	{ "directory-negative", FINDING_BUNDLE_CORRUPT },
	{ "directory-junk", FINDING_BUNDLE_CORRUPT },
	{ "offset-wrong", FINDING_BUNDLE_CORRUPT },
	{ "offset-past-end", FINDING_BUNDLE_CORRUPT },
	{ "extra-damaged", FINDING_BUNDLE_CORRUPT },
	{ "two-ends-empty", FINDING_BUNDLE_CORRUPT },
	{ "two-ends-concatenated", FINDING_BUNDLE_CORRUPT },
	{ "two-ends-comment", FINDING_BUNDLE_CORRUPT },
	{ "two-ends-comment-tail", FINDING_BUNDLE_CORRUPT },
	{ "zip64-count-lies", FINDING_BUNDLE_CORRUPT },
	{ "zip64-size-lies", FINDING_BUNDLE_CORRUPT },
	{ "zip64-offset-lies", FINDING_BUNDLE_CORRUPT },
	{ "zip64-offset-negative", FINDING_BUNDLE_CORRUPT },
	{ "zip64-length-lies", FINDING_BUNDLE_CORRUPT },
	{ "zip64-locator-lies", FINDING_BUNDLE_CORRUPT },
	{ "zip64-locator-past-end", FINDING_BUNDLE_CORRUPT },
	{ "zip64-disagrees", FINDING_BUNDLE_CORRUPT },
	{ "zip64-missing", FINDING_BUNDLE_CORRUPT },
	{ "zip64-member-lies", FINDING_BUNDLE_CORRUPT },
	{ "zip64-member-short", FINDING_BUNDLE_CORRUPT },
	{ "zip64-member-missing", FINDING_BUNDLE_CORRUPT },
	{ "zip64-member-superfluous", FINDING_BUNDLE_CORRUPT },
	{ "zip64-member-twice", FINDING_BUNDLE_CORRUPT },
	{ "zip64-local-lies", FINDING_BUNDLE_CORRUPT },
	{ "split", FINDING_BUNDLE_TRUNCATED },
	{ "zip64-split", FINDING_BUNDLE_TRUNCATED },
	{ "tail-large", FINDING_BUNDLE_TRUNCATED },
	{ "truncated-end", FINDING_BUNDLE_TRUNCATED },
	{ "truncated-end-half", FINDING_BUNDLE_TRUNCATED },
	{ "truncated-directory", FINDING_BUNDLE_TRUNCATED },
	{ "truncated-member", FINDING_BUNDLE_TRUNCATED },
	{ "truncated-header", FINDING_BUNDLE_TRUNCATED },
	{ "truncated-comment", FINDING_BUNDLE_TRUNCATED },
};

/* Refused when the member conditions.tar.gz is read. */
static const struct trap damaged[] = {
	{ "crc", FINDING_BUNDLE_CORRUPT },
	{ "deflate-damaged", FINDING_BUNDLE_CORRUPT },
	{ "deflate-short", FINDING_BUNDLE_CORRUPT },
	{ "deflate-long", FINDING_BUNDLE_CORRUPT },
	{ "deflate-cut", FINDING_BUNDLE_CORRUPT },
	{ "deflate-tail", FINDING_BUNDLE_CORRUPT },
	{ "deflate-tail-100", FINDING_BUNDLE_CORRUPT },
	{ "deflate-tail-all", FINDING_BUNDLE_CORRUPT },
	{ "deflate-short-crc", FINDING_BUNDLE_CORRUPT },
};

/* Sound, however unusual. */
static const struct trap sound[] = {
	{ "good", FINDING_NONE },
	{ "good-comment", FINDING_NONE },
	{ "good-folder", FINDING_NONE },
	{ "good-macos", FINDING_NONE },
	{ "good-streamed", FINDING_NONE },
	{ "good-zip64", FINDING_NONE },
	{ "good-nested", FINDING_NONE },
	{ "good-unicode-path", FINDING_NONE },
	{ "good-large", FINDING_NONE },
};

static bool open_case(const char *name, int *fd, struct bundle **b, struct error *err)
{
	char file[100];

	snprintf(file, sizeof(file), "%s.zip", name);
	*b = NULL;
	*fd = hostile_open("zip", file);
	return bundle_open(*fd, file, b, err);
}

static void is_refused(void **state)
{
	const struct trap *trap = *state;
	struct error err = ERROR_INIT;
	struct bundle *b;
	int fd;

	assert_false(open_case(trap->name, &fd, &b, &err));
	assert_string_equal(finding_info(err.code)->code, finding_info(trap->finding)->code);
	assert_string_not_equal(err.message, "");
	assert_null(b);
	close(fd);
}

static void is_found_out_when_read(void **state)
{
	const struct trap *trap = *state;
	struct buffer out = BUFFER_INIT(1000000);
	struct error err = ERROR_INIT;
	struct bundle *b;
	int fd;

	assert_true(open_case(trap->name, &fd, &b, &err));
	assert_false(bundle_read_small(b, bundle_find(b, "conditions.tar.gz"), &out, &err));
	assert_string_equal(finding_info(err.code)->code, finding_info(trap->finding)->code);
	buffer_reset(&out);
	assert_true(bundle_read_small(b, bundle_find(b, "osgroups.tar.gz"), &out, &err));
	assert_string_equal(buffer_text(&out), "good\n");
	buffer_clear(&out);
	bundle_free(b);
	close(fd);
}

static void is_read(void **state)
{
	const struct trap *trap = *state;
	struct buffer out = BUFFER_INIT(1000000);
	struct error err = ERROR_INIT;
	struct bundle *b;
	int fd;

	if (!open_case(trap->name, &fd, &b, &err))
		fail_msg("%s", err.message);
	assert_non_null(bundle_find(b, "osgroups.tar.gz"));
	assert_true(bundle_read_small(b, bundle_find(b, "osgroups.tar.gz"), &out, &err));
	buffer_clear(&out);
	assert_null(bundle_find(b, "__MACOSX/top/._x"));
	bundle_free(b);
	close(fd);
}

/* --- what is in it -------------------------------------------------------------------------------------------------- */

static void a_bundle_of_another_product_is_named(void **state)
{
	struct buffer xml = BUFFER_INIT(1000), p7s = BUFFER_INIT(1000);
	struct error err = ERROR_INIT;
	struct manifest *m = NULL;
	struct bundle *b;
	int fd;

	(void)state;
	assert_true(open_case("wrong-product", &fd, &b, &err));
	assert_false(bundle_manifest(b, &m, &xml, &p7s, &err));
	assert_int_equal(err.code, FINDING_BUNDLE_WRONG_PRODUCT);
	bundle_free(b);
	close(fd);
}

static void known_components_make_a_manifest(void **state)
{
	struct buffer xml = BUFFER_INIT(1000), p7s = BUFFER_INIT(1000);
	struct error err = ERROR_INIT;
	struct manifest *m = NULL;
	struct bundle *b;
	int fd;

	(void)state;
	assert_true(open_case("good", &fd, &b, &err));
	assert_true(bundle_manifest(b, &m, &xml, &p7s, &err));
	assert_true(m->synthetic);
	assert_int_equal(m->count, 2);
	assert_non_null(manifest_component(m, "os-groups"));
	assert_false(manifest_component(m, "os-groups")->has_sha256);
	assert_int_equal(manifest_component(m, "cisco-conditions")->size, 500);
	assert_string_equal(m->version, "2025.3.22.1119");
	assert_int_equal(xml.len + p7s.len, 0);
	manifest_free(m);
	bundle_free(b);
	close(fd);
}

static void a_medium_that_is_pulled_out_is_an_io_error(void **state)
{
	struct error err = ERROR_INIT;
	struct bundle *b = NULL;
	bool opened = false;

	(void)state;
	for (int reads = 0; !opened && reads < 100; reads++) {
		int fd = hostile_open("zip", "good.zip");

		reads_left = reads;
		opened = bundle_open(fd, "good.zip", &b, &err);
		if (opened) {
			struct buffer out = BUFFER_INIT(1000);

			reads_left = 0;
			assert_false(bundle_read_small(b, bundle_find(b, "osgroups.tar.gz"), &out, &err));
			assert_int_equal(err.code, FINDING_IO_ERROR);
			bundle_free(b);
			buffer_clear(&out);
		} else {
			assert_int_equal(err.code, FINDING_IO_ERROR);
		}
		reads_left = INT_MAX;
		close(fd);
	}
	assert_true(opened);
}

static void a_file_that_shrinks_after_it_was_checked_is_truncated(void **state)
{
	char *path = hostile_path("zip/good-nested.zip");
	struct buffer out = BUFFER_INIT(1000);
	struct error err = ERROR_INIT;
	struct bundle *b;
	int fd;

	(void)state;
	assert_true(open_case("good-nested", &fd, &b, &err));
	assert_int_equal(truncate(path, 60), 0);
	free(path);
	assert_false(bundle_read_small(b, bundle_find(b, "nested.zip"), &out, &err));
	assert_int_equal(err.code, FINDING_BUNDLE_TRUNCATED);
	buffer_clear(&out);
	bundle_free(b);
	close(fd);
}

static bool stop_at_once(void *data, const void *bytes, size_t len, struct error *err)
{
	(void)bytes, (void)len;
	++*(int *)data;
	return error_set(err, FINDING_DISK_FULL, "stopped");
}

static void a_sink_can_stop_the_reading(void **state)
{
	struct error err = ERROR_INIT;
	struct bundle *b;
	int fd, calls = 0;

	(void)state;
	assert_true(open_case("good", &fd, &b, &err));
	assert_false(bundle_read(b, bundle_find(b, "conditions.tar.gz"), stop_at_once, &calls, &err));
	assert_int_equal(err.code, FINDING_DISK_FULL);
	assert_int_equal(calls, 1);
	bundle_free(b);
	close(fd);
}

/* --- other people's tools -------------------------------------------------------------------------------------------- */

static void put_file(const char *dir, const char *name, const void *data, size_t len)
{
	char *path = file_join(dir, name);

	assert_true(file_write_atomic(AT_FDCWD, path, 0644, data, len, NULL));
	free(path);
}

static void expect_member(const struct bundle *b, const char *name, const void *data, size_t len)
{
	struct buffer out = BUFFER_INIT(4u << 20);
	struct error err = ERROR_INIT;

	assert_non_null(bundle_find(b, name));
	assert_true(bundle_read_small(b, bundle_find(b, name), &out, &err));
	assert_int_equal(out.len, len);
	assert_memory_equal(out.data, data, len);
	buffer_clear(&out);
}

static void bundles_that_zip_makes_are_read(void **state)
{
	static const char *const options[] = { "-qr0", "-qr9", "-qr", "-qrfz", "-qrX" };
	char *dir = hostile_path("tree"), *large = malloc(1 << 20);

	(void)state;
	if (hostile_run((const char *const[]){ "zip", "-v", NULL }) != 0)
		skip();
	assert_true(file_make_dirs(dir, 0755, NULL));
	for (int i = 0; i < 1 << 20; i++)
		large[i] = (char)((unsigned int)i * (unsigned int)i >> 7);
	put_file(dir, "osgroups.tar.gz", "small\n", 6);
	put_file(dir, "large", large, 1 << 20);
	put_file(dir, "gr\xC3\xBC\xC3\x9F" "e.xml", "umlaut", 6);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		char *zip = hostile_path("made.zip");
		struct error err = ERROR_INIT;
		struct bundle *b = NULL;
		int fd;

		unlink(zip);
		assert_int_equal(hostile_run((const char *const[]){ "env", "-C", hostile_folder(), "zip", options[i], zip, "tree",
								    NULL }), 0);
		fd = open(zip, O_RDONLY | O_CLOEXEC);
		if (!bundle_open(fd, zip, &b, &err))
			fail_msg("%s: %s", options[i], err.message);
		assert_int_equal(bundle_count(b), 3);
		expect_member(b, "osgroups.tar.gz", "small\n", 6);
		expect_member(b, "large", large, 1 << 20);
		expect_member(b, "gr\xC3\xBC\xC3\x9F" "e.xml", "umlaut", 6);
		bundle_free(b);
		close(fd);
		free(zip);
	}
	free(large);
	free(dir);
}

static void what_is_built_is_read_by_unzip_and_by_us(void **state)
{
	static const char *const names[] = { "osgroups.tar.gz", "sub/x.xml", "empty" };
	char *dir = hostile_path("build"), *sub = hostile_path("build/sub"), *zip = hostile_path("built.zip");
	char *again = hostile_path("again.zip");
	struct buffer first = BUFFER_INIT(100000), second = BUFFER_INIT(100000);
	struct error err = ERROR_INIT;
	struct bundle *b = NULL;
	struct stat st;
	int fd;

	(void)state;
	assert_true(file_make_dirs(sub, 0755, NULL));
	put_file(dir, names[0], "one\n", 4);
	put_file(dir, names[1], "two\n", 4);
	put_file(dir, names[2], "", 0);
	if (!bundle_build(dir, names, 3, zip, &err))
		fail_msg("%s", err.message);
	fd = open(zip, O_RDONLY | O_CLOEXEC);
	assert_true(bundle_open(fd, zip, &b, &err));
	expect_member(b, names[0], "one\n", 4);
	expect_member(b, names[1], "two\n", 4);
	assert_int_equal(bundle_find(b, "empty")->size, 0);
	bundle_free(b);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	close(fd);
	if (hostile_run((const char *const[]){ "unzip", "-v", NULL }) == 0)
		assert_int_equal(hostile_run((const char *const[]){ "unzip", "-tqq", zip, NULL }), 0);
	/* The same files, touched later, in a folder with another name, are the same bundle. */
	put_file(dir, names[0], "one\n", 4);
	assert_true(bundle_build(dir, names, 3, again, &err));
	assert_true(file_read(AT_FDCWD, zip, &first, &err));
	assert_true(file_read(AT_FDCWD, again, &second, &err));
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
	buffer_clear(&first);
	buffer_clear(&second);
	free(dir);
	free(sub);
	free(zip);
	free(again);
}

static void a_build_that_fails_leaves_the_old_bundle(void **state)
{
	static const char *const missing[] = { "nothing" }, *const unsafe[] = { "../x" }, *const twice[] = { "a", "A" };
	char *dir = hostile_path("failing"), *zip = hostile_path("failing/kept.zip");
	struct buffer left = BUFFER_INIT(1000);
	struct error err = ERROR_INIT;

	(void)state;
	assert_true(file_make_dirs(dir, 0755, NULL));
	put_file(dir, "kept.zip", "old", 3);
	assert_false(bundle_build(dir, missing, 1, zip, &err));
	assert_int_equal(err.code, FINDING_PATH_INVALID);
	assert_false(bundle_build(dir, unsafe, 1, zip, &err));
	assert_int_equal(err.code, FINDING_BUNDLE_UNSAFE_PATH);
	assert_false(bundle_build(dir, twice, 2, zip, &err));
	assert_int_equal(err.code, FINDING_BUNDLE_DUPLICATE_MEMBER);
	assert_true(file_read(AT_FDCWD, zip, &left, &err));
	assert_string_equal(buffer_text(&left), "old");
	buffer_clear(&left);
	free(dir);
	free(zip);
}

/* Builds a bundle of these files, which say their own name, and opens it. */
static struct bundle *bundle_of(const char *folder, const char *const *names, size_t count, int *fd)
{
	char *dir = hostile_path(folder), *zip = hostile_path("of-these.zip");
	struct error err = ERROR_INIT;
	struct bundle *b = NULL;

	for (size_t i = 0; i < count; i++) {
		char path[300], *parent;

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		*strrchr(path, '/') = '\0';
		parent = hostile_path(path);
		assert_true(file_make_dirs(parent, 0755, NULL));
		free(parent);
		put_file(dir, names[i], names[i], strlen(names[i]));
	}
	if (!bundle_build(dir, names, count, zip, &err))
		fail_msg("%s", err.message);
	*fd = open(zip, O_RDONLY | O_CLOEXEC);
	assert_true(bundle_open(*fd, zip, &b, NULL));
	free(dir);
	free(zip);
	return b;
}

static void a_component_in_two_folders_is_not_chosen_from(void **state)
{
	static const char *const names[] = { "a/osgroups.tar.gz", "a/more", "b/osgroups.tar.gz" };
	struct buffer xml = BUFFER_INIT(1000), p7s = BUFFER_INIT(1000);
	struct error err = ERROR_INIT;
	struct manifest *m = NULL;
	int fd;
	struct bundle *b = bundle_of("twice", names, 3, &fd);

	(void)state;
	/* There is no folder that all lie in: they keep their names. */
	for (size_t i = 0; i < 3; i++)
		expect_member(b, names[i], names[i], strlen(names[i]));
	assert_false(bundle_manifest(b, &m, &xml, &p7s, &err));
	assert_int_equal(err.code, FINDING_BUNDLE_DUPLICATE_MEMBER);
	assert_null(m);
	bundle_free(b);
	close(fd);
}

static void defaults_without_a_manifest_are_made_once_too(void **state)
{
	static const char *const names[] = { "defaults.tar.gz", "osgroups.tar.gz" };
	struct buffer xml = BUFFER_INIT(1000), p7s = BUFFER_INIT(1000);
	struct manifest *m = NULL;
	int fd;
	struct bundle *b = bundle_of("once", names, 2, &fd);

	(void)state;
	assert_true(bundle_manifest(b, &m, &xml, &p7s, NULL));
	assert_true(manifest_component(m, "defaults")->once);
	assert_false(manifest_component(m, "os-groups")->once);
	manifest_free(m);
	bundle_free(b);
	close(fd);
}

static void a_manifest_comes_with_its_signature_and_not_without_end(void **state)
{
	static const char *const names[] = { MANIFEST_NAME, MANIFEST_SIGNATURE_NAME };
	struct buffer xml = BUFFER_INIT(2 * MANIFEST_MAX_BYTES), p7s = BUFFER_INIT(1000);
	char *dir = hostile_path("signed"), *zip = hostile_path("large-manifest.zip"), *large;
	struct error err = ERROR_INIT;
	struct manifest *m = NULL;
	int fd;
	struct bundle *b = bundle_of("signed", names, 2, &fd);

	(void)state;
	assert_true(bundle_manifest(b, &m, &xml, &p7s, NULL));
	assert_string_equal(buffer_text(&xml), MANIFEST_NAME);
	assert_string_equal(buffer_text(&p7s), MANIFEST_SIGNATURE_NAME);
	bundle_free(b);
	close(fd);
	large = calloc(1, MANIFEST_MAX_BYTES + 1);
	assert_non_null(large);
	put_file(dir, MANIFEST_NAME, large, MANIFEST_MAX_BYTES + 1);
	assert_true(bundle_build(dir, names, 2, zip, NULL));
	fd = open(zip, O_RDONLY | O_CLOEXEC);
	assert_true(bundle_open(fd, zip, &b, NULL));
	buffer_reset(&xml);
	assert_false(bundle_manifest(b, &m, &xml, &p7s, &err));
	assert_int_equal(err.code, FINDING_FEED_MALFORMED);
	assert_int_equal(xml.len, 0);
	bundle_free(b);
	close(fd);
	buffer_clear(&xml);
	buffer_clear(&p7s);
	free(large);
	free(dir);
	free(zip);
}

static bool count_sink(void *data, const void *bytes, size_t len, struct error *err)
{
	(void)bytes, (void)err;
	*(size_t *)data += len;
	return true;
}

static void no_more_is_given_than_the_zip_says(void **state)
{
	struct error err = ERROR_INIT;
	struct bundle *b;
	size_t given = 0;
	int fd;

	(void)state;
	assert_true(open_case("deflate-long", &fd, &b, &err));
	assert_false(bundle_read(b, bundle_find(b, "conditions.tar.gz"), count_sink, &given, &err));
	assert_non_null(strstr(err.message, "longer than the zip says"));
	assert_true(given <= 500);
	bundle_free(b);
	close(fd);
}

/* More than 4 GiB takes its time: only when it is asked for. */
static void a_bundle_of_more_than_4_gib_is_zip64(void **state)
{
	static const char *const names[] = { "large", "small" };
	char *dir = hostile_path("huge"), *path = hostile_path("huge/large"), *zip = hostile_path("huge.zip");
	struct error err = ERROR_INIT;
	struct bundle *b = NULL;
	int fd;

	(void)state;
	if (getenv("POSTURE_CONSOLE_TEST_LARGE") == NULL) {
		free(dir);
		free(path);
		free(zip);
		skip();
	}
	assert_true(file_make_dirs(dir, 0755, NULL));
	put_file(dir, "large", "", 0);
	put_file(dir, "small", "far away\n", 9);
	assert_int_equal(truncate(path, (off_t)4200 << 20), 0);
	if (!bundle_build(dir, names, 2, zip, &err))
		fail_msg("%s", err.message);
	fd = open(zip, O_RDONLY | O_CLOEXEC);
	if (!bundle_open(fd, zip, &b, &err))
		fail_msg("%s", err.message);
	expect_member(b, "small", "far away\n", 9);
	bundle_free(b);
	close(fd);
	assert_int_equal(hostile_run((const char *const[]){ "unzip", "-tqq", zip, NULL }), 0);
	free(dir);
	free(path);
	free(zip);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static size_t add(struct CMUnitTest *tests, const struct trap *rows, size_t n, CMUnitTestFunction function)
{
	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){ rows[i].name, function, NULL, NULL, (void *)(uintptr_t)&rows[i] };
	return n;
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(a_bundle_of_another_product_is_named),
		cmocka_unit_test(known_components_make_a_manifest),
		cmocka_unit_test(a_medium_that_is_pulled_out_is_an_io_error),
		cmocka_unit_test(a_file_that_shrinks_after_it_was_checked_is_truncated),
		cmocka_unit_test(a_sink_can_stop_the_reading),
		cmocka_unit_test(bundles_that_zip_makes_are_read),
		cmocka_unit_test(what_is_built_is_read_by_unzip_and_by_us),
		cmocka_unit_test(a_build_that_fails_leaves_the_old_bundle),
		cmocka_unit_test(a_component_in_two_folders_is_not_chosen_from),
		cmocka_unit_test(defaults_without_a_manifest_are_made_once_too),
		cmocka_unit_test(a_manifest_comes_with_its_signature_and_not_without_end),
		cmocka_unit_test(no_more_is_given_than_the_zip_says),
		cmocka_unit_test(a_bundle_of_more_than_4_gib_is_zip64),
	};
	struct CMUnitTest tests[COUNT(refused) + COUNT(damaged) + COUNT(sound) + COUNT(others)];
	size_t n = 0;

	n += add(tests + n, refused, COUNT(refused), is_refused);
	n += add(tests + n, damaged, COUNT(damaged), is_found_out_when_read);
	n += add(tests + n, sound, COUNT(sound), is_read);
	memcpy(tests + n, others, sizeof(others));
	return cmocka_run_group_tests_name("bundle", tests, hostile_setup, hostile_teardown);
}
