/* failalloc.c - lets the Nth allocation of a program fail. Linked into a test program, it takes the place of the C
 * library's allocator for the program and all its libraries.
 *
 *   FAILALLOC_AT=N      the Nth malloc, calloc or realloc returns NULL
 *   FAILALLOC_COUNT=1   prints how many there were on descriptor 2 at the end
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The sanitizers bring an allocator of their own. */
#ifndef PC_SANITIZED

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static unsigned long allocations, fail_at;

void *malloc(size_t size) __attribute__((visibility("default")));
void *calloc(size_t n, size_t size) __attribute__((visibility("default")));
void *realloc(void *p, size_t size) __attribute__((visibility("default")));

static int must_fail(void)
{
	if (__atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED) != fail_at)
		return 0;
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

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("FAILALLOC_AT");

	allocations = 0;
	fail_at = at != NULL ? strtoul(at, NULL, 10) : 0;
}

__attribute__((destructor)) static void end(void)
{
	char text[32];
	int len;

	if (getenv("FAILALLOC_COUNT") == NULL)
		return;
	len = snprintf(text, sizeof(text), "%lu\n", allocations);
	if (write(STDERR_FILENO, text, (size_t)len) < 0)
		_exit(1);
}

#endif
