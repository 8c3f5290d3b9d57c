/* The list of certificates, the preview of an import, and seeing what others change. */
#include "trust/forge.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/details.h"
#include "trust/list.h"
#include "trust/preview.h"
#include "trust/validity.h"

#define IDENTRUST "IdenTrust Commercial Root CA 1"

/* As import_one(), for one that was just made. */
static void import_new(struct trust_store *store, X509 *certificate, const char *name, unsigned int usages)
{
	import_one(store, certificate, name, usages);
	X509_free(certificate);
}

static const char *row(const struct trust_list *list, size_t i)
{
	return i < list->count ? list->rows[i]->name : "(none)";
}

static struct trust_store *store_of_four(const struct place *p)
{
	struct trust_store *store = open_store(p);
	const struct forge old = { .name = "Old Root", .from_s = -200 * DAY, .until_s = 5 * DAY };

	while (trust_count(store) > 1) {
		const struct trust_entry *e = trust_at(store, strcmp(trust_at(store, 0)->name, IDENTRUST) == 0);

		assert_true(trust_remove(store, e->name, NULL));
	}
	import_new(store, forge_ca("Corp Inspection CA"), "corp", TRUST_INFRASTRUCTURE);
	import_new(store, forge(&old), "Old", TRUST_CISCO_SERVICES);
	import_new(store, forge_ca("\xd0\x9a\xd0\xbe\xd1\x80\xd0\xbd\xd0\xb5\xd0\xb2\xd0\xbe\xd0\xb9"), "\xd0\x9a\xd0\xbe\xd1\x80\xd0\xb5\xd0\xbd\xd1\x8c", 0);
	assert_true(trust_set_enabled(store, "corp", false, NULL));
	return store;
}

static void every_word_of_a_filter_counts(void **state)
{
	static const struct { const char *filter, *first; size_t count; } cases[] = {
		{ "", IDENTRUST, 4 },		{ "iden", IDENTRUST, 1 },	{ "IDEN commercial", IDENTRUST, 1 },
		{ "iden corp", "(none)", 0 },	{ "inspection", "corp", 1 },	{ "disabled", "corp", 1 },
		{ "!disabled infrastructure", "(none)", 0 }, { "infrastructure", "corp", 1 },
		{ "5D:56:49", IDENTRUST, 1 },	{ "5d56499b", IDENTRUST, 1 },	{ "0a014280", IDENTRUST, 1 },
		{ "2034-01", IDENTRUST, 1 },	{ "soon", "Old", 1 },		{ "\xd0\xba\xd0\xbe\xd1\x80\xd0\xb5\xd0\xbd", "\xd0\x9a\xd0\xbe\xd1\x80\xd0\xb5\xd0\xbd\xd1\x8c", 1 },
		{ "!", IDENTRUST, 4 },		{ "  \t ", IDENTRUST, 4 },	{ "!iden services", "Old", 1 },
		{ "rsa", IDENTRUST, 1 },	{ "client-auth", "(none)", 0 },	{ "1\n5d", "(none)", 0 },
	};
	struct trust_store *store = store_of_four(*state);
	struct trust_list list;

	trust_list_init(&list);
	assert_true(trust_list_update(&list, store));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(trust_list_set_filter(&list, cases[i].filter));
		if (list.count != cases[i].count || strcmp(row(&list, 0), cases[i].first) != 0)
			fail_msg("\"%s\": %zu, first %s", cases[i].filter, list.count, row(&list, 0));
	}
	assert_int_equal(list.enabled, 3);
	trust_list_clear(&list);
	trust_free(store);
}

static void each_column_sorts_both_ways(void **state)
{
	static const struct { enum trust_order order; bool backwards; const char *first, *last; } cases[] = {
		{ TRUST_BY_STATE, false, IDENTRUST, "corp" }, { TRUST_BY_STATE, true, "corp", "Old" },
		{ TRUST_BY_NAME, false, "corp", "\xd0\x9a\xd0\xbe\xd1\x80\xd0\xb5\xd0\xbd\xd1\x8c" }, { TRUST_BY_NAME, true, "\xd0\x9a\xd0\xbe\xd1\x80\xd0\xb5\xd0\xbd\xd1\x8c", "corp" },
		{ TRUST_BY_EXPIRY, false, "Old", IDENTRUST }, { TRUST_BY_EXPIRY, true, IDENTRUST, "Old" },
		{ TRUST_BY_SERVICES, false, IDENTRUST, "corp" }, { TRUST_BY_ISSUER, false, IDENTRUST, "\xd0\x9a\xd0\xbe\xd1\x80\xd0\xb5\xd0\xbd\xd1\x8c" },
	};
	struct trust_store *store = store_of_four(*state);
	struct trust_list list;

	trust_list_init(&list);
	assert_true(trust_list_update(&list, store));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(trust_list_set_order(&list, cases[i].order, cases[i].backwards));
		if (strcmp(row(&list, 0), cases[i].first) != 0 || strcmp(row(&list, 3), cases[i].last) != 0)
			fail_msg("case %zu: %s ... %s", i, row(&list, 0), row(&list, 3));
	}
	assert_int_equal(trust_order_by_name("expiry"), TRUST_BY_EXPIRY);
	assert_int_equal(trust_order_by_name("colour"), TRUST_ORDER_COUNT);
	trust_list_clear(&list);
	trust_free(store);
}

