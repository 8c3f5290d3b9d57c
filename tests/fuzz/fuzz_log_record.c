/* Log records: any bytes are taken apart into pieces of themselves, and every way of going through them finds the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "logview/filter.h"
#include "logview/index.h"
#include "logview/lines.h"
#include "logview/record.h"
#include "logview/safe_text.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void must_be_inside(struct slice s, const char *text, size_t n)
{
	must(s.n == 0 || (s.p >= text && s.p + s.n <= text + n));
}

static void take_apart(const char *text, size_t n)
{
	struct record r;
	bool is_record = record_parse(text, n, &r);
	const struct slice pieces[] = { r.time_text, r.thread, r.mdc, r.logger, r.context, r.session, r.user, r.third,
					r.operation, r.message };
	char stamp[STAMP_TEXT_MAX];

	must(!is_record || record_is_start(text, n));
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		must_be_inside(pieces[i], text, n);
	must(!is_record || r.level == record_level(text, n));
	must(strlen(stamp_text(stamp, r.time.ms)) < sizeof(stamp));
	must(strlen(stamp_rfc3339(stamp, &r.time)) < sizeof(stamp));
}

/* Shown, it has no byte that a terminal could obey but line ends and tabs. */
static void show(const char *text, size_t n)
{
	struct buffer out = BUFFER_INIT(1u << 20);

	must(safe_text_lines(&out, text, n, true) == n);
	for (size_t i = 0; i < out.len; i++) {
		unsigned char c = (unsigned char)out.data[i];

		must(c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f));
	}
	buffer_clear(&out);
}

static size_t count_by_lines(const char *text, size_t n)
{
	size_t count = 0;

	for (size_t at = 0, end; at < n; at = end, count++) {
		end = lines_next_record(text, n, at);
		must(end > at && end <= n);
		must(lines_record_of(text, n, at) == at);
		must(lines_record_of(text, n, end - 1) == at);
		take_apart(text + at, end - at);
	}
	return count;
}

static void count_by_index(const char *text, size_t n, size_t cut, size_t count)
{
	struct histogram histogram;
	struct index index;
	bool ok;

	histogram_init(&histogram);
	index_init(&index);
	index_add(&index, &histogram, text, cut, false, &ok);
	must(ok && index.at <= (int64_t)cut);
	index_add(&index, &histogram, text + index.at, n - (size_t)index.at, true, &ok);
	must(ok && index.at == (int64_t)n && index.records == count);
	index_clear(&index);
	histogram_clear(&histogram);
}

/* What a search over all of it finds is what each record by itself says. */
static void count_by_filter(const char *expression, const char *text, size_t n)
{
	struct filter *f = filter_new();
	size_t count = 0;

	must(f != NULL && filter_parse(f, expression, NULL) && filter_ready(f, STAMP_NONE, NULL));
	for (size_t at = 0, end; at < n; at = end) {
		end = lines_next_record(text, n, at);
		count += filter_match(f, text + at, end - at);
	}
	must(filter_scan(f, text, n, NULL, NULL) == count);
	filter_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 2 || size > 32768)
		return 0;
	/* Of its own size, so that a sanitizer sees what is read behind it. */
	text = malloc(size - 1);
	must(text != NULL);
	memcpy(text, data + 1, size - 1);
	size--;
	take_apart(text, size);
	show(text, size);
	count_by_index(text, size, data[0] * size / 256, count_by_lines(text, size));
	count_by_filter("is:failure", text, size);
	count_by_filter("opswat", text, size);
	count_by_filter("level:warn !user:admin", text, size);
	count_by_filter("/t[io]m?ed? out|PKIX/ thread:pool*", text, size);
	free(text);
	return 0;
}
