/* Following a log: no line is lost or doubled, whatever is done to the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "logview/reader.h"
#include "logview/rotated.h"

#define KEPT 100			/* rotated files */
#define AHEAD 60			/* rotations that the writer may be ahead: no more are kept than twice that */
#define DEADLINE_MS 60000

static char dir[64];
static char path[128];

static void name_of(char *dst, size_t size, int number)
{
	if (number == 0)
		snprintf(dst, size, "%s", path);
	else
		snprintf(dst, size, "%s.%d", path, number);
}

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "%s/follow.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/psc.log", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return file_remove_tree(AT_FDCWD, dir, NULL) ? 0 : -1;
}

/* --- what happens during a walk over the rotated files ------------------------------------------------------------ */

/* Called once, after the first file of a walk. */
static void (*meanwhile)(void *data);
static void *meanwhile_data;

struct walked {
	rotated_fn *fn;
	void *data;
};

static bool walked_over(void *data, int fd, const char *name)
{
	const struct walked *w = data;
	bool more = w->fn(w->data, fd, name);
	void (*call)(void *data) = meanwhile;

	meanwhile = NULL;
	if (call != NULL)
		call(meanwhile_data);
	return more;
}

void __real_rotated_walk(const char *folder, const char *base, rotated_fn *fn, void *data);
void __wrap_rotated_walk(const char *folder, const char *base, rotated_fn *fn, void *data);

void __wrap_rotated_walk(const char *folder, const char *base, rotated_fn *fn, void *data)
{
	struct walked w = { fn, data };

	__real_rotated_walk(folder, base, walked_over, &w);
}

/* --- the reader ------------------------------------------------------------------------------------------------------ */

struct account {
	long lines;			/* numbered lines that came */
	long next;			/* the number that has to come */
	long late;			/* lines that came behind a later one */
	unsigned char *seen;		/* per number, when order does not matter */
	long seen_max;
	char part[512];			/* an unfinished line */
	size_t part_len;
	atomic_long *acknowledged;
	int joints[8], gaps;
};

static void take_line(struct account *a, const char *line)
{
	const char *at = strstr(line, "seq ");
	long number;

	assert_non_null(at);
	number = strtol(at + 4, NULL, 10);
	if (a->seen != NULL) {
		assert_true(number < a->seen_max);
		if (a->seen[number]++ != 0)
			fail_msg("line %ld came twice", number);
		a->late += number < a->next;
		if (number >= a->next)
			a->next = number + 1;
	} else {
		if (number != a->next)
			fail_msg("line %ld came where %ld was due", number, a->next);
		a->next++;
	}
	a->lines++;
}

static bool take_piece(void *data, const struct reader_piece *piece)
{
	struct account *a = data;

	for (size_t i = 0; i < piece->n; i++) {
		if (piece->text[i] != '\n') {
			assert_true(a->part_len < sizeof(a->part) - 1);
			a->part[a->part_len++] = piece->text[i];
			continue;
		}
		a->part[a->part_len] = '\0';
		a->part_len = 0;
		take_line(a, a->part);
	}
	if (a->acknowledged != NULL)
		atomic_store(a->acknowledged, a->next);
	return true;
}

static void take_joint(void *data, const struct segment *before, const struct segment *seg)
{
	struct account *a = data;

	(void)before;
	a->joints[seg->joint]++;
	a->gaps += seg->gap;
}

/* Reads until `count` lines have come. */
static void read_until(struct source *source, struct reader *reader, struct account *a, long count)
{
	int64_t deadline = clock_monotonic_ms() + DEADLINE_MS;

	while (a->lines < count) {
		struct pollfd fds[SOURCE_FDS_MAX];
		struct error err = ERROR_INIT;
		unsigned int flags = source_step(source);
		enum reader_result result = reader_step(reader, &err);
		int timeout, settle = reader_timeout_ms(reader);
		size_t n = source_poll(source, fds, &timeout);

		if (result == READER_FAILED)
			fail_msg("%s", err.message);
		if (clock_monotonic_ms() > deadline)
			fail_msg("only %ld of %ld lines came", a->lines, count);
		if ((flags & SOURCE_AGAIN) != 0 || result != READER_WAIT)
			continue;
		if (settle >= 0 && (timeout < 0 || settle < timeout))
			timeout = settle;
		if (timeout < 0 || timeout > 1000)
			timeout = 1000;
		poll(fds, n, timeout);
	}
}

