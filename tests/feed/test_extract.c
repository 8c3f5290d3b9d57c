/* Unpacking a component: nothing outside its folder whatever the archive says, and what is sound comes out as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <archive.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "feed/extract.h"
#include "hostile.h"

struct trap {
	const char *name;
	enum finding finding;
};

static const struct trap refused[] = {
	{ "html.tar.gz", FINDING_BUNDLE_CORRUPT },
	{ "not-a-tar.tar.gz", FINDING_BUNDLE_CORRUPT },
	{ "name-slip.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-slip-inside.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-slip-end.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-absolute.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-backslash.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-drive.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-control.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-newline.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-deep.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-long.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-long-part.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-self.tar", FINDING_BUNDLE_CORRUPT },
	{ "name-pax-slip.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-pax-absolute.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-gnu-slip.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-latin1.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "name-pax-latin1.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "symlink.tar", FINDING_BUNDLE_UNSAFE_LINK },
	{ "symlink-through.tar", FINDING_BUNDLE_UNSAFE_LINK },
	{ "symlink-dot.tar", FINDING_BUNDLE_UNSAFE_LINK },
	{ "hardlink.tar", FINDING_BUNDLE_UNSAFE_LINK },
	{ "hardlink-out.tar", FINDING_BUNDLE_UNSAFE_LINK },
	{ "hardlink-pax.tar", FINDING_BUNDLE_UNSAFE_LINK },
	{ "device.tar", FINDING_BUNDLE_UNSAFE_LINK },
	{ "block.tar", FINDING_BUNDLE_UNSAFE_LINK },
	{ "fifo.tar", FINDING_BUNDLE_UNSAFE_LINK },
	{ "duplicate.tar", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "duplicate-dot.tar", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "duplicate-case.tar", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "duplicate-case-unicode.tar", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "duplicate-folder-case.tar", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "file-and-folder.tar", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "folder-and-file.tar", FINDING_BUNDLE_DUPLICATE_MEMBER },
	{ "bomb-ratio.tar.gz", FINDING_BUNDLE_TOO_LARGE },
	{ "bomb-ratio.tar.xz", FINDING_BUNDLE_TOO_LARGE },
	{ "bomb-behind-end.tar.gz", FINDING_BUNDLE_TOO_LARGE },
	{ "bomb-size.tar", FINDING_BUNDLE_TOO_LARGE },
	{ "size-binary.tar", FINDING_BUNDLE_TOO_LARGE },
	{ "size-pax-lies.tar", FINDING_BUNDLE_TOO_LARGE },
	{ "size-overflow.tar", FINDING_BUNDLE_CORRUPT },
	{ "size-negative.tar", FINDING_BUNDLE_CORRUPT },
	{ "size-pax-junk.tar", FINDING_BUNDLE_CORRUPT },
	{ "sparse-gnu.tar", FINDING_BUNDLE_UNSUPPORTED_METHOD },
	{ "sparse-pax.tar", FINDING_BUNDLE_UNSAFE_PATH },
	{ "truncated.tar.gz", FINDING_BUNDLE_TRUNCATED },
	{ "truncated-trailer.tar.gz", FINDING_BUNDLE_TRUNCATED },
	{ "truncated.tar.xz", FINDING_BUNDLE_TRUNCATED },
	{ "truncated.tar", FINDING_BUNDLE_CORRUPT },
	{ "crc.tar.gz", FINDING_BUNDLE_CORRUPT },
	{ "length.tar.gz", FINDING_BUNDLE_CORRUPT },
	{ "damaged.tar.gz", FINDING_BUNDLE_CORRUPT },
	{ "damaged.tar.xz", FINDING_BUNDLE_CORRUPT },
	{ "tail.tar.gz", FINDING_BUNDLE_CORRUPT },
	{ "tail-member.tar.gz", FINDING_BUNDLE_CORRUPT },
	{ "tail.tar", FINDING_BUNDLE_CORRUPT },
	{ "second-archive.tar", FINDING_BUNDLE_CORRUPT },
	{ "checksum.tar", FINDING_BUNDLE_CORRUPT },
	{ "memory.tar.xz", FINDING_BUNDLE_UNSUPPORTED_METHOD },
	{ "memory.tar.zst", FINDING_BUNDLE_UNSUPPORTED_METHOD },
};

static const struct { const char *name; int files; } sound[] = {
	{ "good.tar", 2 }, { "good.tar.gz", 2 }, { "good.tar.xz", 1 }, { "good-members.tar.gz", 1 },
	{ "good-padded.tar.gz", 1 }, { "good-pax.tar", 2 }, { "good-modes.tar", 5 }, { "good-folder-again.tar", 1 },
	{ "good-empty.tar", 0 }, { "good-interleaved.tar", 7 }, { "plain.xml", 1 }, { "empty.xml", 1 },
	{ "good-7.tar.xz", 1 }, { "good-window.tar.zst", 1 },
};

static bool unpack(const char *name, const struct extract_limits *limits, int dir, struct extract_result *result,
		   struct error *err)
{
	int fd = hostile_open("tar", name);
	bool ok = extract_component(fd, dir, name, limits, NULL, NULL, result, err);

	close(fd);
	return ok;
}

static void is_refused(void **state)
{
	const struct trap *trap = *state;
	struct error err = ERROR_INIT;
	int dir = hostile_sandbox();

	assert_false(unpack(trap->name, NULL, dir, NULL, &err));
	assert_string_equal(finding_info(err.code)->code, finding_info(trap->finding)->code);
	assert_string_not_equal(err.message, "");
	assert_false(hostile_escaped());
	close(dir);
}

/* libarchive asks for memory here, too: in the place of its own, so that it can fail. */
static bool no_memory_for_data;
int archive_read_set_callback_data(struct archive *a, void *data)
{
	if (no_memory_for_data) {
		archive_set_error(a, ENOMEM, "No memory.");
		return ARCHIVE_FATAL;
	}
	return archive_read_set_callback_data2(a, data, 0);
}

