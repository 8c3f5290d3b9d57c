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
	char haystack[HAYSTACK_MAX];	/* of one certificate after the other; this runs for each of thousands with each key */
	size_t len;
};

static void put_byte(struct words *w, char c)
{
	if (w->len + 1 < HAYSTACK_MAX)
		w->haystack[w->len++] = c;
}

static void put_text(struct words *w, const char *text)
{
	while (*text != '\0')
		put_byte(w, *text++);
}

static void put_code_point(struct words *w, uint32_t cp)
{
	if (cp >= 0x10000) {
		put_byte(w, (char)(0xF0 | (cp >> 18)));
		put_byte(w, (char)(0x80 | ((cp >> 12) & 0x3F)));
	} else if (cp >= 0x800) {
		put_byte(w, (char)(0xE0 | (cp >> 12)));
	}
	put_byte(w, (char)(cp >= 0x800 ? 0x80 | ((cp >> 6) & 0x3F) : 0xC0 | (cp >> 6)));
	put_byte(w, (char)(0x80 | (cp & 0x3F)));
}

/* Small letters: a filter does not mind their case. */
static void fold(struct words *w, const char *text)
{
	const char *end = text + strlen(text);

	while (text < end) {
		unsigned char c = (unsigned char)*text;
		uint32_t cp, small;
		size_t len = 1;

		if (c < 0x80) {
			put_byte(w, (char)(c >= 'A' && c <= 'Z' ? c + 32 : c));
		} else if ((len = text_utf8_decode(text, (size_t)(end - text), &cp)) == 0) {
			put_byte(w, *text);
			len = 1;
		} else {
			/* One that would become ASCII stays what it is. */
			small = (uint32_t)towlower((wint_t)cp);
			put_code_point(w, small >= 0x80 ? small : cp);
		}
		text += len;
	}
}

static void words_take(struct words *w, const char *filter)
{
	char folded[TRUST_FILTER_MAX * 2];
	const char *at = folded;

	w->count = w->len = 0;
	fold(w, filter);
	snprintf(folded, sizeof(folded), "%.*s", (int)w->len, w->haystack);
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
}

static void put_without_colons(struct words *w, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text != ':')
			put_byte(w, *text >= 'A' && *text <= 'Z' ? (char)(*text + 32) : *text);
	}
}

static void put_fingerprint(struct words *w, const unsigned char sha256[32])
{
	char hex[65];

	trust_hex(hex, sha256);
	put_text(w, hex);
	for (size_t i = 0; i < 32; i++) {
		put_byte(w, i > 0 ? ':' : '\n');
		put_byte(w, hex[2 * i]);
		put_byte(w, hex[2 * i + 1]);
	}
	put_byte(w, '\n');
}

static void put_state(struct words *w, const struct trust_entry *e)
{
	char when[CLOCK_TEXT_MAX];

	put_text(w, e->enabled ? "enabled " : "disabled ");
	fold(w, e->enabled ? _("enabled") : _("disabled"));
	for (unsigned int usage = TRUST_INFRASTRUCTURE; usage <= TRUST_CISCO_SERVICES; usage <<= 1) {
		if ((e->usages & usage) == 0)
			continue;
		put_byte(w, '\n');
		put_text(w, trust_usage_name(usage));
		put_byte(w, '\n');
		fold(w, trust_usage_title(usage));
	}
	clock_rfc3339(when, e->not_after);
	when[DATE_BYTES] = '\0';
	put_byte(w, '\n');
	put_text(w, when);
	put_text(w, (e->remarks & TRUST_EXPIRED) != 0 ? "\nexpired " : (e->remarks & TRUST_EXPIRES_SOON) != 0 ? "\nsoon " : "\n");
	if ((e->remarks & TRUST_EXPIRED) != 0)
		fold(w, _("expired"));
	else if ((e->remarks & TRUST_EXPIRES_SOON) != 0)
		fold(w, _("soon"));
	if ((e->remarks & TRUST_NOT_YET_VALID) != 0) {
		put_text(w, "\nnot-yet-valid ");
		fold(w, _("not yet"));
	}
}

/* Everything that a word may be found in, one item a line: a word never reaches across two. */
static const char *haystack(struct words *w, const struct trust_entry *e)
{
	const char *const texts[] = { e->name, e->description, e->subject, e->issuer, e->serial, e->key, e->signature_algorithm };

	w->len = 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fold(w, texts[i]);
		put_byte(w, '\n');
	}
	put_without_colons(w, e->serial);
	put_byte(w, '\n');
	put_fingerprint(w, e->sha256);
	put_state(w, e);
	w->haystack[w->len] = '\0';
	return w->haystack;
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

	words_take(&w, filter);
	return words_pass(&w, entry);
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

void trust_list_prefer(struct trust_list *list, const unsigned char sha256[32])
{
	memcpy(list->chosen_sha256, sha256, sizeof(list->chosen_sha256));
	list->has_chosen = true;
}

const struct trust_entry *trust_list_chosen(const struct trust_list *list)
{
	return list->count > 0 ? list->rows[list->chosen < list->count ? list->chosen : list->count - 1] : NULL;
}
