/* files.h - the files of events in STATE/jobs, in the order in which their jobs began.
 *
 * Their names begin with the time, and a new one is always named later than the newest. What is named after a time that is yet to
 * come is from a clock that was wrong: it counts as older than the rest, and goes first.
 */
#ifndef PC_JOB_FILES_H
#define PC_JOB_FILES_H

#include <dirent.h>

#define JOB_STAMP_MAX 32

/* All of them, oldest first; free them with job_files_free(). Returns how many; none when the folder cannot be read. */
int job_files(int dirfd, struct dirent ***entries);
void job_files_free(struct dirent **entries, int count);

/* What the name of a new one begins with: the time, or one second after the newest where that is not past. Returns `stamp`, which has
 * JOB_STAMP_MAX bytes. */
char *job_files_stamp(int dirfd, char *stamp);

#endif