static struct reader *make_reader(struct source *source, struct account *a)
{
	static struct filter *everything;
	const struct reader_calls calls = { take_piece, take_joint, a };

	if (everything == NULL) {
		everything = filter_new();
		assert_true(filter_ready(everything, 0, NULL));
	}
	return reader_new(source, everything, true, false, false, &calls);
}

/* --- the writer ------------------------------------------------------------------------------------------------------ */

struct writer {
	int fd;
	long number;			/* of the next line */
	atomic_long *acknowledged;
	long ends[1 << 16];		/* per rotation: the number of the line behind it */
	int rotations;
	unsigned int dice;
};

static unsigned int roll(struct writer *w, unsigned int sides)
{
	w->dice = w->dice * 1103515245u + 12345u;
	return (w->dice >> 16) % sides;
}

static void must(bool ok, const char *what)
{
	if (!ok) {
		perror(what);
		_exit(1);
	}
}

static void write_line(struct writer *w)
{
	char line[200];
	/* Now and then a line of a stack trace. */
	int n = snprintf(line, sizeof(line), "%sseq %ld\n",
			 roll(w, 8) == 0 ? "\tat a.b.C(D.java:1) " : "2026-11-24 10:00:00,000 INFO  [w][[]] t.W -:::::- ",
			 w->number++);

	must(write(w->fd, line, (size_t)n) == n, "write");
}

static void open_new(struct writer *w)
{
	w->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	must(w->fd >= 0, "open");
}

static void shift(void)
{
	char from[160], to[160];

	for (int i = KEPT; i > 0; i--) {
		name_of(from, sizeof(from), i);
		name_of(to, sizeof(to), i + 1);
		if (access(from, F_OK) == 0)
			must(rename(from, to) == 0, "rename");
	}
}

static void wait_until_read(const struct writer *w, long number)
{
	for (int i = 0; atomic_load(w->acknowledged) < number; i++) {
		must(i < DEADLINE_MS, "the reader is stuck");
		usleep(1000);
	}
}

static void rotate_by_name(struct writer *w)
{
	char to[160];

	shift();
	name_of(to, sizeof(to), 1);
	must(rename(path, to) == 0, "rename");
	close(w->fd);
	if (roll(w, 4) == 0)
		usleep(roll(w, 2000));	/* the new file comes a little later */
	open_new(w);
}

static void rotate_by_copy(struct writer *w)
{
	char to[160], buf[65536];
	int in = open(path, O_RDONLY | O_CLOEXEC), out;
	ssize_t n;

	shift();
	name_of(to, sizeof(to), 1);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(in >= 0 && out >= 0, "copy");
	while ((n = read(in, buf, roll(w, 2) ? sizeof(buf) : 700)) > 0)
		must(write(out, buf, (size_t)n) == n, "copy");
	close(in);
	close(out);
	must(ftruncate(w->fd, 0) == 0, "truncate");
}

/* These two leave no copy: no reader could know what it has not read, so the writer waits for it. */
static void empty(struct writer *w)
{
	wait_until_read(w, w->number);
	must(ftruncate(w->fd, 0) == 0, "truncate");
}

static void replace(struct writer *w)
{
	wait_until_read(w, w->number);
	must(unlink(path) == 0, "unlink");
	close(w->fd);
	open_new(w);
}

/* Writes and rotates as fast as it can, as far ahead of the reader as files are kept. */
static void write_all(struct writer *w, long count, unsigned int kinds)
{
	static void (*const rotate[])(struct writer *w) = { rotate_by_name, rotate_by_copy, empty, replace };

	open_new(w);
	while (w->number < count) {
		long until = w->number + 1 + roll(w, 60);
		unsigned int kind;

		while (w->number < until && w->number < count)
			write_line(w);
		do
			kind = roll(w, 4);
		while ((kinds >> kind & 1) == 0);
		w->ends[w->rotations] = w->number;
		rotate[kind](w);
		if (++w->rotations > AHEAD)
			wait_until_read(w, w->ends[w->rotations - AHEAD]);
	}
}

