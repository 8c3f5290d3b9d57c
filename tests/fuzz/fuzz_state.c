/* The files of the state folder, as somebody's editor, a bad disk or another program may leave them. The first byte says which:
 * the history, the index of certificates, a generation's description. Never crashes; the history can be written to again. */
#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "store/store.h"
#include "trust/room.h"

#define GENERATION "20261120-1"

static char room[64];
static int room_fd = -1;

static void make_room(void)
{
	snprintf(room, sizeof(room), "/dev/shm/fuzz-state-XXXXXX");
	if (mkdtemp(room) == NULL)
		abort();
	room_fd = open(room, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (room_fd < 0 || mkdirat(room_fd, "content", 0750) < 0 || mkdirat(room_fd, "content/" GENERATION, 0755) < 0 ||
	    mkdirat(room_fd, "trust", 0700) < 0 || symlinkat("content/" GENERATION, room_fd, "current") < 0)
		abort();
}

static void remove_room(void)
{
	(void)file_remove_tree(AT_FDCWD, room, NULL);
}

static void put(const char *name, const uint8_t *data, size_t size)
{
	int fd = openat(room_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || !file_write_all(fd, data, size))
		abort();
	file_close(&fd);
}

static void use_history(const uint8_t *data, size_t size)
{
	struct store *s;
	json_t *before, *after;

	put("history.jsonl", data, size);
	if (!store_open(room, true, &s, NULL))
		abort();
	if (store_history_load(s, &before, NULL)) {
		if (store_history_append(s, json_pack("{s:s}", "action", "update"), NULL)) {
			if (!store_history_load(s, &after, NULL) || json_array_size(after) == 0)
				abort();
			json_decref(after);
		}
		json_decref(before);
	}
	store_free(s);
}

static void use_index(const uint8_t *data, size_t size)
{
	struct trust_index index;
	int dir;

	put("trust/index.json", data, size);
	dir = openat(room_fd, "trust", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (trust_index_load(&index, dir, "trust", NULL))
		trust_index_clear(&index);
	file_close(&dir);
}

static void use_generation(const uint8_t *data, size_t size)
{
	struct store_generation *g = NULL;
	struct store *s;

	put("content/" GENERATION "/generation.json", data, size);
	if (!store_open(room, false, &s, NULL))
		abort();
	if (store_generation_load(s, NULL, &g, NULL) && g != NULL) {
		for (size_t i = 0; i < g->count; i++) {
			if (g->components[i].id[0] == '.' || strchr(g->components[i].id, '/') != NULL)
				abort();
			(void)store_component_whole(s, g, g->components[i].id);
		}
	}
	store_generation_free(g);
	store_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (room_fd < 0) {
		make_room();
		atexit(remove_room);
	}
	switch (data[0]) {
	case 'h': use_history(data + 1, size - 1); break;
	case 'i': use_index(data + 1, size - 1); break;
	case 'g': use_generation(data + 1, size - 1); break;
	}
	return 0;
}