static void no_memory_to_open_an_archive_is_named(void **state)
{
	struct error err = ERROR_INIT;
	int dir = hostile_sandbox();
	bool ok;

	(void)state;
	no_memory_for_data = true;
	ok = unpack("good-interleaved.tar", NULL, dir, NULL, &err);
	no_memory_for_data = false;
	assert_false(ok);
	assert_int_equal(err.code, FINDING_OUT_OF_MEMORY);
	close(dir);
}

static void sound_archives_are_unpacked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sound) / sizeof(sound[0]); i++) {
		struct extract_result result = { 0 };
		struct error err = ERROR_INIT;
		int dir = hostile_sandbox();

		if (!unpack(sound[i].name, NULL, dir, &result, &err))
			fail_msg("%s: %s", sound[i].name, err.message);
		assert_int_equal(result.files, sound[i].files);
		close(dir);
	}
	assert_false(hostile_escaped());
}

static mode_t mode_of(int dir, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static void modes_are_0644_or_0755_whatever_the_archive_and_the_umask_say(void **state)
{
	static const mode_t umasks[] = { 0022, 0077, 0000, 0027 };

	(void)state;
	for (size_t i = 0; i < sizeof(umasks) / sizeof(umasks[0]); i++) {
		mode_t before = umask(umasks[i]);
		int dir = hostile_sandbox();

		assert_true(unpack("good-modes.tar", NULL, dir, NULL, NULL));
		assert_int_equal(mode_of(dir, "setuid"), 0755);
		assert_int_equal(mode_of(dir, "world"), 0644);
		assert_int_equal(mode_of(dir, "none"), 0644);
		assert_int_equal(mode_of(dir, "run"), 0755);
		assert_int_equal(mode_of(dir, "group"), 0644);
		close(dir);
		dir = hostile_sandbox();
		assert_true(unpack("good.tar", NULL, dir, NULL, NULL));
		assert_int_equal(mode_of(dir, "dir"), 0755);
		assert_int_equal(mode_of(dir, "a"), 0755);
		assert_int_equal(mode_of(dir, "a/good.xml"), 0644);
		close(dir);
		umask(before);
	}
}

static void limits_hold(void **state)
{
	static const struct { struct extract_limits limits; bool ok; } rows[] = {
		{ { .bytes = 35, .entries = 7 }, true },
		{ { .bytes = 34 }, false },
		{ { .entries = 6 }, false },
	};
	static const struct extract_limits one = { .bytes = 1, .entries = 1 };
	struct error why = ERROR_INIT;
	int sandbox = hostile_sandbox();

	(void)state;
	/* Nothing in it, but more headers and zeros than one entry can have. */
	assert_false(unpack("good-empty.tar", &one, sandbox, NULL, &why));
	assert_int_equal(why.code, FINDING_BUNDLE_TOO_LARGE);
	close(sandbox);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		int dir = hostile_sandbox();

		assert_int_equal(unpack("good-interleaved.tar", &rows[i].limits, dir, NULL, &err), rows[i].ok);
		if (!rows[i].ok)
			assert_int_equal(err.code, FINDING_BUNDLE_TOO_LARGE);
		close(dir);
	}
}

