/* failalloc.c - lets the Nth allocation of a program fail. Linked into a test program, or loaded before any other library
 * (LD_PRELOAD=failalloc.so), it takes the place of the C library's allocator for the program and all its libraries.
 *
 *   FAILALLOC_AT=N        the Nth malloc, calloc or realloc returns NULL; a child process counts on from its parent's number
 *   FAILALLOC_COUNT=1     prints how many there were on descriptor 2 at the end
 *   FAILALLOC_FILE=FILE   each process appends its number to that file when it ends
 *
 * An update over TLS makes 60000 allocations, from some thousand places. A place is the nearest calls on the stack, by address: so
 * both need addresses that do not change (setarch -R).
 *   FAILALLOC_PLACES=FILE the places that any of the processes comes to: a table of 64-bit numbers, 0 where there is none
 *   FAILALLOC_PLACE=P     the first allocation from that place fails, in each process that comes to it
 *   FAILALLOC_CRASHES=FILE  a line for each process that crashed: "library" or "ours", the signal, and the calls outwards from the
 *                         innermost that is not the C library's (after 8 bytes that count); "failed" for each allocation that did
 *
 * Some libraries do not look whether they got memory (is_known() below says which, and where): a crash in one of them ends
 * the process with 70 and says so, so that it can be told from one of ours.
 */
#undef _exit	/* config.h has its own for gcov */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The sanitizers bring an allocator of their own. */
#ifndef PC_SANITIZED

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

#define FRAMES_MAX 12	/* of the nearest callers */
#define PLACES_MAX 65536	/* a power of two */
#define CRASHES_BYTES 65536

static unsigned long allocations, fail_at;
static uint64_t *places, fail_place;	/* in the file, so that a process that may write to nothing fills it too */
static char *crashes;		/* in a file too; the first bytes count what of it is used */
static bool by_place;
static __thread bool inside;	/* backtrace() may allocate */

void *malloc(size_t size) __attribute__((visibility("default")));
void *calloc(size_t n, size_t size) __attribute__((visibility("default")));
void *realloc(void *p, size_t size) __attribute__((visibility("default")));

/* FNV-1a over the addresses. Never 0. */
static uint64_t this_place(void)
{
	void *frames[FRAMES_MAX];
	int n = backtrace(frames, FRAMES_MAX);
	uint64_t hash = 14695981039346656037u;

	for (int i = 0; i < n; i++)
		hash = (hash ^ (uint64_t)(uintptr_t)frames[i]) * 1099511628211u;
	return hash | 1;
}

static void note(uint64_t place)
{
	size_t at = (place >> 20) % PLACES_MAX;

	for (size_t i = 0; i < PLACES_MAX; i++, at = (at + 1) % PLACES_MAX) {
		uint64_t there = 0;

		if (__atomic_compare_exchange_n(&places[at], &there, place, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) || there == place)
			return;
	}
}

static bool is_the_place(void)
{
	uint64_t place;
	bool hit;

	if (inside)
		return false;
	inside = true;
	place = this_place();
	if (places != NULL)
		note(place);
	hit = place == fail_place;
	if (hit)
		fail_place = 0;
	inside = false;
	return hit;
}

static void record(const char *text, size_t len)
{
	size_t at = __atomic_fetch_add((size_t *)(void *)crashes, len, __ATOMIC_RELAXED) + sizeof(size_t);

	if (at + len < CRASHES_BYTES)
		memcpy(crashes + at, text, len);
}

static int must_fail(void)
{
	if (by_place ? !is_the_place() : __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED) != fail_at)
		return 0;
	if (crashes != NULL)
		record("failed\n", 7);
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return must_fail() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return must_fail() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return must_fail() ? NULL : __libc_realloc(p, size);
}

/* libconfig 1.5: config_init(), its scanner. jansson 2.14: json_loadb() frees what it never set. OpenSSL 3.0: EVP_MD_fetch() and its
 * kin lock NULL in ossl_lib_ctx_get_data(), because get_default_context() does not look whether the context could be made.
 * nghttp2 1.52: nghttp2_session_mem_recv() puts a peer's setting into a list that it does not have. */
