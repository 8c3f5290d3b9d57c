/* An archive through our own extraction: never crashes, nothing but files and folders, and nothing outside. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "feed/extract.h"

static int room = -1;		/* a folder with nothing in it but "in" */
static char path[] = "/dev/shm/fuzz-tar-XXXXXX";

static void remove_room(void)
{
	(void)file_remove_tree(AT_FDCWD, path, NULL);
}

static void make_room(void)
{
	if (mkdtemp(path) == NULL)
		abort();
	atexit(remove_room);
	room = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct extract_limits limits = { .bytes = 1024 * 1024, .entries = 64, .ratio = 200 };
	struct extract_result result = { 0 };
	struct error err = ERROR_INIT;
	static int archive = -1;
	struct stat st;
	int in;

	if (room < 0)
		make_room();
	if (archive < 0)
		archive = memfd_create("tar", MFD_CLOEXEC);
	if (archive < 0 || ftruncate(archive, 0) < 0 || pwrite(archive, data, size, 0) != (ssize_t)size)
		return 0;
	in = file_open_dir(room, "in", true, 0700, NULL);
	if (in < 0)
		return 0;
	if (extract_component(archive, in, "component.tar", &limits, NULL, NULL, &result, &err)) {
		if (result.bytes > limits.bytes || result.files > limits.entries)
			abort();
	} else if (err.code == FINDING_NONE || err.message[0] == '\0') {
		abort();
	}
	file_close(&in);
	if (!file_remove_tree(room, "in", NULL))
		abort();
	/* An empty folder has two links: its own and its parent's. */
	if (fstat(room, &st) == 0 && st.st_nlink > 2)
		abort();
	return 0;
}