static void a_plain_file_obeys_the_limit_and_keeps_its_name(void **state)
{
	struct extract_limits limits = { .bytes = 8 };
	struct buffer text = BUFFER_INIT(100);
	struct error err = ERROR_INIT;
	int dir = hostile_sandbox();

	(void)state;
	assert_false(unpack("plain.xml", &limits, dir, NULL, &err));
	assert_int_equal(err.code, FINDING_BUNDLE_TOO_LARGE);
	close(dir);
	dir = hostile_sandbox();
	limits.bytes = 9;
	assert_true(unpack("plain.xml", &limits, dir, NULL, &err));
	assert_true(file_read(dir, "plain.xml", &text, &err));
	assert_string_equal(buffer_text(&text), "<chart/>\n");
	buffer_clear(&text);
	close(dir);
}

static void a_link_that_lies_in_the_folder_already_is_not_followed(void **state)
{
	struct error err = ERROR_INIT;
	int dir = hostile_sandbox();

	(void)state;
	assert_int_equal(symlinkat("../..", dir, "a"), 0);
	assert_false(unpack("good.tar", NULL, dir, NULL, &err));
	assert_int_equal(err.code, FINDING_BUNDLE_DUPLICATE_MEMBER);
	close(dir);
	dir = hostile_sandbox();
	assert_int_equal(symlinkat("../../evil", dir, "plain.xml"), 0);
	assert_false(unpack("plain.xml", NULL, dir, NULL, &err));
	assert_int_equal(err.code, FINDING_BUNDLE_DUPLICATE_MEMBER);
	assert_false(hostile_escaped());
	close(dir);
}

static void what_lies_in_the_folder_already_is_not_written_over(void **state)
{
	struct buffer text = BUFFER_INIT(100);
	struct error err = ERROR_INIT;
	int dir = hostile_sandbox();

	(void)state;
	assert_true(file_write_quick(dir, "plain.xml", 0644, "mine", 4, NULL));
	assert_false(unpack("plain.xml", NULL, dir, NULL, &err));
	assert_int_equal(err.code, FINDING_BUNDLE_DUPLICATE_MEMBER);
	assert_true(file_read(dir, "plain.xml", &text, &err));
	assert_string_equal(buffer_text(&text), "mine");
	buffer_clear(&text);
	close(dir);
}

