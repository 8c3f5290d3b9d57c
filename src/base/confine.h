/* confine.h - takes away from a process what it does not need, before it looks at hostile bytes.
 *
 * Landlock (Linux 5.13) leaves only the named folders to write below; seccomp leaves only the system calls of reading,
 * writing and computing. Where the kernel has one of them not, the process works without it and the caller is told.
 */
#ifndef PC_BASE_CONFINE_H
#define PC_BASE_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

enum confine_result {
	CONFINE_LANDLOCK = 1 << 0,	/* in force */
	CONFINE_SECCOMP = 1 << 1
};

/* Confines the calling process for good: no new privileges, no new files but below `writable` (folder descriptors), no
 * sockets, no programs, no other processes. What is open stays usable. Returns what is in force. */
unsigned int confine_self(const int *writable, size_t count);

#endif
