#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/event.h"
#include "base/file.h"
#include "diagnose/check_local.h"

#define TAIL_BYTES 65536
#define SUFFIX ".jsonl"

/* The newest file of jobs/ that is an update's. */
static bool newest(DIR *dir, char *name, size_t size)
{
	struct dirent *entry;
	struct timespec best = { 0, 0 };
	bool found = false;

	while ((entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);
		struct stat st;

		if (len <= strlen(SUFFIX) || len >= size || strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) != 0 ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (!found || st.st_mtim.tv_sec > best.tv_sec ||
		    (st.st_mtim.tv_sec == best.tv_sec && st.st_mtim.tv_nsec > best.tv_nsec)) {
			memcpy(name, entry->d_name, len + 1);
			best = st.st_mtim;
			found = true;
		}
	}
	return found;
}

static bool is_event(const char *line, size_t len, const char *kind)
{
	json_t *event = event_parse(line, len);
	const char *name = json_string_value(json_object_get(event, "event"));
	bool same = name != NULL && strcmp(name, kind) == 0;

	json_decref(event);
	return same;
}

/* Is there no end of an update in the last lines? */
static bool lacks_its_end(int fd)
{
	static char tail[TAIL_BYTES];
	struct stat st;
	ssize_t n;
	char *line, *end;

	if (fstat(fd, &st) < 0)
		return false;
	n = pread(fd, tail, sizeof(tail), st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0);
	if (n <= 0)
		return false;
	end = tail + n;
	for (line = tail; line < end;) {
		char *stop = memchr(line, '\n', (size_t)(end - line));

		if (stop == NULL)
			break;
		if (is_event(line, (size_t)(stop - line), "update.finished"))
			return false;
		line = stop + 1;
	}
	return true;
}

bool check_local_interrupted(const char *state_dir, char *job, size_t size)
{
	char path[4096], name[256];
	DIR *dir;
	bool interrupted = false;

	snprintf(path, sizeof(path), "%s/jobs", state_dir);
	dir = opendir(path);
	if (dir == NULL)
		return false;
	if (newest(dir, name, sizeof(name))) {
		int fd = openat(dirfd(dir), name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

		interrupted = fd >= 0 && lacks_its_end(fd);
		snprintf(job, size, "%.*s", (int)(strlen(name) - strlen(SUFFIX)), name);
		if (fd >= 0)
			file_close(&fd);
	}
	closedir(dir);
	return interrupted;
}