static void rotate_against_reader(unsigned int kinds, bool poll_only, long count, struct account *a)
{
	atomic_long *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct source *source;
	struct reader *reader;
	int status;
	pid_t pid;

	assert_true(shared != MAP_FAILED);
	atomic_init(shared, 0);
	a->acknowledged = shared;
	assert_true(source_open_file(path, true, poll_only, &source, NULL));
	reader = make_reader(source, a);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct writer *w = calloc(1, sizeof(*w));

		must(w != NULL, "calloc");
		w->acknowledged = shared;
		w->dice = kinds * 7 + (unsigned int)poll_only;
		write_all(w, count, kinds);
		_exit(0);
	}
	read_until(source, reader, a, count);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(a->lines, count);
	reader_free(reader);
	source_free(source);
	munmap(shared, 4096);
}

enum { BY_NAME = 1, BY_COPY = 2, EMPTIED = 4, REPLACED = 8 };

#ifdef PC_SANITIZED
#define LINES 20000
#else
#define LINES 60000
#endif

static void every_line_is_read_once_while_files_are_renamed(void **state)
{
	struct account a = { 0 };

	(void)state;
	rotate_against_reader(BY_NAME, false, LINES, &a);
	assert_true(a.joints[JOINT_RENAMED] > LINES / 60 / 2);
	assert_int_equal(a.gaps, 0);
}

static void every_line_is_read_once_while_files_are_copied_and_truncated(void **state)
{
	struct account a = { 0 };

	(void)state;
	rotate_against_reader(BY_COPY, false, LINES, &a);
	assert_true(a.joints[JOINT_COPIED] > LINES / 60 / 2);
	assert_int_equal(a.gaps, 0);
}

static void every_line_is_read_once_under_all_four_kinds(void **state)
{
	struct account a = { 0 };

	(void)state;
	rotate_against_reader(BY_NAME | BY_COPY | EMPTIED | REPLACED, false, LINES, &a);
	assert_true(a.joints[JOINT_RENAMED] > 0 && a.joints[JOINT_COPIED] > 0);
	assert_true(a.joints[JOINT_TRUNCATED] > 0 && a.joints[JOINT_REPLACED] > 0);
	/* Where nothing can be known, it is said. */
	assert_true(a.gaps >= a.joints[JOINT_TRUNCATED]);
}

static void every_line_is_read_once_without_inotify(void **state)
{
	struct account a = { 0 };

	(void)state;
	rotate_against_reader(BY_NAME | BY_COPY | EMPTIED | REPLACED, true, 3000, &a);
}

/* --- single steps ---------------------------------------------------------------------------------------------------- */

static struct writer *start_writer(void)
{
	static struct writer w;

	w = (struct writer){ .fd = -1, .dice = 1 };
	open_new(&w);
	return &w;
}

static void lines_that_a_late_writer_adds_to_the_old_file_come_too(void **state)
{
	struct account a = { .seen = calloc(100, 1), .seen_max = 100 };
	struct writer *w = start_writer();
	char to[160];
	struct source *source;
	struct reader *reader;
	int old;

	(void)state;
	assert_true(source_open_file(path, true, false, &source, NULL));
	reader = make_reader(source, &a);
	write_line(w);
	read_until(source, reader, &a, 1);
	name_of(to, sizeof(to), 1);
	assert_int_equal(rename(path, to), 0);
	old = w->fd;
	open_new(w);
	write_line(w);
	read_until(source, reader, &a, 2);
	w->number = 50;
	file_close(&w->fd);
	w->fd = old;
	write_line(w);
	read_until(source, reader, &a, 3);
	assert_int_equal(a.seen[50], 1);
	reader_free(reader);
	source_free(source);
	free(a.seen);
	file_close(&w->fd);
}

static void a_file_rewritten_longer_than_before_is_noticed(void **state)
{
	struct account a = { 0 };
	struct writer *w = start_writer();
	struct source *source;
	struct reader *reader;

	(void)state;
	write_line(w);
	assert_true(source_open_file(path, true, false, &source, NULL));
	reader = make_reader(source, &a);
	read_until(source, reader, &a, 1);
	assert_int_equal(ftruncate(w->fd, 0), 0);
	for (int i = 0; i < 20; i++)
		write_line(w);
	read_until(source, reader, &a, 21);
	assert_int_equal(a.joints[JOINT_TRUNCATED], 1);
	/* What was seen of the old file is still there. */
	assert_int_equal(source_count(source), 2);
	assert_true(source_at(source, 0)->first < source_at(source, 0)->size);
	reader_free(reader);
	source_free(source);
	file_close(&w->fd);
}

