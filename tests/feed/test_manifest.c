/* The manifest: what is accepted, what is refused and with which line; versions, times; written and read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed/manifest.h"
#include "feed/name.h"

#define HASH "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
#define COMPONENT(id, href) "<component id=\"" id "\" version=\"1\" href=\"" href "\" size=\"5\" sha256=\"" HASH "\"/>"
#define MANIFEST(body) "<posture-update version=\"2026.11.20.1\">" body "</posture-update>"
#define GOOD COMPONENT("a", "a.tar.gz")

static bool parse(const char *xml, struct manifest **m, struct error *err)
{
	*m = NULL;
	return manifest_parse(xml, strlen(xml), m, err);
}

static void the_contract_s_example_is_read(void **state)
{
	static const char xml[] =
		"\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<!-- a comment --><posture-update version=\"2026.11.20.1\" published=\"2026-11-20T08:00:00Z\" "
		"expires=\"2027-02-20T00:00:00Z\">\n"
		"  <component id=\"cisco-conditions\" title=\"Cisco &amp; conditions\" version=\"2026.11.20.1\" "
		"href=\"conditions.tar.gz\" size=\"48213\" sha256=\"" HASH "\"/>\n"
		"  <component id=\"defaults\" version=\"1\" href=\"sub/defaults.tar.gz\" size=\"1\" sha256=\"" HASH
		"\" once=\"true\"/>\n</posture-update>\n";
	struct error err = ERROR_INIT;
	struct manifest *m;

	(void)state;
	if (!parse(xml, &m, &err))
		fail_msg("%s", err.message);
	assert_string_equal(m->version, "2026.11.20.1");
	assert_int_equal(m->published, 1795161600);
	assert_int_equal(m->expires, 1803081600);
	assert_int_equal(m->count, 2);
	assert_string_equal(m->components[0].title, "Cisco & conditions");
	assert_int_equal(m->components[0].size, 48213);
	assert_int_equal(m->components[0].sha256[1], 0x23);
	assert_int_equal(m->components[0].sha256[14], 0xCD);
	assert_false(m->components[0].once);
	assert_true(m->components[1].once);
	assert_string_equal(m->components[1].title, "Default policies, requirements, remediations");
	assert_ptr_equal(manifest_component(m, "defaults"), &m->components[1]);
	assert_null(manifest_component(m, "other"));
	manifest_free(m);
}

static void what_is_not_known_yet_is_ignored(void **state)
{
	static const char *const rows[] = {
		MANIFEST(GOOD "<mirror href=\"x\"><component id=\"deeper\"/></mirror>"),
		MANIFEST("<component id=\"a\" version=\"1\" href=\"a\" size=\"5\" sha256=\"" HASH "\" sha3=\"x\"><note>t</note></component>"),
		"<posture-update xmlns=\"urn:x\" version=\"1\" since=\"y\">text" GOOD "</posture-update>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		struct manifest *m;

		if (!parse(rows[i], &m, &err))
			fail_msg("%s: %s", rows[i], err.message);
		assert_int_equal(m->count, 1);
		manifest_free(m);
	}
}

static void what_is_wrong_is_named(void **state)
{
	static const struct { const char *xml; enum finding finding; const char *says; } rows[] = {
		{ "", FINDING_FEED_MALFORMED, "empty" },
		{ " \n\t", FINDING_FEED_MALFORMED, "empty" },
		{ "<!DOCTYPE html><html><body>Log in", FINDING_FEED_NOT_A_MANIFEST, "web page" },
		{ "\n  <HTML><head>", FINDING_FEED_NOT_A_MANIFEST, "web page" },
		{ "<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC \"x\" \"y\"><html/>", FINDING_FEED_NOT_A_MANIFEST, "web page" },
		{ "<?xml version=\"1.0\"?><html xmlns=\"x\"/>", FINDING_FEED_NOT_A_MANIFEST, "<html>" },
		{ "<rss version=\"2.0\"/>", FINDING_FEED_NOT_A_MANIFEST, "<rss>" },
		{ "{\"version\": 1}", FINDING_FEED_NOT_A_MANIFEST, "no XML" },
		{ "Service unavailable", FINDING_FEED_NOT_A_MANIFEST, "no XML" },
		{ "PK\003\004", FINDING_FEED_NOT_A_MANIFEST, "no XML" },
		{ "\xff\xfe<", FINDING_FEED_MALFORMED, "line 1" },
		{ "<posture-update version=\"1\">\n\n<component", FINDING_FEED_MALFORMED, "line 3" },
		{ "<posture-update version=\"1\">" GOOD, FINDING_FEED_MALFORMED, "line 1" },
		{ MANIFEST(GOOD) "<more/>", FINDING_FEED_MALFORMED, "line 1" },
		{ "<posture-update version=\"1\">\xff</posture-update>", FINDING_FEED_MALFORMED, "line 1" },
		{ "<!DOCTYPE posture-update><posture-update version=\"1\">" GOOD "</posture-update>", FINDING_FEED_MALFORMED,
		  "DOCTYPE" },
		{ "<!DOCTYPE p [<!ENTITY a \"x\"><!ENTITY b \"&a;&a;&a;\">]><posture-update version=\"&b;\"/>",
		  FINDING_FEED_MALFORMED, "DOCTYPE" },
		{ "<!DOCTYPE p SYSTEM \"file:///etc/passwd\"><posture-update/>", FINDING_FEED_MALFORMED, "DOCTYPE" },
		{ MANIFEST("<component id=\"a\" version=\"&x;\"/>"), FINDING_FEED_MALFORMED, "entity" },
		{ MANIFEST(""), FINDING_FEED_MALFORMED, "no component" },
		{ "<posture-update>" GOOD "</posture-update>", FINDING_FEED_MALFORMED, "version is missing" },
		{ "<posture-update version=\"\">" GOOD "</posture-update>", FINDING_FEED_MALFORMED, "version" },
		{ "<posture-update version=\"1 2\">" GOOD "</posture-update>", FINDING_FEED_MALFORMED, "version" },
		{ "<posture-update version=\"1/..\">" GOOD "</posture-update>", FINDING_FEED_MALFORMED, "version" },
		{ "<posture-update version=\"1\" published=\"yesterday\">" GOOD "</posture-update>", FINDING_FEED_MALFORMED,
		  "published" },
		{ "<posture-update version=\"1\" expires=\"2026-11-20\">" GOOD "</posture-update>", FINDING_FEED_MALFORMED,
		  "expires" },
		{ MANIFEST(GOOD "\n" COMPONENT("a", "b")), FINDING_FEED_MALFORMED, "line 2: id=\"a\" is there already, in line 1" },
		{ MANIFEST(GOOD "\n" COMPONENT("b", "A.tar.gz")), FINDING_FEED_MALFORMED, "href=\"A.tar.gz\"" },
		{ MANIFEST(COMPONENT("a", "x/y") COMPONENT("b", "x-z") COMPONENT("c", "X")), FINDING_FEED_MALFORMED, "href" },
		{ MANIFEST(COMPONENT("", "a")), FINDING_FEED_MALFORMED, "id" },
		{ MANIFEST(COMPONENT("..", "a")), FINDING_FEED_MALFORMED, "id" },
		{ MANIFEST(COMPONENT(".a", "a")), FINDING_FEED_MALFORMED, "id" },
		{ MANIFEST(COMPONENT("A", "a")), FINDING_FEED_MALFORMED, "id" },
		{ MANIFEST(COMPONENT("a/b", "a")), FINDING_FEED_MALFORMED, "id" },
		{ MANIFEST(COMPONENT("a123456789012345678901234567890123456789012345678901234567890123456", "a")),
		  FINDING_FEED_MALFORMED, "id" },
		{ MANIFEST("<component version=\"1\"/>"), FINDING_FEED_MALFORMED, "id is missing" },
		{ MANIFEST("<component id=\"a\" href=\"a\" size=\"1\" sha256=\"" HASH "\"/>"), FINDING_FEED_MALFORMED,
		  "version is missing" },
		{ MANIFEST("<component id=\"a\" version=\"1\" size=\"1\" sha256=\"" HASH "\"/>"), FINDING_FEED_MALFORMED,
		  "href is missing" },
		{ MANIFEST("<component id=\"a\" version=\"1\" href=\"a\" sha256=\"" HASH "\"/>"), FINDING_FEED_MALFORMED,
		  "size is missing" },
		{ MANIFEST("<component id=\"a\" version=\"1\" href=\"a\" size=\"1\"/>"), FINDING_FEED_MALFORMED,
		  "sha256 is missing" },
		{ MANIFEST("<component id=\"a\" version=\"1\" href=\"a\" size=\"1\" sha256=\"12\"/>"), FINDING_FEED_MALFORMED,
		  "sha256" },
		{ MANIFEST("<component id=\"a\" version=\"1\" href=\"a\" size=\"1\" sha256=\"g123456789abcdef0123456789ABCDEF"
			   "0123456789abcdef0123456789abcdef\"/>"), FINDING_FEED_MALFORMED, "sha256" },
		{ MANIFEST("<component id=\"a\" version=\"1\" href=\"a\" size=\"-1\" sha256=\"" HASH "\"/>"),
		  FINDING_FEED_MALFORMED, "size" },
		{ MANIFEST("<component id=\"a\" version=\"1\" href=\"a\" size=\"0\" sha256=\"" HASH "\"/>"),
		  FINDING_FEED_MALFORMED, "size" },
		{ MANIFEST("<component id=\"a\" version=\"1\" href=\"a\" size=\"1k\" sha256=\"" HASH "\"/>"),
		  FINDING_FEED_MALFORMED, "size" },
		{ MANIFEST("<component id=\"a\" version=\"1\" href=\"a\" size=\"99999999999999999999999\" sha256=\"" HASH "\"/>"),
		  FINDING_FEED_MALFORMED, "size" },
		{ MANIFEST("<component id=\"a\" version=\"1\" href=\"a\" size=\"9999999999\" sha256=\"" HASH "\"/>"),
		  FINDING_FEED_MALFORMED, "size" },
		{ MANIFEST("<component id=\"a\" version=\"1\" href=\"a\" size=\"1\" once=\"maybe\" sha256=\"" HASH "\"/>"),
		  FINDING_FEED_MALFORMED, "once" },
		{ MANIFEST("<component id=\"a\" version=\"1\" href=\"a\" size=\"1\" title=\"a&#10;b\" sha256=\"" HASH "\"/>"),
		  FINDING_FEED_MALFORMED, "title" },
		{ "<posture-update version=\"1\"><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", FINDING_FEED_MALFORMED,
		  "deep" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		struct manifest *m;

		if (parse(rows[i].xml, &m, &err))
			fail_msg("accepted: %s", rows[i].xml);
		if (err.code != rows[i].finding || strstr(err.message, rows[i].says) == NULL)
			fail_msg("%s: [%s] %s", rows[i].xml, finding_info(err.code)->code, err.message);
		assert_null(m);
	}
}

static void an_href_stays_below_the_feed(void **state)
{
	static const struct { const char *href; bool ok; } rows[] = {
		{ "conditions.tar.gz", true }, { "sub/a_b-c~1.tar.gz", true }, { "a+b=c@d,e(1)", true }, { "..a", true },
		{ "/etc/passwd", false }, { "//host/x", false }, { "https://host/x", false }, { "file:x", false },
		{ "c:x", false }, { "../x", false }, { "a/../x", false }, { "a/..", false }, { "./x", false },
		{ "a/./x", false }, { "a//x", false }, { "a/", false }, { "a\\b", false }, { "..\\x", false },
		{ "a?b", false }, { "a#b", false }, { "%2e%2e/x", false }, { "a%2fb", false }, { "a%00", false },
		{ "a b", false }, { "gr\xC3\xBC\xC3\x9F", false }, { "a&#9;b", false }, { "", false },
		{ "posture-update.xml", false }, { "Posture-Update.XML.p7s", false },
		{ "sub/posture-update.xml", true },
	};
	char xml[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		struct manifest *m;

		snprintf(xml, sizeof(xml), MANIFEST(COMPONENT("a", "%s")), rows[i].href);
		if (parse(xml, &m, &err) != rows[i].ok)
			fail_msg("%s: %s", rows[i].href, err.message);
		if (!rows[i].ok)
			assert_int_equal(err.code, FINDING_FEED_MALFORMED);
		manifest_free(m);
	}
}

static void what_is_too_much_is_refused(void **state)
{
	struct buffer xml = BUFFER_INIT(8u << 20);
	struct error err = ERROR_INIT;
	struct manifest *m = NULL;

	(void)state;
	buffer_puts(&xml, "<posture-update version=\"1\">");
	for (int i = 0; i <= MANIFEST_COMPONENTS_MAX; i++)
		buffer_printf(&xml, COMPONENT("c%d", "c%d"), i, i);
	buffer_puts(&xml, "</posture-update>");
	assert_false(manifest_parse(xml.data, xml.len, &m, &err));
	assert_int_equal(err.code, FINDING_FEED_MALFORMED);
	buffer_reset(&xml);
	buffer_puts(&xml, "<posture-update version=\"1\"");
	for (int i = 0; i < 100; i++)
		buffer_printf(&xml, " a%d=\"x\"", i);
	buffer_puts(&xml, ">" GOOD "</posture-update>");
	assert_false(manifest_parse(xml.data, xml.len, &m, &err));
	assert_int_equal(err.code, FINDING_FEED_MALFORMED);
	buffer_reset(&xml);
	buffer_puts(&xml, MANIFEST(GOOD));
	while (xml.len <= MANIFEST_MAX_BYTES)
		buffer_puts(&xml, "                                                                ");
	assert_false(manifest_parse(xml.data, xml.len, &m, &err));
	assert_int_equal(err.code, FINDING_FEED_MALFORMED);
	buffer_clear(&xml);
}

static void what_is_written_is_read_back(void **state)
{
	static const char xml[] =
		"<posture-update version=\"3\" published=\"2026-11-20T08:00:00Z\">"
		"<component id=\"a\" title=\"A &lt;&quot;quoted&quot;> &amp; 'title'\" version=\"1.2\" href=\"a.tar.gz\" size=\"7\" "
		"sha256=\"" HASH "\"/><component id=\"b\" title=\"gr\xC3\xBC\xC3\x9F\" version=\"2\" href=\"b\" "
		"size=\"8589934592\" sha256=\"" HASH "\" once=\"1\"/></posture-update>";
	struct buffer out = BUFFER_INIT(MANIFEST_MAX_BYTES), again = BUFFER_INIT(MANIFEST_MAX_BYTES);
	struct manifest *m, *back = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	assert_true(parse(xml, &m, &err));
	assert_true(manifest_write(m, &out, &err));
	if (!manifest_parse(out.data, out.len, &back, &err))
		fail_msg("%s", err.message);
	assert_string_equal(back->components[0].title, "A <\"quoted\"> & 'title'");
	assert_string_equal(back->components[1].title, "gr\xC3\xBC\xC3\x9F");
	assert_int_equal(back->components[1].size, COMPONENT_MAX_BYTES);
	assert_memory_equal(back->components[1].sha256, m->components[1].sha256, 32);
	assert_true(back->components[1].once);
	assert_int_equal(back->published, m->published);
	assert_int_equal(back->expires, 0);
	assert_true(manifest_write(back, &again, &err));
	assert_string_equal(buffer_text(&out), buffer_text(&again));
	manifest_free(back);
	buffer_clear(&again);
	buffer_reset(&out);
	m->components[0].has_sha256 = false;
	assert_false(manifest_write(m, &out, &err));
	buffer_clear(&out);
	manifest_free(m);
}

static void versions_are_compared_as_numbers_where_they_are_numbers(void **state)
{
	static const struct { const char *a, *b; int order; } rows[] = {
		{ "1", "1", 0 }, { "1.2", "1.10", -1 }, { "2026.11.20.2", "2026.11.20.10", -1 }, { "2026.9.1", "2026.11.1", -1 },
		{ "1.02", "1.2", 0 }, { "1.2", "1.2.0", 0 }, { "1.2", "1.2.1", -1 }, { "1.2.0.0", "1.2", 0 },
		{ "99999999999999999999999", "100000000000000000000000", -1 }, { "1.a", "1.b", -1 }, { "1.1", "1.a", -1 },
		{ "1-2", "1-10", -1 }, { "r9", "r10", -1 }, { "257.0.0.0", "180.0.0.0", 1 }, { "", "1", -1 }, { "0", "0.0", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int order = manifest_version_compare(rows[i].a, rows[i].b), back = manifest_version_compare(rows[i].b, rows[i].a);

		if ((order > 0) - (order < 0) != rows[i].order || (back > 0) - (back < 0) != -rows[i].order)
			fail_msg("%s, %s: %d, %d", rows[i].a, rows[i].b, order, back);
	}
}

static void expired_and_future_manifests_are_named(void **state)
{
	static const struct { time_t published, expires, now; enum finding finding; } rows[] = {
		{ 1000, 2000, 1500, FINDING_NONE }, { 0, 0, 1500, FINDING_NONE }, { 1000, 2000, 2000, FINDING_FEED_EXPIRED },
		{ 1000, 2000, 1999, FINDING_NONE }, { 1000, 2000, 989, FINDING_FEED_FROM_FUTURE }, { 1000, 2000, 990, FINDING_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char version[] = "1";
		struct manifest m = { .version = version, .published = rows[i].published, .expires = rows[i].expires };
		struct error err = ERROR_INIT;

		assert_int_equal(manifest_check_time(&m, rows[i].now, 10, &err), rows[i].finding == FINDING_NONE);
		assert_int_equal(err.code, rows[i].finding);
	}
}

static void known_components_are_found_by_file_and_by_id(void **state)
{
	(void)state;
	assert_string_equal(manifest_known_by_file("osgroupsV2.tar.gz")->id, "os-groups-v2");
	assert_string_equal(manifest_known_by_file("some/folder/osgroups.tar.gz")->id, "os-groups");
	assert_true(manifest_known_by_id("defaults")->once);
	assert_null(manifest_known_by_file("osgroups.tar"));
	assert_null(manifest_known_by_id("none"));
}

/* --- at the edges ----------------------------------------------------------------------------------------------------- */

