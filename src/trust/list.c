#include "trust/list.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>
#include <wctype.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "trust/room.h"

#define HAYSTACK_MAX 8192
#define WORDS_MAX 16
#define DATE_BYTES 10

/* --- the filter ------------------------------------------------------------------------------------------------------ */

struct word {
	char text[TRUST_FILTER_MAX * 2];
	bool absent;		/* it must not be found */
};

struct words {
	struct word words[WORDS_MAX];
	size_t count;
	struct buffer haystack;		/* of one certificate after the other */
};

static bool put_code_point(struct buffer *out, uint32_t cp)
{
	if (cp < 0x80)
		return buffer_putc(out, (char)cp);
	if (cp >= 0x10000)
		buffer_putc(out, (char)(0xF0 | (cp >> 18))), buffer_putc(out, (char)(0x80 | ((cp >> 12) & 0x3F)));
	else if (cp >= 0x800)
		buffer_putc(out, (char)(0xE0 | (cp >> 12)));
	if (cp >= 0x800)
		buffer_putc(out, (char)(0x80 | ((cp >> 6) & 0x3F)));
	else
		buffer_putc(out, (char)(0xC0 | (cp >> 6)));
	return buffer_putc(out, (char)(0x80 | (cp & 0x3F)));
}

/* Small letters: a filter does not mind their case. */
static void fold(struct buffer *out, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)text[i];
		uint32_t cp;
		size_t len;

		if (c < 0x80) {
			buffer_putc(out, (char)(c >= 'A' && c <= 'Z' ? c + 32 : c));
			i++;
			continue;
		}
		len = text_utf8_decode(text + i, n - i, &cp);
		if (len == 0) {
			buffer_putc(out, text[i++]);
			continue;
		}
		put_code_point(out, (uint32_t)towlower((wint_t)cp));
		i += len;
	}
}

static void words_take(struct words *w, const char *filter)
{
	struct buffer folded = BUFFER_INIT(TRUST_FILTER_MAX * 2);
	const char *at;

	w->count = 0;
	w->haystack = (struct buffer)BUFFER_INIT(HAYSTACK_MAX);
	fold(&folded, filter);
	at = buffer_text(&folded);
	while (w->count < WORDS_MAX) {
		struct word *word = &w->words[w->count];
		size_t len;

		at += strspn(at, " \t");
		len = strcspn(at, " \t");
		if (len == 0)
			break;
		word->absent = at[0] == '!' && len > 1;
		snprintf(word->text, sizeof(word->text), "%.*s", (int)(len - word->absent), at + word->absent);
		at += len;
		/* A "!" is being typed: there is no word yet. */
		if (strcmp(word->text, "!") != 0)
			w->count++;
	}
	buffer_clear(&folded);
}

static void put_without_colons(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text != ':')
			buffer_putc(out, *text >= 'A' && *text <= 'Z' ? (char)(*text + 32) : *text);
	}
}

static void put_fingerprint(struct buffer *out, const unsigned char sha256[32])
{
	char hex[65];

	trust_hex(hex, sha256);
	buffer_puts(out, hex);
	buffer_putc(out, '\n');
	for (size_t i = 0; i < 32; i++)
		buffer_printf(out, "%s%.2s", i > 0 ? ":" : "", hex + 2 * i);
}

static void put_state(struct buffer *out, const struct trust_entry *e)
{
	char when[CLOCK_TEXT_MAX];

	fold(out, e->enabled ? "enabled " : "disabled ");
	fold(out, e->enabled ? _("enabled") : _("disabled"));
	for (unsigned int usage = TRUST_INFRASTRUCTURE; usage <= TRUST_CISCO_SERVICES; usage <<= 1) {
		if ((e->usages & usage) == 0)
			continue;
		buffer_printf(out, "\n%s\n", trust_usage_name(usage));
		fold(out, trust_usage_title(usage));
	}
	buffer_printf(out, "\n%.*s\n", DATE_BYTES, clock_rfc3339(when, e->not_after));
	if ((e->remarks & TRUST_EXPIRED) != 0)
		buffer_printf(out, "expired %s\n", _("expired"));
	if ((e->remarks & TRUST_NOT_YET_VALID) != 0)
		buffer_printf(out, "not-yet-valid %s\n", _("not yet"));
	if ((e->remarks & TRUST_EXPIRES_SOON) != 0)
		buffer_printf(out, "soon %s\n", _("soon"));
}

/* Everything that a word may be found in, one item a line: a word never reaches across two. */
static const char *haystack(struct words *w, const struct trust_entry *e)
{
	const char *const texts[] = { e->name, e->description, e->subject, e->issuer, e->serial, e->key, e->signature_algorithm };
	struct buffer *out = &w->haystack;

	buffer_reset(out);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fold(out, texts[i]);
		buffer_putc(out, '\n');
	}
	put_without_colons(out, e->serial);
	buffer_putc(out, '\n');
	put_fingerprint(out, e->sha256);
	buffer_putc(out, '\n');
	put_state(out, e);
	return buffer_text(out);
}

static bool words_pass(struct words *w, const struct trust_entry *e)
{
	const char *hay = w->count > 0 ? haystack(w, e) : NULL;

	for (size_t i = 0; i < w->count; i++) {
		if ((strstr(hay, w->words[i].text) != NULL) == w->words[i].absent)
			return false;
	}
	return true;
}

bool trust_filter_passes(const char *filter, const struct trust_entry *entry)
{
	struct words w;
	bool passes;

	words_take(&w, filter);
	passes = words_pass(&w, entry);
	buffer_clear(&w.haystack);
	return passes;
}