static void a_file_is_waited_for_with_its_folder(void **state)
{
	struct account a = { 0 };
	struct writer *w;
	struct source *source;
	struct reader *reader;
	struct buffer text = BUFFER_INIT(1000);

	(void)state;
	assert_true(file_remove_tree(AT_FDCWD, dir, NULL));
	assert_true(source_open_file(path, true, false, &source, NULL));
	assert_int_equal(source_state(source), SOURCE_WAITING);
	source_describe(source, &text);
	assert_non_null(strstr(buffer_text(&text), path));
	reader = make_reader(source, &a);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(mkdir(dir, 0700), 0);
		source_step(source);
		w = start_writer();
		w->number = round;
		write_line(w);
		file_close(&w->fd);
		read_until(source, reader, &a, round + 1);
		assert_int_equal(source_state(source), SOURCE_READING);
		assert_true(file_remove_tree(AT_FDCWD, dir, NULL));
		source_step(source);
		assert_int_equal(source_state(source), SOURCE_WAITING);
	}
	assert_int_equal(mkdir(dir, 0700), 0);
	reader_free(reader);
	source_free(source);
	buffer_clear(&text);
}

static void generations_that_came_and_went_unseen_are_read(void **state)
{
	struct account a = { 0 };
	struct writer *w = start_writer();
	struct source *source;
	struct reader *reader;

	(void)state;
	/* An empty file: there is nothing to know it by. */
	assert_true(source_open_file(path, true, false, &source, NULL));
	reader = make_reader(source, &a);
	for (int i = 0; i < 5; i++) {
		write_line(w);
		write_line(w);
		rotate_by_copy(w);
	}
	write_line(w);
	read_until(source, reader, &a, 11);
	assert_int_equal(a.gaps, 0);
	for (int i = 0; i < 5; i++) {
		write_line(w);
		rotate_by_name(w);
		write_line(w);
		rotate_by_copy(w);
	}
	write_line(w);
	read_until(source, reader, &a, 22);
	assert_int_equal(a.gaps, 0);
	reader_free(reader);
	source_free(source);
	file_close(&w->fd);
}

static void what_was_rotated_away_last_is_read_though_nothing_follows(void **state)
{
	struct account a = { 0 };
	struct writer *w = start_writer();
	struct source *source;
	struct reader *reader;
	char to[160];

	(void)state;
	assert_true(source_open_file(path, true, false, &source, NULL));
	reader = make_reader(source, &a);
	/* Between two looks: a line, copied and truncated away again. */
	write_line(w);
	rotate_by_copy(w);
	read_until(source, reader, &a, 1);
	write_line(w);
	read_until(source, reader, &a, 2);
	/* Two rotations, and then there is no file of that name. */
	rotate_by_name(w);
	write_line(w);
	shift();
	name_of(to, sizeof(to), 1);
	assert_int_equal(rename(path, to), 0);
	read_until(source, reader, &a, 3);
	assert_int_equal(source_state(source), SOURCE_WAITING);
	write_line(w);
	read_until(source, reader, &a, 4);
	file_close(&w->fd);
	open_new(w);
	write_line(w);
	read_until(source, reader, &a, 5);
	assert_int_equal(a.gaps, 0);
	reader_free(reader);
	source_free(source);
	file_close(&w->fd);
}

static void open_and_rotate_twice(void *data)
{
	struct writer *w = data;

	open_new(w);
	write_line(w);
	rotate_by_name(w);
	write_line(w);
	rotate_by_name(w);
	write_line(w);
}