/* A manifest of one component with these attributes; NULL: as in GOOD. */
static bool takes(const char *version, const char *id, const char *title, const char *href, const char *sha256)
{
	struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES);
	struct manifest *m = NULL;
	bool ok;

	buffer_printf(&xml, MANIFEST("<component id=\"%s\" version=\"%s\" title=\"%s\" href=\"%s\" size=\"5\" sha256=\"%s\"/>"),
		      id != NULL ? id : "a", version != NULL ? version : "1", title != NULL ? title : "A", href != NULL ? href : "a",
		      sha256 != NULL ? sha256 : HASH);
	ok = manifest_parse(xml.data, xml.len, &m, NULL);
	manifest_free(m);
	buffer_clear(&xml);
	return ok;
}

static void an_attribute_may_be_as_long_as_its_row_says(void **state)
{
	size_t count;
	const struct manifest_attribute *table = manifest_attributes(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const char *name = table[i].name;

		if (strcmp(table[i].element, "component") != 0 || table[i].max == 0)
			continue;
		for (size_t more = 0; more < 2; more++) {
			size_t len = table[i].max + more;
			char value[2000] = "";

			memset(value, 'b', len);
			/* No part of a path may be that long. */
			for (size_t at = 100; strcmp(name, "href") == 0 && at < len; at += 100)
				value[at] = '/';
			assert_int_equal(takes(strcmp(name, "version") == 0 ? value : NULL, strcmp(name, "id") == 0 ? value : NULL,
					       strcmp(name, "title") == 0 ? value : NULL, strcmp(name, "href") == 0 ? value : NULL,
					       NULL), more == 0);
		}
	}
}

