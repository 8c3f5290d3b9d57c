#include "job/files.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "job/job.h"

#define STAMP "%Y%m%dT%H%M%SZ"
#define ENDING ".jsonl"
#define FUTURE_S (24 * 60 * 60)		/* a clock that is set right goes back by less */

static char *put_stamp(char *stamp, time_t t)
{
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(stamp, JOB_STAMP_MAX, STAMP, &tm);
	return stamp;
}

static int is_job_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name), ending = sizeof(ENDING) - 1;

	return len > ending && len < JOB_ID_MAX && strcmp(entry->d_name + len - ending, ENDING) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int job_files(int dirfd, struct dirent ***entries)
{
	int count = scandirat(dirfd, ".", entries, is_job_file, by_name), wrong = 0;
	char limit[JOB_STAMP_MAX];

	if (count < 0) {
		*entries = NULL;
		return 0;
	}
	put_stamp(limit, clock_now() + FUTURE_S);
	while (wrong < count && strcmp((*entries)[count - 1 - wrong]->d_name, limit) > 0)
		wrong++;
	for (int i = 0; i < wrong; i++) {
		struct dirent *last = (*entries)[count - 1];

		memmove(*entries + 1, *entries, (size_t)(count - 1) * sizeof(struct dirent *));
		(*entries)[0] = last;
	}
	return count;
}

void job_files_free(struct dirent **entries, int count)
{
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
}

char *job_files_stamp(int dirfd, char *stamp)
{
	struct dirent **entries;
	int count = job_files(dirfd, &entries);
	time_t now = clock_now(), newest;
	struct tm tm = { 0 };

	if (count > 0 && strptime(entries[count - 1]->d_name, STAMP, &tm) != NULL) {
		newest = timegm(&tm);
		if (newest >= now && newest < now + FUTURE_S)
			now = newest + 1;
	}
	job_files_free(entries, count);
	return put_stamp(stamp, now);
}