/* No file has the name at the moment, the newest rotated one is looked at, and before the next is, two rotations come. */
static void files_that_overtake_the_walk_come_in_their_order(void **state)
{
	struct account a = { 0 };
	struct writer *w = start_writer();
	struct source *source;
	struct reader *reader;
	char to[160];

	(void)state;
	assert_true(source_open_file(path, true, false, &source, NULL));
	reader = make_reader(source, &a);
	write_line(w);
	read_until(source, reader, &a, 1);
	rotate_by_name(w);
	write_line(w);
	shift();
	name_of(to, sizeof(to), 1);
	assert_int_equal(rename(path, to), 0);
	file_close(&w->fd);
	meanwhile = open_and_rotate_twice;
	meanwhile_data = w;
	read_until(source, reader, &a, 5);
	assert_null(meanwhile);
	assert_int_equal(a.gaps, 0);
	reader_free(reader);
	source_free(source);
	file_close(&w->fd);
}

static void truncate_twice(void *data)
{
	struct writer *w = data;

	for (int i = 0; i < 2; i++) {
		write_line(w);
		rotate_by_copy(w);
	}
}

/* The same while the file is empty before and after, so that nothing tells a copy of it from others. */
static void copies_that_overtake_the_walk_come_in_their_order(void **state)
{
	struct account a = { 0 };
	struct writer *w = start_writer();
	struct source *source;
	struct reader *reader;

	(void)state;
	assert_true(source_open_file(path, true, false, &source, NULL));
	reader = make_reader(source, &a);
	write_line(w);
	read_until(source, reader, &a, 1);
	rotate_by_copy(w);
	write_line(w);
	rotate_by_copy(w);
	meanwhile = truncate_twice;
	meanwhile_data = w;
	read_until(source, reader, &a, 4);
	assert_null(meanwhile);
	assert_int_equal(a.gaps, 0);
	reader_free(reader);
	source_free(source);
	file_close(&w->fd);
}

static void rotate_two(void *data)
{
	struct writer *w = data;

	for (int i = 0; i < 2; i++) {
		rotate_by_name(w);
		write_line(w);
	}
}

static void must_begin_with_line(const struct segment *seg, const char *number)
{
	char text[200];
	ssize_t n = pread(seg->fd, text, sizeof(text) - 1, 0);

	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, number));
}

/* Going back, while the walk has just passed what is loaded already: the next file is one that was rotated meanwhile. */
static void what_is_rotated_meanwhile_is_not_taken_for_older(void **state)
{
	struct writer *w = start_writer();
	struct source *source;

	(void)state;
	write_line(w);
	rotate_by_name(w);
	write_line(w);
	rotate_by_name(w);
	write_line(w);
	assert_true(source_open_file(path, true, false, &source, NULL));
	assert_int_equal(source_load_older(source, NULL), SOURCE_OLDER_LOADED);
	must_begin_with_line(source_at(source, 0), "seq 1\n");
	meanwhile = rotate_two;
	meanwhile_data = w;
	assert_int_equal(source_load_older(source, NULL), SOURCE_OLDER_LOADED);
	assert_null(meanwhile);
	must_begin_with_line(source_at(source, 0), "seq 0\n");
	assert_int_equal(source_load_older(source, NULL), SOURCE_OLDER_NONE);
	assert_int_equal(source_count(source), 3);
	source_free(source);
	file_close(&w->fd);
}

static void a_rotation_that_dates_and_packs_is_followed(void **state)
{
	struct account a = { 0 };
	struct writer *w = start_writer();
	struct source *source;
	struct reader *reader;
	char command[400], to[160];

	(void)state;
	/* What was rotated by number, before that was changed, is older. */
	snprintf(to, sizeof(to), "%s.1", path);
	assert_true(file_write_atomic(AT_FDCWD, to, 0600, "old\n", 4, NULL));
	assert_true(source_open_file(path, true, false, &source, NULL));
	reader = make_reader(source, &a);
	write_line(w);
	read_until(source, reader, &a, 1);
	for (int i = 1; i <= 3; i++) {
		write_line(w);
		snprintf(to, sizeof(to), "%s.2026-08-1%d-1", path, i);
		assert_int_equal(rename(path, to), 0);
		file_close(&w->fd);
		open_new(w);
		snprintf(command, sizeof(command), "gzip -q %s", to);
		assert_int_equal(system(command), 0);
	}
	write_line(w);
	/* The first of them is known by its start alone, unpacked; the others were never seen plain. */
	read_until(source, reader, &a, 5);
	assert_int_equal(a.gaps, 0);
	reader_free(reader);
	source_free(source);
	file_close(&w->fd);
}

/* --- commands and pipes ---------------------------------------------------------------------------------------------- */

