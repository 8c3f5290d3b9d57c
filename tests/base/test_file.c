/* Files are written whole and flushed, whatever the kernel answers; buffers, messages between processes and text keep to their edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/text.h"
#include "base/wire.h"

/* --- a kernel that answers as told ------------------------------------------------------------------------------------ */

static enum { AS_IT_IS, SHORT, INTERRUPTED, NOTHING, FULL } write_answer;
static int writes, flushes, flushes_that_work = 1000;
static mode_t mode_before;		/* of the file whose mode was set last */
static const void *watched;		/* memory that is about to be freed */
static size_t watched_len;
static bool watched_was_empty;

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	writes++;
	switch (write_answer) {
	case SHORT: return __real_write(fd, data, len > 3 ? 3 : len);
	case INTERRUPTED: return writes % 2 != 0 ? (errno = EINTR, -1) : __real_write(fd, data, len);
	case NOTHING: return 0;
	case FULL: errno = ENOSPC; return -1;
	default: return __real_write(fd, data, len);
	}
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	if (++flushes > flushes_that_work) {
		errno = EIO;
		return -1;
	}
	return __real_fsync(fd);
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
	struct stat st;

	if (fstat(fd, &st) == 0)
		mode_before = st.st_mode & 07777;
	return __real_fchmod(fd, mode);
}

static bool has_unnamed_files = true;

int __real_openat(int fd, const char *name, int flags, ...);
int __wrap_openat(int fd, const char *name, int flags, ...);
int __wrap_openat(int fd, const char *name, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	if ((flags & O_TMPFILE) == O_TMPFILE && !has_unnamed_files) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return __real_openat(fd, name, flags, mode);
}

void __real_free(void *p);
void __wrap_free(void *p);
void __wrap_free(void *p)
{
	if (p != NULL && p == watched) {
		watched_was_empty = true;
		for (size_t i = 0; i < watched_len; i++)
			watched_was_empty = watched_was_empty && ((const char *)p)[i] == '\0';
		watched = NULL;
	}
	__real_free(p);
}

/* --- files ------------------------------------------------------------------------------------------------------------ */

static char room[] = "/tmp/pc-file-XXXXXX";
static int dir = -1;

static void holds(const char *name, const char *text)
{
	struct buffer b = BUFFER_INIT(10000);

	assert_true(file_read(dir, name, &b, NULL));
	assert_string_equal(buffer_text(&b), text);
	buffer_clear(&b);
}

static int count_entries(void)
{
	char path[100];
	FILE *list;
	int n = 0, c;

	snprintf(path, sizeof(path), "ls -A %s", room);
	list = popen(path, "r");
	assert_non_null(list);
	while ((c = getc(list)) != EOF)
		n += c == '\n';
	pclose(list);
	return n;
}

static void what_is_written_is_written_whole(void **state)
{
	(void)state;
	for (write_answer = SHORT; write_answer <= INTERRUPTED; write_answer++) {
		assert_true(file_write_quick(dir, "whole", 0600, "0123456789", 10, NULL));
		holds("whole", "0123456789");
	}
	for (write_answer = NOTHING; write_answer <= FULL; write_answer++) {
		struct error err = ERROR_INIT;

		assert_false(file_write_atomic(dir, "whole", 0600, "other", 5, &err));
		assert_int_equal(err.sys_errno, write_answer == FULL ? ENOSPC : EIO);
		/* The old one stays, and nothing beside it. */
		holds("whole", "0123456789");
		assert_int_equal(count_entries(), 1);
	}
	write_answer = AS_IT_IS;
	assert_int_equal(unlinkat(dir, "whole", 0), 0);
}