static void one_wrong_character_is_enough(void **state)
{
	static const char *const ids[] = { "-a", "_a", ".a" };
	char hash[] = HASH HASH;

	(void)state;
	assert_true(takes(NULL, NULL, NULL, NULL, NULL));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_false(takes(NULL, ids[i], NULL, NULL, NULL));
	assert_false(takes(NULL, NULL, "A\x7F", NULL, NULL));
	hash[66] = '\0';
	assert_false(takes(NULL, NULL, NULL, NULL, hash));
	hash[64] = '\0';
	assert_true(takes(NULL, NULL, NULL, NULL, hash));
	for (size_t i = 62; i < 64; i++) {
		char right = hash[i];

		hash[i] = 'g';
		assert_false(takes(NULL, NULL, NULL, NULL, hash));
		hash[i] = right;
	}
}

static void a_time_of_zero_is_none(void **state)
{
	static const char *const names[] = { "published", "expires" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct error err = ERROR_INIT;
		struct manifest *m;
		char xml[500];

		/* It would be taken for one that is not stated: a manifest without an end. */
		snprintf(xml, sizeof(xml), "<posture-update version=\"1\" %s=\"1970-01-01T00:00:00Z\">" GOOD "</posture-update>",
			 names[i]);
		assert_false(parse(xml, &m, &err));
		assert_int_equal(err.code, FINDING_FEED_MALFORMED);
		assert_non_null(strstr(err.message, names[i]));
	}
}

