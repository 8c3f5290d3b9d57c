/* file.h - files and folders: read whole, write atomically, make, remove, flush.
 *
 * Everything is close-on-exec. Modes are exact, whatever the umask.
 */
#ifndef PC_BASE_FILE_H
#define PC_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"

/* Closes *fd unless it is negative, and sets it to -1. Keeps errno. */
void file_close(int *fd);

/* Writes all of it, over short writes and EINTR. */
bool file_write_all(int fd, const void *data, size_t len);

/* Appends what is left to read, to the end, over EINTR. False with errno; EFBIG when `out` takes no more. */
bool file_read_rest(int fd, struct buffer *out);

/* Reads a whole file into `out` (which has its maximum; a larger file is an error). `dirfd` as in openat(). */
bool file_read(int dirfd, const char *path, struct buffer *out, struct error *err);

/* Replaces the file by new content: temporary file beside it, fsync, rename, fsync of the folder. Old or new after a crash, never a
 * mixture. A symbolic link at `path` is replaced, not followed; a device, a pipe or a socket is refused. */
bool file_write_atomic(int dirfd, const char *path, mode_t mode, const void *data, size_t len, struct error *err);

/* The same, with the mode and, where root writes, the owner of a file that was there. */
bool file_write_like(int dirfd, const char *path, const struct stat *old, const void *data, size_t len, struct error *err);

/* The same without the flushes, for what may be lost in a power cut: then the file may also be empty or cut. */
bool file_write_quick(int dirfd, const char *path, mode_t mode, const void *data, size_t len, struct error *err);

/* The file that is replaced when somebody asks for output at `path`: that, or what a symbolic link there leads to. The caller frees it.
 * NULL for a device, a pipe or a socket, which would be taken away from everybody else, and for a link that leads to nothing. */
char *file_out_path(const char *path, struct error *err);

/* Writes what somebody asked for to where he asked for it: a file is replaced atomically, and so is the one that a symbolic link leads to;
 * a device or a pipe is written to. */
bool file_write_out(const char *path, mode_t mode, const void *data, size_t len, struct error *err);

/* Makes the folder and its parents (mode for the ones that it makes); an existing folder is fine. */
bool file_make_dirs(const char *path, mode_t mode, struct error *err);

/* Opens a folder below dirfd, making it when missing. Never follows a symbolic link in the last part. -1 on failure. */
int file_open_dir(int dirfd, const char *name, bool make, mode_t mode, struct error *err);

/* Is it a folder, and nothing in it? A symbolic link to one is none. */
bool file_is_empty_folder(int dirfd, const char *name);

/* Makes a file without a name below dirfd, to read and write: it is gone when it is closed, also after a crash, and what of it is not on
 * disk by then never goes there. -1 with errno. */
int file_open_unnamed(int dirfd);

/* Removes a file or a whole tree below dirfd, never following a symbolic link. Missing is fine. */
bool file_remove_tree(int dirfd, const char *name, struct error *err);

/* Flushes a folder's entries. */
bool file_sync_dir(int dirfd, struct error *err);
/* Flushes the folder that `path` is in: what was made or removed there is so after a power cut too. */
bool file_sync_parent(const char *path, struct error *err);

/* dir + "/" + name, heap. NULL only when out of memory. */
char *file_join(const char *dir, const char *name);

#endif
