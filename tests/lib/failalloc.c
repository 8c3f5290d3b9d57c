/* failalloc.c - lets the Nth allocation of a program fail. Linked into a test program, or loaded before any other library
 * (LD_PRELOAD=failalloc.so), it takes the place of the C library's allocator for the program and all its libraries.
 *
 *   FAILALLOC_AT=N        the Nth malloc, calloc or realloc returns NULL; a child process counts on from its parent's number
 *   FAILALLOC_COUNT=1     prints how many there were on descriptor 2 at the end
 *   FAILALLOC_FILE=FILE   each process appends its number to that file when it ends
 */
#undef _exit	/* config.h has its own for gcov */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
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
