/* Thousands of archives that are each a little wrong: no crash, no hang, no memory without end, nothing outside.
 *
 * The seed is fixed: a failure names its number, and comes again. (The fuzz targets look further.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "feed/bundle.h"
#include "feed/extract.h"
#include "feed/manifest.h"
#include "hostile.h"

#define ZIP_MUTANTS 3000
#define TAR_MUTANTS 1500
#define XML_MUTANTS 3000
#define EACH_MS 2000
#define ALL_KIB (64 * 1024)		/* resident memory of the whole run; the crafted bombs are among the seeds */

static uint64_t random_state = 20261120;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % n;
}

/* Changes a few bytes, copies or moves a piece, cuts or lengthens. */
static void mutate(char *data, size_t *len, size_t room)
{
	static const unsigned char interesting[] = { 0, 1, 0x7F, 0x80, 0xFF, 'P', 'K', '/', '.', '\\' };
	uint32_t changes = 1 + random_below(4);

	while (changes-- > 0 && *len > 8) {
		size_t at = random_below((uint32_t)*len), n = 1 + random_below(64), to = random_below((uint32_t)*len);

		n = at + n > *len ? *len - at : n;
		n = to + n > *len ? *len - to : n;
		switch (random_below(7)) {
		case 0: data[at] = (char)random_below(256); break;
		case 1: data[at] = (char)interesting[random_below(sizeof(interesting))]; break;
		case 2: data[at] = (char)(data[at] ^ 1 << random_below(8)); break;
		case 3: memmove(data + to, data + at, n); break;
		case 4: memset(data + at, random_below(2) != 0 ? 0xFF : 0, n); break;
		case 5: *len -= n; memmove(data + at, data + at + n, *len - at); break;
		default:
			if (*len + n <= room) {
				memmove(data + at + n, data + at, *len - at);
				*len += n;
			}
		}
	}
}

/* A file in memory with these bytes. */
static int memory_file(const char *data, size_t len)
{
	int fd = memfd_create("mutant", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(file_write_all(fd, data, len));
	return fd;
}

static bool count_bytes(void *data, const void *bytes, size_t len, struct error *err)
{
	(void)bytes, (void)err;
	*(size_t *)data += len;
	return true;
}

static void use_zip(const char *data, size_t len)
{
	struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES), p7s = BUFFER_INIT(MANIFEST_MAX_BYTES);
	int fd = memory_file(data, len);
	struct error err = ERROR_INIT;
	struct manifest *m = NULL;
	struct bundle *b = NULL;

	if (bundle_open(fd, "mutant", &b, &err)) {
		for (size_t i = 0; i < bundle_count(b); i++) {
			size_t bytes = 0;

			if (bundle_read(b, bundle_at(b, i), count_bytes, &bytes, &err))
				assert_int_equal(bytes, bundle_at(b, i)->size);
		}
		(void)bundle_manifest(b, &m, &xml, &p7s, &err);
		manifest_free(m);
		bundle_free(b);
	} else {
		assert_int_not_equal(err.code, FINDING_NONE);
		assert_null(b);
	}
	buffer_clear(&xml);
	buffer_clear(&p7s);
	close(fd);
}

static void use_tar(const char *data, size_t len)
{
	struct extract_limits limits = { .bytes = 4 << 20, .entries = 1000 };
	int fd = memory_file(data, len), dir = hostile_sandbox();
	struct error err = ERROR_INIT;

	if (!extract_component(fd, dir, "mutant.xml", &limits, NULL, NULL, NULL, &err))
		assert_int_not_equal(err.code, FINDING_NONE);
	close(fd);
	close(dir);
}

static void use_xml(const char *data, size_t len)
{
	struct error err = ERROR_INIT;
	struct manifest *m = NULL;

	if (manifest_parse(data, len, &m, &err)) {
		assert_true(m->count > 0);
		manifest_free(m);
	} else {
		assert_true(err.code == FINDING_FEED_MALFORMED || err.code == FINDING_FEED_NOT_A_MANIFEST);
	}
}

