/* A keymap file: never crashes; a wrong line is named, and then the bindings are those of the table. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "../ui/keymap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer keys = BUFFER_INIT(1024u * 1024);
	struct error err = ERROR_INIT;
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("keymap", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	if (!keymap_load(path, &err) && err.message[0] == '\0')
		abort();
	for (int action = 0; action < ACTION_COUNT; action++)
		keymap_keys((enum action)action, &keys);
	buffer_clear(&keys);
	return 0;
}