static void a_link_is_named_as_what_it_is(void **state)
{
	static const struct { const char *name, *says; } rows[] = {
		{ "hardlink.tar", "hard link" }, { "symlink.tar", "symbolic link" }, { "fifo.tar", "device, pipe or socket" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		int dir = hostile_sandbox();

		assert_false(unpack(rows[i].name, NULL, dir, NULL, &err));
		assert_non_null(strstr(err.message, rows[i].says));
		close(dir);
	}
}

/* What stands in the file decides what it is, and its name only where that says nothing. */
static void a_name_makes_no_archive_and_hides_none(void **state)
{
	int fd = hostile_open("tar", "not-a-tar.tar.gz"), dir = hostile_sandbox(), blank = memfd_create("blank", MFD_CLOEXEC);
	struct extract_result result = { 0 };
	struct error err = ERROR_INIT;
	char blanks[1000];

	(void)state;
	assert_false(extract_component(fd, dir, "chart.xml", NULL, NULL, NULL, NULL, &err));
	assert_int_equal(err.code, FINDING_BUNDLE_CORRUPT);
	close(fd);
	/* Where a tar has its checksum, a number is written in blanks here. */
	memset(blanks, ' ', sizeof(blanks));
	assert_true(file_write_all(blank, blanks, sizeof(blanks)));
	assert_true(extract_component(blank, dir, "blank.xml", NULL, NULL, NULL, &result, &err));
	assert_int_equal(result.bytes, sizeof(blanks));
	close(blank);
	fd = hostile_open("tar", "plain.xml");
	error_clear(&err);
	assert_false(extract_component(fd, dir, "../evil", NULL, NULL, NULL, NULL, &err));
	assert_int_equal(err.code, FINDING_BUNDLE_UNSAFE_PATH);
	assert_false(hostile_escaped());
	close(fd);
	close(dir);
}

/* --- a library that lies ---------------------------------------------------------------------------------------------- */

/* What libarchive is not known to do, and is not trusted not to: a hole, too much, too little, a warning instead of data. */
static enum { TRUE, HOLE, TOO_MUCH, TOO_LITTLE, WARNING } lie;
static int lied;

int archive_read_data_block(struct archive *a, const void **data, size_t *len, la_int64_t *offset)
{
	static int (*real)(struct archive *, const void **, size_t *, la_int64_t *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "archive_read_data_block");
	if (lie == TRUE || lied++ > 0)
		return lie == TRUE ? real(a, data, len, offset) : ARCHIVE_EOF;
	*data = "0123456789";
	*len = lie == TOO_MUCH ? 10 : 5;
	*offset = lie == HOLE ? 1 : 0;
	return lie == TOO_LITTLE ? ARCHIVE_EOF : lie == WARNING ? ARCHIVE_WARN : ARCHIVE_OK;
}

static void what_libarchive_says_is_looked_at(void **state)
{
	(void)state;
	for (lie = HOLE; lie <= WARNING; lie++) {
		struct error err = ERROR_INIT;
		int dir = hostile_sandbox();
		bool ok;

		lied = 0;
		ok = unpack("good.tar.xz", NULL, dir, NULL, &err);
		close(dir);
		if (ok || err.code != FINDING_BUNDLE_CORRUPT ||
		    (strstr(err.message, "has holes") != NULL) != (lie == HOLE || lie == TOO_MUCH))
			fail_msg("%d: %d %s", (int)lie, ok, err.message);
	}
	lie = TRUE;
}

static void count_progress(void *data, int64_t bytes)
{
	assert_true(bytes >= *(int64_t *)data);
	*(int64_t *)data = bytes;
}

static void progress_grows_to_the_size_of_the_archive(void **state)
{
	int fd = hostile_open("tar", "good-padded.tar.gz"), dir = hostile_sandbox();
	int64_t seen = 0;
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(extract_component(fd, dir, "x", NULL, count_progress, &seen, NULL, NULL));
	assert_int_equal(seen, st.st_size);
	close(fd);
	close(dir);
}

static void an_archive_is_read_from_its_start_or_from_a_pipe(void **state)
{
	int fd = hostile_open("tar", "good.tar.gz"), dir = hostile_sandbox(), ends[2];
	struct extract_result result = { 0 };
	char bytes[4096];
	ssize_t n;

	(void)state;
	n = read(fd, bytes, sizeof(bytes));
	assert_true(n > 0);
	assert_true(extract_component(fd, dir, "x", NULL, NULL, NULL, &result, NULL));
	assert_int_equal(result.files, 2);
	close(dir);
	dir = hostile_sandbox();
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], bytes, (size_t)n), n);
	close(ends[1]);
	assert_true(extract_component(ends[0], dir, "x", NULL, NULL, NULL, &result, NULL));
	assert_int_equal(result.files, 2);
	close(ends[0]);
	close(fd);
	close(dir);
}

static void what_cannot_be_read_is_no_end(void **state)
{
	struct error err = ERROR_INIT;
	int dir = hostile_sandbox();

	(void)state;
	/* Reading a folder fails. */
	assert_false(extract_component(dir, dir, "x.xml", NULL, NULL, NULL, NULL, &err));
	assert_int_equal(err.sys_errno, EISDIR);
	close(dir);
}

static void a_full_quota_is_named(void **state)
{
	struct rlimit before, small = { .rlim_cur = 100000, .rlim_max = RLIM_INFINITY };
	struct error err = ERROR_INIT;
	int dir = hostile_sandbox(), fd = hostile_open("tar", "../large.tar");

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	/* cmocka catches no SIGXFSZ; ignored, the write says EFBIG. */
	assert_true(sigaction(SIGXFSZ, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL) == 0);
	assert_false(extract_component(fd, dir, "x", NULL, NULL, NULL, NULL, &err));
	assert_int_equal(err.code, FINDING_QUOTA_EXCEEDED);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	close(fd);
	close(dir);
}

/* --- other people's tools --------------------------------------------------------------------------------------------- */

