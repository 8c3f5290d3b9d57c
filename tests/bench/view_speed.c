/* view_speed FILE [TEXT]: how long a view of a log takes, slice by slice, as a console works; one line of JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "logview/view.h"
#include "logview/walk.h"

#define SLICE_US 2500			/* what the console gives to one turn of its loop */
#define ROWS 24

static void die(const char *what)
{
	fprintf(stderr, "view_speed: %s\n", what);
	exit(1);
}

/* Largest resident size so far, in KiB. */
static long resident_kib(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kib = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "VmHWM: %ld", &kib);
	if (f != NULL)
		fclose(f);
	return kib;
}

/* The processor's time of this process, in microseconds: beside the wall clock, what a busy machine cannot falsify. */
static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void first_screen(struct view *v)
{
	struct walk *w = walk_new(v, WALK_BACKWARDS, view_end(v), NULL, false);
	struct view_record r;
	log_pos pos;

	for (int i = 0; i < ROWS && walk_step(w, INT64_MAX / 2, &pos) == WALK_FOUND; i++) {
		if (!view_record(v, pos, &r))
			die("a record that was found is not there");
	}
	walk_free(w);
}

struct times {
	int64_t wall_us, cpu_us;
};

/* Works until nothing is left to do. The longest turn, by the processor's time, goes to *turn_us. */
static struct times work(struct view *v, int64_t *turn_us)
{
	int64_t start = clock_monotonic_us(), start_cpu = cpu_us(), before = start_cpu, now;
	unsigned int flags;

	do {
		flags = view_step(v, SLICE_US);
		now = cpu_us();
		if (now - before > *turn_us)
			*turn_us = now - before;
		before = now;
	} while ((flags & VIEW_MORE) != 0);
	return (struct times){ clock_monotonic_us() - start, now - start_cpu };
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct view_counts counts;
	struct source *source;
	struct filter *filter;
	struct view *v;
	int64_t start = clock_monotonic_us(), screen_us, turn_us = 0;
	struct times index, filtered;

	if (argc < 2)
		die("which file?");
	if (!source_open_file(argv[1], true, false, &source, &err))
		die(err.message);
	v = view_new(source);
	if (v == NULL)
		die("out of memory");
	first_screen(v);
	screen_us = clock_monotonic_us() - start;
	index = work(v, &turn_us);
	filter = filter_new();
	if (filter == NULL || !filter_parse(filter, argc > 2 ? argv[2] : "opswat", &err) || !view_set_filter(v, filter, &err))
		die(err.message);
	filtered = work(v, &turn_us);
	view_counts(v, &counts);
	printf("{\"screen_ms\":%.2f,\"index_ms\":%.1f,\"index_cpu_ms\":%.1f,\"filter_ms\":%.1f,\"filter_cpu_ms\":%.1f,"
	       "\"turn_ms\":%.2f,\"rss_kib\":%ld,\"records\":%llu,\"matches\":%llu}\n", (double)screen_us / 1000,
	       (double)index.wall_us / 1000, (double)index.cpu_us / 1000, (double)filtered.wall_us / 1000,
	       (double)filtered.cpu_us / 1000, (double)turn_us / 1000, resident_kib(), (unsigned long long)counts.records,
	       (unsigned long long)counts.matches);
	view_free(v);
	return 0;
}
