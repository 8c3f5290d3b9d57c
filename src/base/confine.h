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
 * sockets, no programs, no other processes, no capabilities, no links or devices, at most 4 GiB of memory, no core dump. What is open stays
 * usable. Returns what is in force. */
unsigned int confine_self(const int *writable, size_t count);

/* Closes every descriptor but `kept` and the standard ones. */
void confine_close_others(const int *kept, size_t count);

/* Closes every descriptor but `kept`; the standard ones lead to nowhere from then on. Before confine_self(). */
void confine_descriptors(const int *kept, size_t count);

/* Which of the two are not in force, as a person reads it; NULL: none. */
const char *confine_missing(unsigned int in_force);

/* For a job: no core dump; and unless it is to run the operator's programs, which may be set-user-ID or need what root may do:
 * no new privileges, and no capabilities but those that an update needs. */
void confine_job(bool runs_programs);

/* For a process that is about to read a secret: from now on no core dump, and no other process of the same user may look
 * into its memory. Lasts until it runs another program. */
void confine_memory(void);

#endif