static void what_is_atomic_is_flushed_and_so_is_its_folder(void **state)
{
	(void)state;
	flushes = 0;
	assert_true(file_write_quick(dir, "flushed", 0600, "old", 3, NULL));
	assert_int_equal(flushes, 0);
	assert_true(file_write_atomic(dir, "flushed", 0600, "old", 3, NULL));
	assert_int_equal(flushes, 2);
	flushes = flushes_that_work = 0;
	assert_false(file_write_atomic(dir, "flushed", 0600, "new", 3, NULL));
	holds("flushed", "old");
	flushes = 0;
	flushes_that_work = 1;
	/* Replaced, but it may not last: that is no success. */
	assert_false(file_write_atomic(dir, "flushed", 0600, "new", 3, NULL));
	flushes = flushes_that_work = 0;
	assert_false(file_sync_dir(dir, NULL));
	flushes_that_work = 1000;
	assert_int_equal(count_entries(), 1);
	assert_int_equal(unlinkat(dir, "flushed", 0), 0);
}

static void nobody_else_reads_it_before_it_has_its_mode(void **state)
{
	mode_t before = umask(0);
	struct stat st;

	(void)state;
	assert_true(file_write_quick(dir, "mode", 0640, "text", 4, NULL));
	umask(before);
	assert_int_equal(mode_before, 0600);
	assert_int_equal(fstatat(dir, "mode", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(unlinkat(dir, "mode", 0), 0);
}

static void what_is_replaced_like_the_old_one_is_its_owner_s(void **state)
{
	struct stat old, new;

	(void)state;
	assert_true(file_write_quick(dir, "owned", 0604, "old", 3, NULL));
	if (geteuid() == 0)
		assert_int_equal(fchownat(dir, "owned", 65534, 65533, 0), 0);
	assert_int_equal(fstatat(dir, "owned", &old, 0), 0);
	assert_true(file_write_like(dir, "owned", &old, "new", 3, NULL));
	assert_int_equal(fstatat(dir, "owned", &new, 0), 0);
	assert_true(new.st_uid == old.st_uid && new.st_gid == old.st_gid && new.st_mode == old.st_mode && new.st_ino != old.st_ino);
	holds("owned", "new");
	assert_int_equal(unlinkat(dir, "owned", 0), 0);
}

static void what_lies_in_the_temporary_s_place_is_not_written_through(void **state)
{
	enum { AHEAD = 200 };
	char name[100];

	(void)state;
	assert_true(file_write_quick(dir, "victim", 0600, "mine", 4, NULL));
	for (unsigned int i = 0; i < AHEAD; i++) {
		snprintf(name, sizeof(name), ".placed.%ld.%u.tmp", (long)getpid(), i);
		assert_int_equal(symlinkat("victim", dir, name), 0);
	}
	assert_true(file_write_quick(dir, "placed", 0600, "text", 4, NULL));
	holds("victim", "mine");
	holds("placed", "text");
	assert_int_equal(count_entries(), AHEAD - 1 + 2);
	for (unsigned int i = 0; i < AHEAD; i++) {
		snprintf(name, sizeof(name), ".placed.%ld.%u.tmp", (long)getpid(), i);
		(void)unlinkat(dir, name, 0);
	}
	assert_int_equal(unlinkat(dir, "placed", 0) + unlinkat(dir, "victim", 0), 0);
}

static void a_file_of_just_the_size_is_read_and_no_larger_one(void **state)
{
	struct buffer room_for_ten = BUFFER_INIT(10);
	struct error err = ERROR_INIT;
	int fd;

	(void)state;
	assert_true(file_write_quick(dir, "ten", 0600, "0123456789", 10, NULL));
	assert_true(file_read(dir, "ten", &room_for_ten, NULL));
	assert_int_equal(room_for_ten.len, 10);
	buffer_clear(&room_for_ten);
	room_for_ten = (struct buffer)BUFFER_INIT(9);
	assert_false(file_read(dir, "ten", &room_for_ten, &err));
	assert_non_null(strstr(err.message, "larger than 9 bytes"));
	buffer_clear(&room_for_ten);
	fd = openat(dir, "ten", O_RDONLY | O_CLOEXEC);
	assert_false(file_read_rest(fd, &room_for_ten));
	assert_int_equal(errno, EFBIG);
	file_close(&fd);
	buffer_clear(&room_for_ten);
	assert_int_equal(unlinkat(dir, "ten", 0), 0);
}

static void a_folder_is_a_folder_and_no_link_to_one(void **state)
{
	char path[100];
	int fd;

	(void)state;
	assert_true(file_write_quick(dir, "file", 0600, "x", 1, NULL));
	snprintf(path, sizeof(path), "%s/file", room);
	assert_false(file_make_dirs(path, 0700, NULL));
	assert_int_equal(symlinkat(".", dir, "link"), 0);
	fd = file_open_dir(dir, "link", true, 0700, NULL);
	assert_true(fd < 0);
	assert_int_equal(unlinkat(dir, "file", 0) + unlinkat(dir, "link", 0), 0);
}

static const char *in_room(const char *name)
{
	static char path[2][96];
	static int turn;
	char *p = path[turn++ % 2];

	snprintf(p, sizeof(path[0]), "%s/%s", room, name);
	return p;
}

/* As root a rename would take /dev/null away from everybody. */
static void a_pipe_is_written_to_and_never_replaced(void **state)
{
	struct error err = ERROR_INIT;
	char text[8] = "";
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(mkfifoat(dir, "pipe", 0600), 0);
	fd = openat(dir, "pipe", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_false(file_write_atomic(dir, "pipe", 0600, "no", 2, &err));
	assert_int_equal(err.code, FINDING_PATH_INVALID);
	assert_false(file_write_quick(dir, "pipe", 0600, "no", 2, &err));
	assert_null(file_out_path(in_room("pipe"), &err));
	assert_true(file_write_out(in_room("pipe"), 0600, "abc", 3, NULL));
	assert_int_equal(read(fd, text, sizeof(text)), 3);
	assert_string_equal(text, "abc");
	assert_int_equal(fstatat(dir, "pipe", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISFIFO(st.st_mode));
	file_close(&fd);
	assert_int_equal(symlinkat("/dev/null", dir, "device"), 0);
	assert_null(file_out_path(in_room("device"), &err));
	assert_true(file_write_out(in_room("device"), 0600, "abc", 3, NULL));
	assert_int_equal(fstatat(dir, "device", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(fstatat(dir, "device", &st, 0), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(unlinkat(dir, "device", 0) | unlinkat(dir, "pipe", 0), 0);
}

static void output_goes_where_a_link_leads(void **state)
{
	struct error err = ERROR_INIT;
	struct stat st;
	char *path;

	(void)state;
	assert_true(file_write_atomic(dir, "target", 0600, "old", 3, NULL));
	assert_int_equal(symlinkat("target", dir, "link"), 0);
	path = file_out_path(in_room("link"), &err);
	assert_non_null(path);
	assert_non_null(strstr(path, "/target"));
	free(path);
	assert_true(file_write_out(in_room("link"), 0600, "new", 3, NULL));
	holds("target", "new");
	assert_int_equal(symlinkat("made", dir, "dangling"), 0);
	assert_null(file_out_path(in_room("dangling"), &err));
	assert_true(file_write_out(in_room("dangling"), 0640, "abc", 3, NULL));
	holds("made", "abc");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fstatat(dir, i == 0 ? "link" : "dangling", &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_true(S_ISLNK(st.st_mode));
	}
	path = file_out_path(in_room("nothing-yet"), &err);
	assert_non_null(path);
	free(path);
	assert_int_equal(unlinkat(dir, "link", 0) | unlinkat(dir, "target", 0), 0);
	assert_int_equal(unlinkat(dir, "dangling", 0) | unlinkat(dir, "made", 0), 0);
}

/* With and without the kernel's help. */
static void a_file_without_a_name_has_none(void **state)
{
	char text[8] = "";

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct stat st;
		int fd;

		has_unnamed_files = i == 0;
		fd = file_open_unnamed(dir);
		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_nlink, 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_true(file_write_all(fd, "abc", 3));
		assert_int_equal(pread(fd, text, sizeof(text), 0), 3);
		assert_string_equal(text, "abc");
		file_close(&fd);
	}
	has_unnamed_files = true;
}

static void a_tree_without_end_is_not_gone_down(void **state)
{
	enum { DEEP = 140 };
	struct error err = ERROR_INIT;
	char path[2 * DEEP + 10] = "";

	(void)state;
	for (int i = 0; i < DEEP; i++) {
		strcat(path, i > 0 ? "/d" : "d");
		assert_int_equal(mkdirat(dir, path, 0700), 0);
	}
	assert_false(file_remove_tree(dir, "d", &err));
	assert_int_equal(err.sys_errno, ELOOP);
	for (size_t len = strlen(path); len > 0; len = len > 1 ? len - 2 : 0) {
		path[len] = '\0';
		assert_int_equal(unlinkat(dir, path, AT_REMOVEDIR), 0);
	}
	assert_int_equal(count_entries(), 0);
}

/* --- buffers ---------------------------------------------------------------------------------------------------------- */

static void a_buffer_that_failed_stays_so_until_it_is_reset(void **state)
{
	struct buffer b = BUFFER_INIT(10);

	(void)state;
	assert_true(buffer_append(&b, "0123456789", 10));
	assert_false(buffer_append(&b, "0", 1));
	buffer_consume(&b, 5);
	assert_false(buffer_append(&b, "0", 1));
	buffer_reset(&b);
	assert_true(buffer_append(&b, "012", 3));
	buffer_consume(&b, 100);
	assert_int_equal(b.len, 0);
	assert_string_equal(buffer_text(&b), "");
	buffer_clear(&b);
	/* The byte that ends it has room, too. */
	for (size_t len = 250; len < 260; len++) {
		struct buffer full = BUFFER_INIT(1000);
		char bytes[260];

		memset(bytes, 'b', sizeof(bytes));
		assert_true(buffer_append(&full, bytes, len));
		assert_int_equal(strlen(buffer_text(&full)), len);
		assert_true(full.cap > len);
		buffer_clear(&full);
	}
}

static void what_is_wiped_is_gone_before_it_is_freed(void **state)
{
	struct buffer b = BUFFER_INIT(1000);

	(void)state;
	buffer_puts(&b, "a secret that is longer than nothing");
	watched = b.data;
	watched_len = b.len;
	buffer_wipe(&b);
	assert_null(watched);
	assert_true(watched_was_empty);
}

/* --- between processes ------------------------------------------------------------------------------------------------ */

static void a_message_that_lies_about_its_length_is_bad(void **state)
{
	struct buffer b = BUFFER_INIT(1000);
	char bytes[4] = "xyz", *text;
	struct wire w;

	(void)state;
	wire_put_number(&b, 5);
	buffer_puts(&b, "abcdefgh");
	/* Of the eight that are there, four belong to it. */
	w = (struct wire){ .at = buffer_text(&b), .left = sizeof(int64_t) + 4 };
	assert_null(wire_text(&w));
	assert_true(w.bad);
	/* Bad once is bad for good. */
	w.left = 8;
	wire_bytes(&w, bytes, 3);
	assert_memory_equal(bytes, "\0\0\0", 3);
	buffer_reset(&b);
	wire_put_number(&b, 3);
	buffer_append(&b, "a\0b", 3);
	w = (struct wire){ .at = b.data, .left = b.len };
	text = wire_text(&w);
	assert_null(text);
	assert_true(w.bad);
	buffer_clear(&b);
}

/* --- text ------------------------------------------------------------------------------------------------------------- */

static void encode(uint32_t cp, char out[5])
{
	size_t n = 0;

	if (cp < 0x80) {
		out[n++] = (char)cp;
	} else if (cp < 0x800) {
		out[n++] = (char)(0xC0 | cp >> 6);
	} else if (cp < 0x10000) {
		out[n++] = (char)(0xE0 | cp >> 12);
		out[n++] = (char)(0x80 | (cp >> 6 & 0x3F));
	} else {
		out[n++] = (char)(0xF0 | cp >> 18);
		out[n++] = (char)(0x80 | (cp >> 12 & 0x3F));
		out[n++] = (char)(0x80 | (cp >> 6 & 0x3F));
	}
	if (cp >= 0x80)
		out[n++] = (char)(0x80 | (cp & 0x3F));
	out[n] = '\0';
}

static bool is_shown_as_it_is(uint32_t cp)
{
	struct buffer b = BUFFER_INIT(100);
	char text[5];
	bool same;

	encode(cp, text);
	text_sanitise(&b, text, strlen(text));
	same = strcmp(buffer_text(&b), text) == 0;
	buffer_clear(&b);
	return same;
}

static void what_cannot_be_seen_is_shown_by_its_number(void **state)
{
	static const struct { uint32_t first, last; } hidden[] = {
		{ 0x01, 0x1F }, { 0x7F, 0x9F }, { 0xAD, 0xAD }, { 0x61C, 0x61C }, { 0x115F, 0x1160 }, { 0x17B4, 0x17B5 },
		{ 0x180B, 0x180F }, { 0x200B, 0x200F }, { 0x2028, 0x202E }, { 0x2060, 0x206F }, { 0x3164, 0x3164 },
		{ 0xE000, 0xF8FF }, { 0xFE00, 0xFE0F }, { 0xFEFF, 0xFEFF }, { 0xFFA0, 0xFFA0 }, { 0xFFF0, 0xFFFB },
		{ 0xFFFE, 0xFFFF }, { 0x1BCA0, 0x1BCA3 }, { 0x1D173, 0x1D17A }, { 0xE0000, 0x10FFFF },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		uint32_t first = hidden[i].first, last = hidden[i].last;

		if (is_shown_as_it_is(first) || is_shown_as_it_is(last) || is_shown_as_it_is(first + (last - first) / 2))
			fail_msg("U+%04X to U+%04X is not hidden", first, last);
		if ((first > 1 && first != 0xE000 && !is_shown_as_it_is(first - 1)) ||
		    (last < 0x10FFFF && !is_shown_as_it_is(last + 1)))
			fail_msg("more than U+%04X to U+%04X is hidden", first, last);
	}
}

static void what_is_no_utf_8_is_no_character(void **state)
{
	static const char *const bad[] = {
		"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3\x41", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xE4\xB8\x41", "\xED\xA0\x80",
		"\xED\xBF\xBF", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF8\x88\x80\x80",
		"\xFE", "\xFF",
	};
	static const char *const good[] = { "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEF\xBF\xBF", "\xF0\x90\x80\x80",
					    "\xF4\x8F\xBF\xBF" };
	uint32_t cp;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (text_utf8_decode(bad[i], strlen(bad[i]), &cp) != 0)
			fail_msg("row %zu is taken", i);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(text_utf8_decode(good[i], strlen(good[i]), &cp), strlen(good[i]));
		/* Cut off it is none, whatever stands behind. */
		assert_int_equal(text_utf8_decode(good[i], strlen(good[i]) - 1, &cp), 0);
	}
}

static int setup(void **state)
{
	(void)state;
	dir = mkdtemp(room) != NULL ? open(room, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return dir >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	file_close(&dir);
	return file_remove_tree(AT_FDCWD, room, NULL) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_written_whole),
		cmocka_unit_test(what_is_atomic_is_flushed_and_so_is_its_folder),
		cmocka_unit_test(nobody_else_reads_it_before_it_has_its_mode),
		cmocka_unit_test(what_is_replaced_like_the_old_one_is_its_owner_s),
		cmocka_unit_test(what_lies_in_the_temporary_s_place_is_not_written_through),
		cmocka_unit_test(a_file_of_just_the_size_is_read_and_no_larger_one),
		cmocka_unit_test(a_folder_is_a_folder_and_no_link_to_one),
		cmocka_unit_test(a_pipe_is_written_to_and_never_replaced),
		cmocka_unit_test(output_goes_where_a_link_leads),
		cmocka_unit_test(a_file_without_a_name_has_none),
		cmocka_unit_test(a_tree_without_end_is_not_gone_down),
		cmocka_unit_test(a_buffer_that_failed_stays_so_until_it_is_reset),
		cmocka_unit_test(what_is_wiped_is_gone_before_it_is_freed),
		cmocka_unit_test(a_message_that_lies_about_its_length_is_bad),
		cmocka_unit_test(what_cannot_be_seen_is_shown_by_its_number),
		cmocka_unit_test(what_is_no_utf_8_is_no_character),
	};

	return cmocka_run_group_tests_name("file", tests, setup, teardown);
}