static bool is_known(const char *file, const char *function)
{
	static const struct { const char *file, *function; } known[] = {
		{ "libconfig", NULL }, { "libjansson", NULL }, { "libcrypto", "CRYPTO_THREAD_read_lock" },
		{ "libnghttp2", "nghttp2_session_mem_recv" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strstr(file, known[i].file) != NULL && (known[i].function == NULL || strcmp(function, known[i].function) == 0))
			return true;
	}
	return false;
}

/* The innermost frame that is neither the C library's nor ours here tells whose crash it is. */
static void on_crash(int sig)
{
	void *frames[FRAMES_MAX * 2];
	int n = backtrace(frames, FRAMES_MAX * 2);
	char text[4096];
	size_t used = 0;
	bool judged = false, library = false;
	Dl_info about;

	for (int i = 0; i < n && used < sizeof(text) - 512; i++) {
		if (dladdr(frames[i], &about) == 0 || strstr(about.dli_fname, "failalloc") != NULL)
			continue;
		if (!judged && strstr(about.dli_fname, "libc.so") == NULL) {
			judged = true;
			library = is_known(about.dli_fname, about.dli_sname != NULL ? about.dli_sname : "");
			used += (size_t)snprintf(text, 64, "%s signal %d", library ? "library" : "ours", sig);
		}
		if (!judged)
			continue;
		used += (size_t)snprintf(text + used, 256, " %.99s+0x%lx(%.99s)", strrchr(about.dli_fname, '/') + 1,
					 (unsigned long)((char *)frames[i] - (char *)about.dli_fbase), about.dli_sname != NULL ? about.dli_sname : "");
	}
	text[used++] = '\n';
	if (crashes != NULL)
		record(text, used);
	if (library && write(STDERR_FILENO, "crash of a library\n", 19) > 0)
		syscall(SYS_exit_group, 70);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* A file that all processes share, also those that may open nothing. */
static void *map_file(const char *file, size_t bytes)
{
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *map = fd < 0 || ftruncate(fd, (off_t)bytes) < 0 ? MAP_FAILED : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		syscall(SYS_exit_group, 1);
	close(fd);
	return map;
}

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("FAILALLOC_AT"), *place = getenv("FAILALLOC_PLACE"), *file = getenv("FAILALLOC_PLACES"),
		   *crashed = getenv("FAILALLOC_CRASHES");
	void *frame;

	allocations = 0;
	fail_at = at != NULL ? strtoul(at, NULL, 10) : 0;
	fail_place = place != NULL ? strtoull(place, NULL, 16) : 0;
	if (file != NULL)
		places = map_file(file, PLACES_MAX * sizeof(*places));
	if (crashed != NULL)
		crashes = map_file(crashed, CRASHES_BYTES);
	if (place != NULL || file != NULL || crashed != NULL) {
		backtrace(&frame, 1);	/* loads what it needs, while files can be opened */
		by_place = place != NULL || file != NULL;
		signal(SIGSEGV, on_crash);
		signal(SIGABRT, on_crash);
		signal(SIGBUS, on_crash);
		signal(SIGFPE, on_crash);
	}
}

static void tell(int fd)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%lu\n", allocations);

	if (fd >= 0 && write(fd, text, (size_t)len) < 0)
		syscall(SYS_exit_group, 1);
}

static void tell_file(void)
{
	const char *file = getenv("FAILALLOC_FILE");

	if (file != NULL)
		tell(open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
}

__attribute__((destructor)) static void end(void)
{
	if (getenv("FAILALLOC_COUNT") != NULL)
		tell(STDERR_FILENO);
	tell_file();
}

/* The end of a child process does not come by the destructors. */
void _exit(int code) __attribute__((visibility("default"), noreturn));
void _exit(int code)
{
	tell_file();
	for (;;)
		syscall(SYS_exit_group, code);
}

#endif
