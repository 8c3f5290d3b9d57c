/* Filter expressions: a line that people type, then records. What is accepted is written down as the same filter, and finds
 * the same in bulk as record by record. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "logview/filter.h"
#include "logview/lines.h"

#define NEWEST INT64_C(1763640000000)

static void must(bool ok)
{
	if (!ok)
		abort();
}

static struct filter *parse(const char *text)
{
	struct error err = ERROR_INIT;
	struct filter *f = filter_new();

	must(f != NULL);
	if (filter_parse(f, text, &err) && filter_ready(f, NEWEST, &err))
		return f;
	must(err.code != FINDING_NONE || err.exit_code != 0);
	must(err.message[0] != '\0');
	filter_free(f);
	return NULL;
}

static size_t count(struct filter *f, const char *text, size_t n)
{
	size_t sum = 0;

	for (size_t at = 0, end; at < n; at = end) {
		struct filter_place places[8];
		size_t found;

		end = lines_next_record(text, n, at);
		sum += filter_match(f, text + at, end - at);
		found = filter_places(f, text + at, end - at, places, 8);
		for (size_t i = 0; i < found; i++)
			must(places[i].start < places[i].end && places[i].end <= end - at);
	}
	must(filter_scan(f, text, n, NULL, NULL) == sum);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size <= 8192 ? memchr(data, '\n', size) : NULL;
	struct buffer expression = BUFFER_INIT(8192), printed = BUFFER_INIT(65536), again = BUFFER_INIT(65536);
	struct filter *f, *same;
	const char *records;
	size_t n;

	if (newline == NULL)
		return 0;
	buffer_append(&expression, data, (size_t)(newline - data));
	records = (const char *)newline + 1;
	n = size - (size_t)(newline + 1 - data);
	f = parse(buffer_text(&expression));
	if (f != NULL) {
		filter_print(f, &printed);
		same = parse(buffer_text(&printed));
		must(same != NULL);
		filter_print(same, &again);
		must(strcmp(buffer_text(&printed), buffer_text(&again)) == 0);
		must(count(f, records, n) == count(same, records, n));
		filter_free(same);
		filter_free(f);
	}
	buffer_clear(&expression);
	buffer_clear(&printed);
	buffer_clear(&again);
	return 0;
}
