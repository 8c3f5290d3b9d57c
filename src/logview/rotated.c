#include "logview/rotated.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* While files are being shifted, a number or two can be missing for a moment. */
#define HOLES_MAX 3
#define NUMBER_MAX 999

struct dated {
	int64_t key;			/* day and index, rising with time */
	bool packed;
	char name[NAME_MAX + 1];
};

/* What a folder holds: the highest number, and the dated files. */
struct listing {
	long highest;
	struct dated *dated;
	size_t count;
};

static const char *const packings[] = { "", ".gz", ".xz", ".zst", ".bz2" };

#define PACKINGS (sizeof(packings) / sizeof(packings[0]))

/* The length of the name without what its packing adds. */
static size_t without_packing(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 1; i < PACKINGS; i++) {
		size_t len = strlen(packings[i]);

		if (n > len && strcmp(name + n - len, packings[i]) == 0)
			return n - len;
	}
	return n;
}

static bool all_digits(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i]))
			return false;
	}
	return n > 0;
}

/* "2026-08-11" or "20260811", with "-2" behind it or not. 0 when it is no date. */
static int64_t date_key(const char *s, size_t n)
{
	static const char dashed[] = "dddd-dd-dd", plain[] = "dddddddd";
	const char *shape = n > 4 && s[4] == '-' ? dashed : plain;
	size_t len = strlen(shape);
	int64_t key = 0;

	if (n < len)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (shape[i] == '-' ? s[i] != '-' : !isdigit((unsigned char)s[i]))
			return 0;
		if (shape[i] == 'd')
			key = key * 10 + (s[i] - '0');
	}
	key *= 1000000;
	if (n == len)
		return key;
	if ((s[len] != '-' && s[len] != '.') || n - len > 6 || !all_digits(s + len + 1, n - len - 1))
		return 0;
	return key + strtol(s + len + 1, NULL, 10) + 1;
}

static void enter(struct listing *list, const char *name, const char *suffix)
{
	size_t n = without_packing(suffix);
	int64_t key;

	if (suffix[0] == '.' && n < 6 && all_digits(suffix + 1, n - 1)) {
		long number = strtol(suffix + 1, NULL, 10);

		if (number > list->highest)
			list->highest = number;
		return;
	}
	key = (suffix[0] == '.' || suffix[0] == '-') && n > 1 ? date_key(suffix + 1, n - 1) : 0;
	if (key == 0 || list->count == ROTATED_MAX)
		return;
	list->dated[list->count].key = key;
	list->dated[list->count].packed = suffix[n] != '\0';
	snprintf(list->dated[list->count].name, sizeof(list->dated[0].name), "%s", name);
	list->count++;
}

/* Newest first; of a file and its compressed form, which both exist for a moment, the file. */
static int newest_first(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? 1 : -1;
	return (int)x->packed - (int)y->packed;
}

static bool read_folder(int dirfd, const char *base, struct listing *list)
{
	size_t base_len = strlen(base);
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (dir == NULL) {
		file_close(&fd);
		return false;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, base, base_len) == 0 && entry->d_name[base_len] != '\0')
			enter(list, entry->d_name, entry->d_name + base_len);
	}
	closedir(dir);
	qsort(list->dated, list->count, sizeof(list->dated[0]), newest_first);
	return true;
}

/* Whatever has the name is opened without waiting for it. */
static int open_file(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* Opens "BASE.number" in whichever packing it is there. */
static int open_numbered(int dirfd, const char *base, long number, char *name, size_t size)
{
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < PACKINGS; i++) {
		snprintf(name, size, "%s.%ld%s", base, number, packings[i]);
		fd = open_file(dirfd, name);
	}
	return fd;
}

/* Numbers are tried one by one rather than taken from the listing: files move to higher ones meanwhile. */
static bool walk_numbers(int dirfd, const char *base, long highest, rotated_fn *fn, void *data)
{
	char name[NAME_MAX + 32];
	long holes = 0;

	for (long i = 0; i <= NUMBER_MAX && (i <= highest || holes <= HOLES_MAX); i++) {
		int fd = open_numbered(dirfd, base, i, name, sizeof(name));

		holes = fd < 0 ? holes + 1 : 0;
		if (fd >= 0 && !fn(data, fd, name))
			return false;
	}
	return true;
}

static bool walk_dated(int dirfd, const struct listing *list, rotated_fn *fn, void *data)
{
	for (size_t i = 0; i < list->count; i++) {
		int fd;

		if (i > 0 && list->dated[i].key == list->dated[i - 1].key)
			continue;
		fd = open_file(dirfd, list->dated[i].name);
		if (fd >= 0 && !fn(data, fd, list->dated[i].name))
			return false;
	}
	return true;
}

/* Is the newest dated file newer than the newest numbered one? */
static bool dates_come_first(int dirfd, const char *base, const struct listing *list)
{
	char name[NAME_MAX + 32];
	struct stat dated, numbered;
	int fd = -1;
	bool newer;

	if (list->count == 0 || list->highest < 0 || fstatat(dirfd, list->dated[0].name, &dated, 0) < 0)
		return false;
	for (long i = 0; fd < 0 && i <= list->highest && i <= NUMBER_MAX; i++)
		fd = open_numbered(dirfd, base, i, name, sizeof(name));
	newer = fd >= 0 && fstat(fd, &numbered) == 0 &&
		(dated.st_mtim.tv_sec > numbered.st_mtim.tv_sec || (dated.st_mtim.tv_sec == numbered.st_mtim.tv_sec &&
								     dated.st_mtim.tv_nsec > numbered.st_mtim.tv_nsec));
	file_close(&fd);
	return newer;
}

void rotated_walk(const char *dir, const char *base, rotated_fn *fn, void *data)
{
	struct listing list = { .highest = -1, .dated = calloc(ROTATED_MAX, sizeof(struct dated)) };
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (list.dated != NULL && dirfd >= 0 && read_folder(dirfd, base, &list)) {
		if (dates_come_first(dirfd, base, &list)) {
			if (walk_dated(dirfd, &list, fn, data))
				walk_numbers(dirfd, base, list.highest, fn, data);
		} else if (walk_numbers(dirfd, base, list.highest, fn, data)) {
			walk_dated(dirfd, &list, fn, data);
		}
	}
	file_close(&dirfd);
	free(list.dated);
}