static size_t read_seed(const char *kind, const char *name, char *data, size_t room)
{
	int fd = hostile_open(kind, name);
	ssize_t n = read(fd, data, room);

	close(fd);
	assert_true(n > 0 && (size_t)n < room);
	return (size_t)n;
}

static void run(const char *kind, const char *const seeds[], size_t seed_count, int mutants,
		void (*use)(const char *data, size_t len))
{
	enum { ROOM = 1 << 20 };
	char *data = malloc(ROOM);

	assert_non_null(data);
	for (int i = 0; i < mutants; i++) {
		size_t len = read_seed(kind, seeds[(size_t)i % seed_count], data, ROOM);
		int64_t from;

		mutate(data, &len, ROOM);
		from = clock_monotonic_ms();
		use(data, len);
		if (clock_monotonic_ms() - from > EACH_MS)
			fail_msg("%s mutant %d took %lld ms", kind, i, (long long)(clock_monotonic_ms() - from));
	}
	free(data);
}

static void bounded_memory(void)
{
#ifndef PC_SANITIZED
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	if (usage.ru_maxrss > ALL_KIB)
		fail_msg("%ld KiB of memory", usage.ru_maxrss);
#endif
}

static void zip_mutants_do_no_harm(void **state)
{
	static const char *const seeds[] = {
		"good.zip", "good-comment.zip", "good-folder.zip", "good-streamed.zip", "good-zip64.zip", "good-nested.zip",
		"good-unicode-path.zip", "two-ends-comment.zip", "overlap.zip", "zip64-disagrees.zip", "bomb-ratio.zip",
		"deflate-long.zip",
	};

	(void)state;
	run("zip", seeds, sizeof(seeds) / sizeof(seeds[0]), ZIP_MUTANTS, use_zip);
	bounded_memory();
}

static void tar_mutants_do_no_harm(void **state)
{
	static const char *const seeds[] = {
		"good.tar", "good.tar.gz", "good.tar.xz", "good-pax.tar", "good-modes.tar", "symlink-through.tar",
		"hardlink.tar", "sparse-gnu.tar", "sparse-pax.tar", "bomb-ratio.tar.gz", "name-gnu-slip.tar",
		"name-pax-slip.tar", "size-binary.tar", "good-members.tar.gz",
	};

	(void)state;
	run("tar", seeds, sizeof(seeds) / sizeof(seeds[0]), TAR_MUTANTS, use_tar);
	assert_false(hostile_escaped());
	bounded_memory();
}

static void manifest_mutants_do_no_harm(void **state)
{
	static const char *const seeds[] = { "good.xml" };
	static const char xml[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<posture-update version=\"2026.11.20.1\" "
		"published=\"2026-11-20T08:00:00Z\" expires=\"2027-02-20T00:00:00Z\">\n<component id=\"a\" title=\"A &amp; B\" "
		"version=\"1.2\" href=\"sub/a.tar.gz\" size=\"48213\" "
		"sha256=\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"/><component id=\"b\" "
		"version=\"2\" href=\"b\" size=\"1\" once=\"true\" "
		"sha256=\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"/></posture-update>\n";
	char *folder = hostile_path("xml"), *file = hostile_path("xml/good.xml");

	(void)state;
	assert_true(file_make_dirs(folder, 0755, NULL));
	assert_true(file_write_atomic(AT_FDCWD, file, 0644, xml, strlen(xml), NULL));
	free(folder);
	free(file);
	run("xml", seeds, 1, XML_MUTANTS, use_xml);
	bounded_memory();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zip_mutants_do_no_harm),
		cmocka_unit_test(tar_mutants_do_no_harm),
		cmocka_unit_test(manifest_mutants_do_no_harm),
	};

	return cmocka_run_group_tests_name("mutants", tests, hostile_setup, hostile_teardown);
}