static void a_command_is_started_again_when_it_ends(void **state)
{
	const char *const argv[] = { "sh", "-c", "n=$(cat n 2>/dev/null || echo 0); echo seq $n; echo $((n + 1)) >n; "
				     "echo 'connection lost' >&2; exit 255", NULL };
	struct account a = { 0 };
	struct source *source;
	struct reader *reader;
	struct buffer text = BUFFER_INIT(1000);
	int64_t deadline = clock_monotonic_ms() + DEADLINE_MS;

	(void)state;
	assert_int_equal(chdir(dir), 0);
	assert_true(source_open_command(argv, true, 20, &source, NULL));
	reader = make_reader(source, &a);
	read_until(source, reader, &a, 3);
	assert_int_equal(a.joints[JOINT_RECONNECTED], 2);
	while (source_state(source) != SOURCE_WAITING) {
		source_step(source);
		assert_true(clock_monotonic_ms() < deadline);
	}
	source_describe(source, &text);
	assert_non_null(strstr(buffer_text(&text), "connecting again in"));
	assert_non_null(strstr(buffer_text(&text), "status 255: connection lost"));
	reader_free(reader);
	source_free(source);
	buffer_clear(&text);
	assert_int_equal(chdir("/"), 0);
}

/* As "tail -n 3 -f" over a connection that is lost: each run begins with what the one before ended with. */
static void what_a_command_says_again_is_not_doubled(void **state)
{
	const char *const argv[] = { "sh", "-c", "n=$(cat runs 2>/dev/null || echo 0); echo $((n + 1)) >runs; for i in 0 1 2; do "
				     "echo \"2025-03-13 14:24:5$((n + i)),803 INFO  [t][[]] a.b.C -:::::- seq $((n + i))\"; sleep 0.01; done",
				     NULL };
	struct account a = { 0 };
	struct source *source;
	struct reader *reader;

	(void)state;
	assert_int_equal(chdir(dir), 0);
	assert_true(source_open_command(argv, true, 20, &source, NULL));
	reader = make_reader(source, &a);
	read_until(source, reader, &a, 5);
	assert_int_equal(a.joints[JOINT_RECONNECTED], 2);
	reader_free(reader);
	source_free(source);
	assert_int_equal(chdir("/"), 0);
}

/* It says what was said before, and then nothing for a while: nothing is shown, and nothing is lost. */
static void what_comes_after_a_command_repeated_itself_is_shown(void **state)
{
	const char *const argv[] = { "sh", "-c", "line() { echo \"2025-03-13 14:24:5$1,803 INFO  [t][[]] a.b.C -:::::- seq $1\"; }; "
				     "line 0; line 1; if [ -e once ]; then sleep 0.1; line 2; sleep 1000; fi; touch once", NULL };
	struct account a = { 0 };
	struct source *source;
	struct reader *reader;

	(void)state;
	assert_int_equal(chdir(dir), 0);
	assert_true(source_open_command(argv, true, 20, &source, NULL));
	reader = make_reader(source, &a);
	read_until(source, reader, &a, 3);
	assert_int_equal(a.joints[JOINT_RECONNECTED], 1);
	reader_free(reader);
	source_free(source);
	assert_int_equal(chdir("/"), 0);
}

/* The same lines begin what is another text: it is held back, and then shown. */
static void what_only_begins_as_before_is_shown_after_a_while(void **state)
{
	const char *const argv[] = { "sh", "-c", "line() { echo \"2025-03-13 14:24:5$1,803 INFO  [t][[]] a.b.C -:::::- seq $2\"; }; "
				     "if [ -e other ]; then line 0 2; sleep 1000; fi; touch other; line 0 0; line 1 1", NULL };
	struct account a = { 0 };
	struct source *source;
	struct reader *reader;

	(void)state;
	assert_int_equal(chdir(dir), 0);
	assert_true(source_open_command(argv, true, 20, &source, NULL));
	reader = make_reader(source, &a);
	read_until(source, reader, &a, 3);
	reader_free(reader);
	source_free(source);
	assert_int_equal(chdir("/"), 0);
}