static void the_choice_stays_on_its_certificate(void **state)
{
	struct trust_store *store = store_of_four(*state), *other = open_store(*state);
	struct trust_list list;
	bool changed;

	trust_list_init(&list);
	assert_true(trust_list_update(&list, store));
	trust_list_choose(&list, 1);
	assert_string_equal(trust_list_chosen(&list)->name, "Old");
	assert_true(trust_refresh(store, &changed, NULL));
	assert_false(changed);

	/* Another console adds one before it, and sends it to the end. */
	import_new(other, forge_ca("Another"), "Another", TRUST_CISCO_SERVICES);
	assert_true(trust_set_enabled(other, "Old", false, NULL));
	assert_true(trust_refresh(store, &changed, NULL));
	assert_true(changed);
	assert_true(trust_list_update(&list, store));
	assert_int_equal(list.count, 5);
	assert_string_equal(trust_list_chosen(&list)->name, "Old");
	assert_int_equal(list.chosen, 3);

	/* The filter hides it; it comes back. */
	assert_true(trust_list_set_filter(&list, "iden"));
	assert_string_equal(trust_list_chosen(&list)->name, IDENTRUST);
	assert_true(trust_list_set_filter(&list, ""));
	assert_string_equal(trust_list_chosen(&list)->name, "Old");

	/* It is removed: the row that took its place. */
	assert_true(trust_remove(other, "Old", NULL));
	assert_true(trust_refresh(store, &changed, NULL) && changed);
	assert_true(trust_list_update(&list, store));
	assert_string_equal(trust_list_chosen(&list)->name, "corp");
	trust_list_choose(&list, 99);
	assert_string_equal(trust_list_chosen(&list)->name, "corp");
	/* One that is imported is chosen once it is there. */
	import_new(store, forge_ca("Fresh"), "Fresh", 0);
	trust_list_prefer(&list, trust_find(store, "Fresh")->sha256);
	assert_true(trust_list_update(&list, store));
	assert_string_equal(trust_list_chosen(&list)->name, "Fresh");
	/* What this store changes itself is no news to it. */
	assert_true(trust_set_enabled(store, "corp", true, NULL));
	assert_true(trust_refresh(store, &changed, NULL));
	assert_false(changed);
	trust_list_clear(&list);
	trust_free(other);
	trust_free(store);
}

static void a_store_that_breaks_is_said_and_what_was_shown_stays(void **state)
{
	const struct place *p = *state;
	struct trust_store *store = store_of_four(p);
	struct error err = ERROR_INIT;
	char path[256];
	bool changed;

	snprintf(path, sizeof(path), "%s/index.json", p->trust);
	put_file(path, "{", 1);
	assert_false(trust_refresh(store, &changed, &err));
	assert_error(&err, FINDING_TRUST_STORE_INVALID, "index.json");
	assert_false(changed);
	assert_int_equal(trust_count(store), 4);
	trust_free(store);
}

static void a_usage_brings_and_takes_what_hangs_on_it(void **state)
{
	const struct forge unfit = { .name = "No certSign", .key_usage = "critical,cRLSign,digitalSignature" };
	struct trust_store *store = open_store(*state);
	struct error err = ERROR_INIT;
	X509 *c = forge(&unfit);
	struct buffer pem = BUFFER_INIT(65536);
	size_t added;

	assert_int_equal(trust_usage_with_needs(TRUST_ADMIN_AUTH), TRUST_ADMIN_AUTH | TRUST_CLIENT_AUTH | TRUST_INFRASTRUCTURE);
	assert_int_equal(trust_usage_with_needs(TRUST_CISCO_SERVICES), TRUST_CISCO_SERVICES);
	assert_int_equal(trust_usage_with_dependants(TRUST_INFRASTRUCTURE),
			 TRUST_ADMIN_AUTH | TRUST_CLIENT_AUTH | TRUST_INFRASTRUCTURE);
	assert_int_equal(trust_usage_with_dependants(TRUST_CLIENT_AUTH), TRUST_ADMIN_AUTH | TRUST_CLIENT_AUTH);
	put_pem(&pem, c);
	assert_true(trust_import(store, buffer_text(&pem), pem.len, "unfit", 0, TRUST_ALLOW_NOT_CA, &added, NULL));
	assert_true(trust_usage_possible(store, trust_find(store, "unfit"), TRUST_INFRASTRUCTURE, &err));
	assert_false(trust_usage_possible(store, trust_find(store, "unfit"), TRUST_CLIENT_AUTH, &err));
	assert_error(&err, FINDING_TRUST_USAGE_RULE, "does not allow to sign");
	buffer_clear(&pem);
	X509_free(c);
	trust_free(store);
}

