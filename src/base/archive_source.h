/* archive_source.h - opens an archive (libarchive) that a callback gives block by block.
 *
 * archive_read_open() of libarchive 3.6 does not look whether it got the memory for the callback's data, and
 * archive_read_open1() then reads from NULL. So the steps are made one by one here.
 */
#ifndef PC_BASE_ARCHIVE_SOURCE_H
#define PC_BASE_ARCHIVE_SOURCE_H

#include <archive.h>

/* Returns what archive_read_open1() does; ARCHIVE_FATAL, with ENOMEM as archive_errno(), for lack of memory. `data`, which `give`
 * gets, is borrowed until the archive is freed. */
int archive_source_open(struct archive *a, void *data, archive_read_callback *give);

#endif