static void a_command_that_is_not_there_is_told(void **state)
{
	const char *const argv[] = { "/nonexistent/ssh", "node", NULL };
	struct source *source;

	(void)state;
	assert_true(source_open_command(argv, true, 0, &source, NULL));
	assert_int_equal(source_state(source), SOURCE_WAITING);
	assert_non_null(strstr(source_error(source)->message, "/nonexistent/ssh"));
	source_free(source);
}

static void a_command_that_does_not_end_is_ended(void **state)
{
	const char *const argv[] = { "sh", "-c", "trap '' TERM; echo seq 0; sleep 1000", NULL };
	struct account a = { 0 };
	struct source *source;
	struct reader *reader;
	int64_t before;

	(void)state;
	assert_true(source_open_command(argv, true, 0, &source, NULL));
	reader = make_reader(source, &a);
	read_until(source, reader, &a, 1);
	before = clock_monotonic_ms();
	reader_free(reader);
	source_free(source);
	assert_true(clock_monotonic_ms() - before < 5000);
}

/* Counts lines; a line is never cut by the change from one temporary file to the next. */
static bool count_lines(void *data, const struct reader_piece *piece)
{
	long *lines = data;

	assert_true(piece->n > 0 && piece->text[piece->n - 1] == '\n');
	for (size_t i = 0; i < piece->n; i++)
		*lines += piece->text[i] == '\n';
	return true;
}

static void a_long_pipe_is_read_whole_in_bounded_space(void **state)
{
	static const char command[] = "i=0; while [ $i -lt 8 ]; do "
				      "yes '2026-11-24 10:00:00,000 INFO  [w][[]] t.W -:::::- x' | head -300000; i=$((i + 1)); done";
	struct filter *everything = filter_new();
	long lines = 0;
	const struct reader_calls calls = { count_lines, NULL, &lines };
	const char *const argv[] = { "sh", "-c", command, NULL };
	struct source *source;
	struct reader *reader;
	struct error err = ERROR_INIT;
	int64_t deadline = clock_monotonic_ms() + DEADLINE_MS;

	(void)state;
	assert_true(filter_ready(everything, 0, NULL));
	assert_true(source_open_command(argv, false, 0, &source, NULL));
	reader = reader_new(source, everything, false, false, false, &calls);
	while (source_state(source) != SOURCE_ENDED) {
		struct pollfd fds[SOURCE_FDS_MAX];
		int timeout;

		source_step(source);
		assert_int_equal(reader_step(reader, &err), READER_WAIT);
		if (source_count(source) > 0)
			source_drop_before(source, source_at(source, source_count(source) - 1)->number);
		assert_true(source_count(source) <= 1);
		assert_true(clock_monotonic_ms() < deadline);
		poll(fds, source_poll(source, fds, &timeout), 100);
	}
	assert_int_equal(reader_step(reader, &err), READER_WAIT);
	assert_int_equal(lines, 2400000);
	assert_true(source_at(source, 0)->number > SEGMENT_FIRST_NUMBER);
	reader_free(reader);
	source_free(source);
	filter_free(everything);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		TEST(lines_that_a_late_writer_adds_to_the_old_file_come_too),
		TEST(a_file_rewritten_longer_than_before_is_noticed),
		TEST(a_file_is_waited_for_with_its_folder),
		TEST(generations_that_came_and_went_unseen_are_read),
		TEST(what_was_rotated_away_last_is_read_though_nothing_follows),
		TEST(files_that_overtake_the_walk_come_in_their_order),
		TEST(copies_that_overtake_the_walk_come_in_their_order),
		TEST(what_is_rotated_meanwhile_is_not_taken_for_older),
		TEST(a_rotation_that_dates_and_packs_is_followed),
		TEST(a_command_is_started_again_when_it_ends),
		TEST(what_a_command_says_again_is_not_doubled),
		TEST(what_comes_after_a_command_repeated_itself_is_shown),
		TEST(what_only_begins_as_before_is_shown_after_a_while),
		TEST(a_command_that_is_not_there_is_told),
		TEST(a_command_that_does_not_end_is_ended),
		TEST(a_long_pipe_is_read_whole_in_bounded_space),
		TEST(every_line_is_read_once_while_files_are_renamed),
		TEST(every_line_is_read_once_while_files_are_copied_and_truncated),
		TEST(every_line_is_read_once_under_all_four_kinds),
		TEST(every_line_is_read_once_without_inotify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
