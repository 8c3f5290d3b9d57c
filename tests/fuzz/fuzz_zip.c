/* A zip through our own reader: never crashes; a member that is read has the size that the directory says. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "feed/bundle.h"
#include "feed/signature.h"

#define MEMBER_MAX (16 * 1024 * 1024)

static bool count_bytes(void *data, const void *bytes, size_t len, struct error *err)
{
	(void)bytes, (void)err;
	*(size_t *)data += len;
	return *(size_t *)data <= MEMBER_MAX;
}

static void read_members(const struct bundle *b)
{
	for (size_t i = 0; i < bundle_count(b); i++) {
		const struct bundle_member *m = bundle_at(b, i);
		struct error err = ERROR_INIT;
		size_t bytes = 0;

		if (m->name[0] == '/' || strncmp(m->name, "../", 3) == 0 || strstr(m->name, "/../") != NULL)
			abort();
		if (bundle_read(b, m, count_bytes, &bytes, &err) && (int64_t)bytes != m->size)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES), p7s = BUFFER_INIT(SIGNATURE_MAX_BYTES);
	static int fd = -1;
	struct error err = ERROR_INIT;
	struct manifest *m = NULL;
	struct bundle *b = NULL;

	if (fd < 0)
		fd = memfd_create("zip", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	if (bundle_open(fd, "zip", &b, &err)) {
		read_members(b);
		(void)bundle_manifest(b, &m, &xml, &p7s, &err);
		manifest_free(m);
		bundle_free(b);
	} else if (err.code == FINDING_NONE || err.message[0] == '\0') {
		abort();
	}
	buffer_clear(&xml);
	buffer_clear(&p7s);
	return 0;
}
