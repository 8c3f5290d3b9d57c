/* save.h - writes what is shown to a file: the records that pass the filter, whole, in slices. */
#ifndef PC_LOGVIEW_SAVE_H
#define PC_LOGVIEW_SAVE_H

#include "logview/view.h"

struct save;

/* Starts to save into `path`, which must not exist yet unless `overwrite`. The file appears when it is whole. Records that
 * come later are not in it. */
bool save_new(struct view *v, const char *path, bool overwrite, struct save **out, struct error *err);
/* Gives up what is not finished: nothing of it stays. */
void save_free(struct save *s);

/* Lets a process of its own do it, as soon as all files are unpacked: writing, and flushing to the disk, can take seconds. If
 * there can be no such process, save_step() does it after all. */
void save_apart(struct save *s);
/* Does save_step() only ask how it has ended? SIGCHLD tells when there is something to be asked. */
bool save_is_apart(const struct save *s);

enum save_result { SAVE_MORE, SAVE_DONE, SAVE_FAILED };
enum save_result save_step(struct save *s, int64_t budget_us, struct error *err);

/* How many records and bytes were written. */
uint64_t save_records(const struct save *s);
uint64_t save_bytes(const struct save *s);

#endif