static void what_is_just_not_too_much_is_taken(void **state)
{
	struct buffer xml = BUFFER_INIT(MANIFEST_MAX_BYTES);
	struct manifest *m = NULL;

	(void)state;
	buffer_puts(&xml, "<posture-update version=\"1\">");
	for (int i = 0; i < MANIFEST_COMPONENTS_MAX; i++)
		buffer_printf(&xml, COMPONENT("c%d", "c%d"), i, i);
	buffer_puts(&xml, "</posture-update>");
	assert_true(manifest_parse(xml.data, xml.len, &m, NULL));
	assert_int_equal(m->count, MANIFEST_COMPONENTS_MAX);
	manifest_free(m);
	buffer_clear(&xml);
	for (int deep = 15; deep <= 16; deep++) {
		struct buffer nested = BUFFER_INIT(MANIFEST_MAX_BYTES);

		buffer_puts(&nested, "<posture-update version=\"1\">" GOOD);
		for (int i = 0; i < deep; i++)
			buffer_puts(&nested, "<x>");
		for (int i = 0; i < deep; i++)
			buffer_puts(&nested, "</x>");
		buffer_puts(&nested, "</posture-update>");
		assert_int_equal(manifest_parse(nested.data, nested.len, &m, NULL), deep == 15);
		if (deep == 15)
			manifest_free(m);
		buffer_clear(&nested);
	}
}

