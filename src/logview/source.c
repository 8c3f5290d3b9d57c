#include "logview/source.h"

#include <string.h>

#include "base/i18n.h"
#include "logview/source_private.h"

void source_free(struct source *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		segment_free(s->segments[i]);
	s->count = 0;
	s->ops->free(s);
}

unsigned int source_step(struct source *s)
{
	return s->ops->step(s);
}

size_t source_count(const struct source *s)
{
	return s->count;
}

struct segment *source_at(const struct source *s, size_t i)
{
	return s->segments[i];
}

struct segment *source_by_number(const struct source *s, int64_t number)
{
	for (size_t i = s->count; i-- > 0;) {
		if (s->segments[i]->number == number)
			return s->segments[i];
	}
	return NULL;
}

struct segment *source_last(const struct source *s)
{
	return s->count > 0 ? s->segments[s->count - 1] : NULL;
}

static void drop_first(struct source *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		segment_free(s->segments[i]);
	s->count -= n;
	memmove(s->segments, s->segments + n, s->count * sizeof(s->segments[0]));
}

void source_drop_before(struct source *s, int64_t number)
{
	size_t n = 0;

	/* The last one stays: what comes next is told by it. */
	while (n + 1 < s->count && s->segments[n]->number < number)
		n++;
	drop_first(s, n);
}

void source_push(struct source *s, struct segment *seg)
{
	struct segment *last = source_last(s);

	if (s->count == SOURCE_SEGMENTS_MAX) {
		drop_first(s, 1);
		s->segments[0]->gap = true;
	}
	if (last != NULL)
		seg->number = last->number + 1;
	s->segments[s->count++] = seg;
}

bool source_push_older(struct source *s, struct segment *seg)
{
	if (s->count == SOURCE_SEGMENTS_MAX)
		return false;
	if (s->count > 0) {
		seg->number = s->segments[0]->number - 1;
		if (s->segments[0]->joint == JOINT_NONE)
			s->segments[0]->joint = JOINT_OLDER;
	}
	memmove(s->segments + 1, s->segments, s->count * sizeof(s->segments[0]));
	s->segments[0] = seg;
	s->count++;
	return true;
}

enum source_older source_load_older(struct source *s, struct error *err)
{
	return s->ops->load_older != NULL ? s->ops->load_older(s, err) : SOURCE_OLDER_NONE;
}

size_t source_poll(const struct source *s, struct pollfd *fds, int *timeout_ms)
{
	return s->ops->poll(s, fds, timeout_ms);
}

enum source_state source_state(const struct source *s)
{
	return s->state;
}

void source_describe(const struct source *s, struct buffer *out)
{
	s->ops->describe(s, out);
}

const struct error *source_error(const struct source *s)
{
	return &s->error;
}

void source_describe_joint(const struct segment *before, const struct segment *seg, struct buffer *out)
{
	const char *name = before != NULL ? before->name : seg->name;

	switch (seg->joint) {
	case JOINT_NONE:
	case JOINT_CONTINUED:
		break;
	case JOINT_OLDER:
		buffer_printf(out, _("end of %s"), name);
		break;
	case JOINT_RENAMED:
		buffer_printf(out, _("rotated: the log before is now %s"), name);
		break;
	case JOINT_COPIED:
		buffer_printf(out, _("rotated: the log before was copied to %s and emptied"), name);
		break;
	case JOINT_TRUNCATED:
		buffer_puts(out, _("the log was emptied"));
		break;
	case JOINT_REPLACED:
		buffer_puts(out, _("the log was deleted and made anew"));
		break;
	case JOINT_RECONNECTED:
		buffer_puts(out, _("connected again"));
		break;
	}
	if (seg->gap)
		buffer_printf(out, "%s%s", out->len > 0 ? "; " : "", _("lines in between may be missing"));
}