/* --- the order ------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *title;
} orders[TRUST_ORDER_COUNT] = {
	[TRUST_BY_STATE] = { "state", N_("State") },	  [TRUST_BY_NAME] = { "name", N_("Name") },
	[TRUST_BY_EXPIRY] = { "expiry", N_("Expires") },  [TRUST_BY_SERVICES] = { "services", N_("Services") },
	[TRUST_BY_ISSUER] = { "issuer", N_("Issuer") },
};

enum trust_order trust_order_by_name(const char *name)
{
	size_t i = 0;

	while (i < TRUST_ORDER_COUNT && strcmp(orders[i].name, name) != 0)
		i++;
	return (enum trust_order)i;
}

const char *trust_order_title(enum trust_order order)
{
	return order < TRUST_ORDER_COUNT ? _(orders[order].title) : "";
}

static int compare_flags(bool a, bool b)
{
	return a == b ? 0 : a ? -1 : 1;
}

static bool for_services(const struct trust_entry *e)
{
	return (e->usages & TRUST_CISCO_SERVICES) != 0;
}

static int compare_by(enum trust_order order, const struct trust_entry *a, const struct trust_entry *b)
{
	int by = 0;

	switch (order) {
	case TRUST_BY_STATE:
		by = compare_flags(a->enabled, b->enabled);
		return by != 0 ? by : compare_flags(for_services(a), for_services(b));
	case TRUST_BY_SERVICES:
		by = compare_flags(for_services(a), for_services(b));
		return by != 0 ? by : compare_flags(a->enabled, b->enabled);
	case TRUST_BY_EXPIRY:
		return a->not_after == b->not_after ? 0 : a->not_after < b->not_after ? -1 : 1;
	case TRUST_BY_ISSUER:
		return strcasecmp(a->issuer, b->issuer);
	default:
		return 0;
	}
}

static int compare(const void *x, const void *y, void *data)
{
	const struct trust_list *list = data;
	const struct trust_entry *a = *(const struct trust_entry *const *)x, *b = *(const struct trust_entry *const *)y;
	int by = compare_by(list->order, a, b);

	if (by == 0 && list->order != TRUST_BY_NAME) {
		/* Names always run forwards where they only break a tie. */
		by = strcasecmp(a->name, b->name);
		return by != 0 ? by : strcmp(a->name, b->name);
	}
	if (by == 0)
		by = strcasecmp(a->name, b->name);
	if (by == 0)
		by = strcmp(a->name, b->name);
	return list->backwards ? -by : by;
}

/* --- the rows -------------------------------------------------------------------------------------------------------- */

void trust_list_init(struct trust_list *list)
{
	*list = (struct trust_list){ .order = TRUST_BY_STATE };
}

void trust_list_clear(struct trust_list *list)
{
	free(list->rows);
	*list = (struct trust_list){ 0 };
}

static bool reserve(struct trust_list *list, size_t count)
{
	const struct trust_entry **more;

	if (count <= list->cap)
		return true;
	more = reallocarray(list->rows, count, sizeof(*more));
	if (more == NULL)
		return false;
	list->rows = more;
	list->cap = count;
	return true;
}

static void fill(struct trust_list *list)
{
	struct words w;

	words_take(&w, list->filter);
	for (size_t i = 0; i < trust_count(list->store); i++) {
		const struct trust_entry *e = trust_at(list->store, i);

		list->enabled += e->enabled;
		if (words_pass(&w, e))
			list->rows[list->count++] = e;
	}
	buffer_clear(&w.haystack);
}

bool trust_list_choose_sha256(struct trust_list *list, const unsigned char sha256[32])
{
	for (size_t i = 0; i < list->count; i++) {
		if (memcmp(list->rows[i]->sha256, sha256, 32) != 0)
			continue;
		trust_list_choose(list, i);
		return true;
	}
	return false;
}

bool trust_list_update(struct trust_list *list, const struct trust_store *store)
{
	unsigned char chosen[32];

	memcpy(chosen, list->chosen_sha256, sizeof(chosen));
	list->store = store;
	list->count = list->enabled = 0;
	if (store == NULL || trust_count(store) == 0)
		return true;
	if (!reserve(list, trust_count(store)))
		return false;
	fill(list);
	if (list->count > 1)
		qsort_r(list->rows, list->count, sizeof(*list->rows), compare, list);
	if (list->count == 0 || (list->has_chosen && trust_list_choose_sha256(list, chosen)))
		return true;
	list->chosen = list->chosen < list->count ? list->chosen : list->count - 1;
	/* Hidden by the filter: what was chosen is remembered, and comes back with it. Gone from the store: its place counts. */
	if (list->has_chosen && trust_find_sha256(store, chosen) == NULL)
		trust_list_choose(list, list->chosen);
	return true;
}

bool trust_list_set_filter(struct trust_list *list, const char *filter)
{
	snprintf(list->filter, sizeof(list->filter), "%s", filter);
	return trust_list_update(list, list->store);
}

bool trust_list_set_order(struct trust_list *list, enum trust_order order, bool backwards)
{
	list->order = order;
	list->backwards = backwards;
	return trust_list_update(list, list->store);
}

void trust_list_choose(struct trust_list *list, size_t row)
{
	if (list->count == 0)
		return;
	list->chosen = row < list->count ? row : list->count - 1;
	memcpy(list->chosen_sha256, list->rows[list->chosen]->sha256, 32);
	list->has_chosen = true;
}

const struct trust_entry *trust_list_chosen(const struct trust_list *list)
{
	return list->count > 0 ? list->rows[list->chosen < list->count ? list->chosen : list->count - 1] : NULL;
}