static void once_is_one_of_four_words(void **state)
{
	static const struct { const char *word; bool once; } rows[] = {
		{ "true", true }, { "1", true }, { "false", false }, { "0", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct manifest *m;
		char xml[500];

		snprintf(xml, sizeof(xml), MANIFEST("<component id=\"a\" version=\"1\" href=\"a\" size=\"5\" sha256=\"" HASH
						    "\" once=\"%s\"/>"), rows[i].word);
		assert_true(parse(xml, &m, NULL));
		assert_int_equal(m->components[0].once, rows[i].once);
		manifest_free(m);
	}
}

static void a_name_that_begins_like_another_is_another(void **state)
{
	struct manifest *m;

	(void)state;
	assert_true(parse(MANIFEST(COMPONENT("a", "x") COMPONENT("a-b", "x-y") COMPONENT("ab", "xy/z")), &m, NULL));
	assert_int_equal(m->count, 3);
	manifest_free(m);
}

static void what_cannot_be_written_whole_is_not_written(void **state)
{
	struct buffer out = BUFFER_INIT(MANIFEST_MAX_BYTES), little = BUFFER_INIT(100);
	struct error err = ERROR_INIT;
	struct manifest *m;

	(void)state;
	assert_true(parse(MANIFEST(GOOD), &m, NULL));
	assert_false(manifest_write(m, &little, &err));
	assert_int_equal(err.code, FINDING_OUT_OF_MEMORY);
	m->components[0].size = -1;
	assert_false(manifest_write(m, &out, &err));
	assert_int_equal(err.code, FINDING_FEED_MALFORMED);
	manifest_free(m);
	buffer_clear(&out);
	buffer_clear(&little);
}

/* --- names ------------------------------------------------------------------------------------------------------------ */

static void a_name_has_one_normal_form(void **state)
{
	static const struct { const char *name, *normal; } rows[] = {
		{ "a", "a" }, { "./a", "a" }, { "a//b/", "a/b" }, { "a/./b", "a/b" }, { "./", "" }, { ".", "" },
		{ "...", "..." }, { "..a/b..", "..a/b.." }, { "gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F" },
	};
	char out[NAME_PATH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(name_normalise(rows[i].name, strlen(rows[i].name), out, NULL));
		assert_string_equal(out, rows[i].normal);
	}
	/* A letter and a colon could be a drive; a colon elsewhere is a character. */
	assert_false(name_normalise("a:b", 3, out, NULL));
	assert_true(name_normalise("ab:c", 4, out, NULL));
}

/* `len` characters in parts of at most `part`. */
static void make_name(char *name, size_t len, size_t part)
{
	memset(name, 'n', len);
	for (size_t at = part; at < len - 1; at += part + 1)
		name[at] = '/';
	name[len] = '\0';
}

static void a_name_may_be_as_long_and_as_deep_as_its_limits_say(void **state)
{
	char name[NAME_PATH_MAX + 10], out[NAME_PATH_MAX + 1];
	struct error err = ERROR_INIT;

	(void)state;
	assert_false(name_normalise("", 0, out, &err));
	assert_int_equal(err.code, FINDING_BUNDLE_UNSAFE_PATH);
	assert_false(name_normalise("a\0b", 3, out, &err));
	for (size_t more = 0; more < 2; more++) {
		make_name(name, NAME_PATH_MAX + more, 100);
		assert_int_equal(name_normalise(name, strlen(name), out, NULL), more == 0);
		make_name(name, NAME_PART_MAX + more, NAME_PATH_MAX);
		assert_int_equal(name_normalise(name, strlen(name), out, NULL), more == 0);
		make_name(name, 2 * (NAME_DEPTH_MAX + more) - 1, 1);
		assert_int_equal(name_normalise(name, strlen(name), out, NULL), more == 0);
	}
}

static void a_duplicate_says_of_what_kind_it_is(void **state)
{
	static const struct { const char *first, *second; const char *says; } rows[] = {
		{ "a", "a", "there twice" }, { "a", "A", "in different case" }, { "a", "a/b", "as a file and as a folder" },
		{ "a/b", "a", "as a file and as a folder" }, { "a/b", "A/c", "in different case" },
		/* Two small sigmas of one capital. */
		{ "\xCF\x82", "\xCF\x83", "in different case" }, { "s", "\xC5\xBF", "in different case" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct name_set *set = name_set_new(100);
		struct error err = ERROR_INIT;

		assert_true(name_set_add(set, rows[i].first, false, NULL));
		assert_false(name_set_add(set, rows[i].second, false, &err));
		assert_int_equal(err.code, FINDING_BUNDLE_DUPLICATE_MEMBER);
		if (strstr(err.message, rows[i].says) == NULL)
			fail_msg("%s, %s: %s", rows[i].first, rows[i].second, err.message);
		name_set_free(set);
	}
}

/* The folders of the name before are not added again: of that name only. */
static void every_folder_of_every_name_is_known(void **state)
{
	static const char *const names[] = { "aaa/bbb/x", "cc/y", "cca/bbb/z", "cca/bbbb/z", "cc/yy/z", "d" };
	static const char *const folders[] = { "aaa", "aaa/bbb", "cc", "cca", "cca/bbb", "cca/bbbb", "cc/yy" };
	struct name_set *set = name_set_new(100);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(name_set_add(set, names[i], false, NULL));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (name_set_add(set, folders[i], false, NULL))
			fail_msg("%s is taken for a file", folders[i]);
	}
	name_set_free(set);
}

static void many_names_fit_and_every_duplicate_is_found(void **state)
{
	enum { NAMES = 20000 };
	struct name_set *set = name_set_new(NAMES + 201);
	struct error err = ERROR_INIT;
	char name[100];

	(void)state;
	assert_non_null(set);
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "d%d/Name-%d.xml", i % 200, i);
		if (!name_set_add(set, name, false, &err))
			fail_msg("%s", err.message);
	}
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "d%d/nAME-%d.XML", i % 200, i);
		assert_false(name_set_add(set, name, false, &err));
		assert_int_equal(err.code, FINDING_BUNDLE_DUPLICATE_MEMBER);
	}
	assert_true(name_set_add(set, "d7", true, &err));
	assert_true(name_set_add(set, "one-more", false, &err));
	assert_false(name_set_add(set, "too-many", false, &err));
	assert_int_equal(err.code, FINDING_BUNDLE_TOO_LARGE);
	name_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_contract_s_example_is_read),
		cmocka_unit_test(what_is_not_known_yet_is_ignored),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(an_href_stays_below_the_feed),
		cmocka_unit_test(what_is_too_much_is_refused),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(versions_are_compared_as_numbers_where_they_are_numbers),
		cmocka_unit_test(expired_and_future_manifests_are_named),
		cmocka_unit_test(known_components_are_found_by_file_and_by_id),
		cmocka_unit_test(an_attribute_may_be_as_long_as_its_row_says),
		cmocka_unit_test(one_wrong_character_is_enough),
		cmocka_unit_test(a_time_of_zero_is_none),
		cmocka_unit_test(what_is_just_not_too_much_is_taken),
		cmocka_unit_test(once_is_one_of_four_words),
		cmocka_unit_test(a_name_that_begins_like_another_is_another),
		cmocka_unit_test(what_cannot_be_written_whole_is_not_written),
		cmocka_unit_test(a_name_has_one_normal_form),
		cmocka_unit_test(a_name_may_be_as_long_and_as_deep_as_its_limits_say),
		cmocka_unit_test(a_duplicate_says_of_what_kind_it_is),
		cmocka_unit_test(every_folder_of_every_name_is_known),
		cmocka_unit_test(many_names_fit_and_every_duplicate_is_found),
	};

	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