static void a_preview_says_what_stands_in_the_way(void **state)
{
	const struct forge old = { .name = "Old", .from_s = -9 * DAY, .until_s = -2 * DAY };
	const struct forge leaf = { .name = "Leaf", .constraints = "CA:FALSE" };
	struct trust_store *store = open_store(*state);
	EVP_PKEY *weak_key = forge_key("RSA", 1024);
	const struct forge weak = { .name = "Weak", .key = weak_key };
	X509 *certificates[] = { forge_ca("Fine"), forge(&old), forge(&leaf), forge(&weak), forge_ca("Known") };
	struct trust_preview *preview;
	const struct trust_preview_item *item;
	struct trust_import_options options = { .usages = TRUST_CISCO_SERVICES };
	struct buffer pem = BUFFER_INIT(65536);
	struct trust_source source;
	struct error err = ERROR_INIT;
	unsigned int needed;
	size_t added;

	import_new(store, certificates[4], "known", 0);
	for (size_t i = 0; i < 4; i++)
		put_pem(&pem, certificates[i]);
	{
		X509 *known = trust_certificate(store, trust_find(store, "known"), NULL);

		put_pem(&pem, known);
		put_pem(&pem, certificates[0]);		/* twice: that is one */
	}
	source = (struct trust_source){ "all.pem", buffer_text(&pem), pem.len };
	assert_true(trust_preview_new(store, &source, 1, &preview, &err));
	assert_int_equal(trust_preview_count(preview), 5);
	item = trust_preview_at(preview, 0);
	assert_int_equal(item->state, TRUST_PREVIEW_FINE);
	assert_string_equal(item->entry.name, "Fine");
	item = trust_preview_at(preview, 1);
	assert_int_equal(item->state, TRUST_PREVIEW_NEEDS_ALLOW);
	assert_int_equal(item->needed, TRUST_ALLOW_EXPIRED);
	assert_error(&item->why, FINDING_IMPORT_OUT_OF_DATE, "it expired on");
	assert_int_equal(trust_preview_at(preview, 2)->needed, TRUST_ALLOW_NOT_CA);
	assert_int_equal(trust_preview_at(preview, 3)->state, TRUST_PREVIEW_REFUSED);
	assert_error(&trust_preview_at(preview, 3)->why, FINDING_IMPORT_WEAK_KEY, "RSA 1024");
	assert_int_equal(trust_preview_at(preview, 4)->state, TRUST_PREVIEW_KNOWN);
	assert_error(&trust_preview_at(preview, 4)->why, FINDING_IMPORT_DUPLICATE, "\"known\"");
	assert_int_equal(trust_preview_fresh(preview, &needed), 3);
	assert_int_equal(needed, TRUST_ALLOW_EXPIRED | TRUST_ALLOW_NOT_CA);
	/* The overrides are asked for, not assumed. */
	assert_false(trust_preview_import(store, preview, &options, &added, NULL, &err));
	assert_int_equal(added, 0);
	options.allow = needed;
	assert_true(trust_preview_import(store, preview, &options, &added, NULL, &err));
	assert_int_equal(added, 3);
	trust_preview_free(preview);
	source = (struct trust_source){ "nothing.txt", "hello", 5 };
	assert_false(trust_preview_new(store, &source, 1, &preview, &err));
	assert_null(preview);
	assert_error(&err, FINDING_IMPORT_NOT_A_CERTIFICATE, "nothing.txt");
	for (size_t i = 0; i < 4; i++)
		X509_free(certificates[i]);
	EVP_PKEY_free(weak_key);
	buffer_clear(&pem);
	trust_free(store);
}

static void a_bar_shows_where_now_is(void **state)
{
	static const struct { time_t now; const char *bar, *text; } cases[] = {
		{ 0, "[|---]", "40 days left" },	{ 10 * DAY, "[=|--]", "30 days left" },
		{ 40 * DAY, "[===|]", "0 days left" },	{ 41 * DAY, "[====]|", "expired 1 day ago" },
		{ -2 * DAY, "|[----]", "not valid before 2 days from now" },
	};
	char bar[8], text[TRUST_VALIDITY_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(trust_validity_bar(bar, 4, 0, 40 * DAY, cases[i].now), cases[i].bar);
		assert_string_equal(trust_validity_text(text, 0, 40 * DAY, cases[i].now), cases[i].text);
	}
	assert_string_equal(trust_validity_bar(bar, 4, 9, 9, 9), "[----]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_word_of_a_filter_counts, place_make, place_remove),
		cmocka_unit_test_setup_teardown(each_column_sorts_both_ways, place_make, place_remove),
		cmocka_unit_test_setup_teardown(the_choice_stays_on_its_certificate, place_make, place_remove),
		cmocka_unit_test_setup_teardown(a_store_that_breaks_is_said_and_what_was_shown_stays, place_make, place_remove),
		cmocka_unit_test_setup_teardown(a_usage_brings_and_takes_what_hangs_on_it, place_make, place_remove),
		cmocka_unit_test(a_bar_shows_where_now_is),
		cmocka_unit_test_setup_teardown(a_preview_says_what_stands_in_the_way, place_make, place_remove),
	};

	/* Capital letters beyond ASCII. */
	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
