#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hostile.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

static char folder[] = "/tmp/pc-hostile-XXXXXX";
static int sandboxes;

extern char **environ;

const char *hostile_folder(void)
{
	return folder;
}

char *hostile_path(const char *below)
{
	char *path = file_join(folder, below);

	assert_non_null(path);
	return path;
}

int hostile_run(const char *const argv[])
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status, rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc != 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int hostile_setup(void **state)
{
	const char *source = getenv("top_srcdir");
	char script[PATH_MAX];

	(void)state;
	if (hostile_run((const char *const[]){ "python3", "-c", "", NULL }) != 0) {
		printf("SKIP: python3 is not installed\n");
		exit(77);
	}
	snprintf(script, sizeof(script), "%s/tests/feed/make_hostile.py", source != NULL ? source : "..");
	if (mkdtemp(folder) == NULL)
		return -1;
	return hostile_run((const char *const[]){ "python3", script, folder, NULL });
}

int hostile_teardown(void **state)
{
	(void)state;
	return file_remove_tree(AT_FDCWD, folder, NULL) ? 0 : -1;
}

int hostile_open(const char *kind, const char *name)
{
	char below[NAME_MAX], *path;
	int fd;

	snprintf(below, sizeof(below), "%s/%s", kind, name);
	path = hostile_path(below);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s is not there", path);
	free(path);
	return fd;
}

int hostile_sandbox(void)
{
	char below[NAME_MAX], *path;
	int fd;

	snprintf(below, sizeof(below), "sandbox/deep/down/%d", ++sandboxes);
	path = hostile_path(below);
	assert_true(file_make_dirs(path, 0755, NULL));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	free(path);
	return fd;
}

/* True when the folder holds anything but `only`. */
static bool holds_more(const char *below, const char *only)
{
	char *path = hostile_path(below);
	struct dirent *entry;
	bool more = false;
	DIR *dir = opendir(path);

	free(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.' && strspn(entry->d_name, "0123456789") != strlen(entry->d_name) &&
		    strcmp(entry->d_name, only) != 0)
			more = true;
	}
	closedir(dir);
	return more;
}

bool hostile_escaped(void)
{
	return holds_more("sandbox", "deep") || holds_more("sandbox/deep", "down") || holds_more("sandbox/deep/down", "") ||
	       access("/tmp/evil", F_OK) == 0 || access("/evil", F_OK) == 0;
}