/* A tree of many small files and one large, packed by tar in every way, comes out the same. */
static void what_tar_packs_comes_out_the_same(void **state)
{
	static const struct { const char *option, *format, *suffix; } rows[] = {
		{ "--no-auto-compress", "gnu", "tar" }, { "--gzip", "gnu", "tar.gz" }, { "--xz", "ustar", "tar.xz" },
		{ "--zstd", "posix", "tar.zst" }, { "--gzip", "posix", "tgz" }, { "--no-auto-compress", "v7", "v7.tar" },
	};
	char *tree = hostile_path("packed");

	(void)state;
	if (hostile_run((const char *const[]){ "tar", "--version", NULL }) != 0)
		skip();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char below[NAME_MAX], format[50], *archive, *out;
		struct error err = ERROR_INIT;
		int fd, dir;

		snprintf(below, sizeof(below), "packed.%s", rows[i].suffix);
		snprintf(format, sizeof(format), "--format=%s", rows[i].format);
		archive = hostile_path(below);
		snprintf(below, sizeof(below), "out-%zu", i);
		out = hostile_path(below);
		if (hostile_run((const char *const[]){ "tar", "-C", tree, format, rows[i].option, "-cf", archive, ".", NULL }) != 0)
			fail_msg("tar %s failed", below);
		assert_int_equal(mkdir(out, 0755), 0);
		dir = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		fd = open(archive, O_RDONLY | O_CLOEXEC);
		if (!extract_component(fd, dir, archive, NULL, NULL, NULL, NULL, &err))
			fail_msg("%s: %s", archive, err.message);
		assert_int_equal(hostile_run((const char *const[]){ "diff", "-r", tree, out, NULL }), 0);
		close(fd);
		close(dir);
		free(archive);
		free(out);
	}
	free(tree);
}

static int make_tree(void **state)
{
	char *sub = NULL, *large;
	char name[NAME_MAX];
	int rc = hostile_setup(state);

	for (int i = 0; rc == 0 && i < 300; i++) {
		snprintf(name, sizeof(name), "packed/d%d/e%d", i % 7, i % 3);
		free(sub);
		sub = hostile_path(name);
		if (!file_make_dirs(sub, 0755, NULL))
			return -1;
		snprintf(name, sizeof(name), "packed/d%d/e%d/f%d.xml", i % 7, i % 3, i);
		free(sub);
		sub = hostile_path(name);
		if (!file_write_atomic(AT_FDCWD, sub, 0644, name, strlen(name), NULL))
			return -1;
	}
	free(sub);
	large = malloc(3 << 20);
	for (int i = 0; large != NULL && i < 3 << 20; i++)
		large[i] = (char)((unsigned int)i * 2654435761u >> 13);
	sub = hostile_path("packed/large");
	if (large == NULL || !file_write_atomic(AT_FDCWD, sub, 0644, large, 3 << 20, NULL))
		rc = -1;
	free(sub);
	free(large);
	sub = hostile_path("large.tar");
	large = hostile_path("packed");
	if (rc == 0)
		rc = hostile_run((const char *const[]){ "tar", "-C", large, "-cf", sub, "large", NULL });
	free(sub);
	free(large);
	return rc;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(sound_archives_are_unpacked),
		cmocka_unit_test(modes_are_0644_or_0755_whatever_the_archive_and_the_umask_say),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(a_plain_file_obeys_the_limit_and_keeps_its_name),
		cmocka_unit_test(a_link_that_lies_in_the_folder_already_is_not_followed),
		cmocka_unit_test(what_lies_in_the_folder_already_is_not_written_over),
		cmocka_unit_test(a_link_is_named_as_what_it_is),
		cmocka_unit_test(a_name_makes_no_archive_and_hides_none),
		cmocka_unit_test(what_libarchive_says_is_looked_at),
		cmocka_unit_test(progress_grows_to_the_size_of_the_archive),
		cmocka_unit_test(an_archive_is_read_from_its_start_or_from_a_pipe),
		cmocka_unit_test(what_cannot_be_read_is_no_end),
		cmocka_unit_test(a_full_quota_is_named),
		cmocka_unit_test(no_memory_to_open_an_archive_is_named),
		cmocka_unit_test(what_tar_packs_comes_out_the_same),
	};
	struct CMUnitTest tests[COUNT(refused) + COUNT(others)];

	for (size_t i = 0; i < COUNT(refused); i++)
		tests[i] = (struct CMUnitTest){ refused[i].name, is_refused, NULL, NULL, (void *)(uintptr_t)&refused[i] };
	memcpy(tests + COUNT(refused), others, sizeof(others));
	return cmocka_run_group_tests_name("extract", tests, make_tree, hostile_teardown);
}
