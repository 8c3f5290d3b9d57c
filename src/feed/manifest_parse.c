/* Reads a manifest. It comes from outside: no DOCTYPE and so no entities, and a cap on everything. */
#include "feed/manifest.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "feed/name.h"

#define DEPTH_MAX 16
#define ATTRIBUTES_MAX 64

/* What an address and a file name may both hold without being written differently in one of them. */
#define HREF_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+=@,()/"
#define VERSION_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+"
#define ID_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-._"

static const struct manifest_attribute table[] = {
#define ATTRIBUTE(element, name, required, characters, max, form, help) { element, name, required, characters, max, form, help },
#include "feed/attributes.def"
#undef ATTRIBUTE
};

const struct manifest_attribute *manifest_attributes(size_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}

struct parse {
	XML_Parser xml;
	struct manifest *m;
	size_t capacity;
	unsigned long *lines;		/* of each component, for messages about two of them */
	int depth;
	bool failed;
	struct error *err;
};

static void stop(struct parse *p)
{
	p->failed = true;
	XML_StopParser(p->xml, XML_FALSE);
}

__attribute__((format(printf, 2, 3))) static bool malformed(struct parse *p, const char *fmt, ...)
{
	char why[ERROR_TEXT_MAX / 2];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	error_set(p->err, FINDING_FEED_MALFORMED, _("the manifest, line %lu: %s"),
		  (unsigned long)XML_GetCurrentLineNumber(p->xml), why);
	stop(p);
	return false;
}

static const char *attribute(const XML_Char **attributes, const char *name)
{
	for (; attributes[0] != NULL; attributes += 2) {
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	}
	return NULL;
}

static const struct manifest_attribute *row_of(const char *element, const char *name)
{
	size_t i = 0;

	while (strcmp(table[i].element, element) != 0 || strcmp(table[i].name, name) != 0)
		i++;
	return &table[i];
}

/* A text attribute as its row says. One that may be missing leaves *out as it is. */
static bool take_text(struct parse *p, const XML_Char **attributes, const char *element, const char *name, char **out)
{
	const struct manifest_attribute *row = row_of(element, name);
	const char *value = attribute(attributes, name);
	size_t len;

	if (value == NULL)
		return !row->required || malformed(p, _("the attribute %s is missing"), name);
	len = strlen(value);
	if (len == 0 || len > row->max)
		return malformed(p, _("the attribute %s must have 1 to %zu characters"), name, row->max);
	if (row->characters != NULL && strspn(value, row->characters) != len)
		return malformed(p, _("%s=\"%s\" holds a character that is not allowed there"), name, value);
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7F)
			return malformed(p, _("the attribute %s holds a control character"), name);
	}
	*out = strdup(value);
	return *out != NULL || malformed(p, _("out of memory"));
}

static bool take_time(struct parse *p, const XML_Char **attributes, const char *name, time_t *out)
{
	const char *value = attribute(attributes, name);

	if (value != NULL && (!clock_parse_rfc3339(value, out) || *out == 0))
		return malformed(p, _("%s=\"%.64s\" is not a time like 2026-11-20T08:00:00Z"), name, value);
	return true;
}

static bool take_size(struct parse *p, const XML_Char **attributes, int64_t *out)
{
	const char *value = attribute(attributes, "size");
	size_t len;

	if (value == NULL)
		return malformed(p, _("the attribute %s is missing"), "size");
	len = strspn(value, "0123456789");
	if (len == 0 || len > 18 || value[len] != '\0')
		return malformed(p, _("size=\"%.64s\" is not a number of bytes"), value);
	*out = strtoll(value, NULL, 10);
	if (*out == 0 || *out > COMPONENT_MAX_BYTES)
		return malformed(p, _("size=\"%.64s\" is not between 1 and %lld bytes"), value,
				 (long long)COMPONENT_MAX_BYTES);
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_sha256(struct parse *p, const XML_Char **attributes, struct component *c)
{
	const char *value = attribute(attributes, "sha256");

	if (value == NULL)
		return malformed(p, _("the attribute %s is missing"), "sha256");
	if (strlen(value) != 2 * sizeof(c->sha256))
		return malformed(p, _("sha256=\"%.80s\" does not have 64 hexadecimal digits"), value);
	for (size_t i = 0; i < sizeof(c->sha256); i++) {
		int high = hex_digit(value[2 * i]), low = hex_digit(value[2 * i + 1]);

		if (high < 0 || low < 0)
			return malformed(p, _("sha256=\"%.80s\" does not have 64 hexadecimal digits"), value);
		c->sha256[i] = (unsigned char)(high << 4 | low);
	}
	c->has_sha256 = true;
	return true;
}

static bool take_once(struct parse *p, const XML_Char **attributes, bool *out)
{
	const char *value = attribute(attributes, "once");

	if (value == NULL || strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
		*out = false;
	else if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
		*out = true;
	else
		return malformed(p, _("once=\"%.64s\" is neither true nor false"), value);
	return true;
}

/* The characters leave no scheme, query, fragment, percent escape or backslash; what is left is a way out of the folder,
 * or another spelling of the same file. */
static bool check_href(struct parse *p, const char *href)
{
	char normal[NAME_PATH_MAX + 1];
	struct error why = ERROR_INIT;

	if (!name_normalise(href, strlen(href), normal, &why))
		return malformed(p, "href: %s", why.message);
	if (strcmp(normal, href) != 0)
		return malformed(p, _("href=\"%s\" is not a plain relative path"), href);
	if (strcasecmp(href, MANIFEST_NAME) == 0 || strcasecmp(href, MANIFEST_SIGNATURE_NAME) == 0)
		return malformed(p, _("href=\"%s\" is the manifest itself"), href);
	return true;
}

static struct component *add_component(struct parse *p)
{
	struct manifest *m = p->m;

	if (m->count == MANIFEST_COMPONENTS_MAX) {
		malformed(p, _("there are more than %d components"), MANIFEST_COMPONENTS_MAX);
		return NULL;
	}
	if (m->count == p->capacity) {
		size_t capacity = p->capacity == 0 ? 16 : p->capacity * 2;
		struct component *components = realloc(m->components, capacity * sizeof(*components));
		unsigned long *lines = components != NULL ? realloc(p->lines, capacity * sizeof(*lines)) : NULL;

		if (components != NULL)
			m->components = components;
		if (lines == NULL) {
			malformed(p, _("out of memory"));
			return NULL;
		}
		p->lines = lines;
		p->capacity = capacity;
	}
	p->lines[m->count] = (unsigned long)XML_GetCurrentLineNumber(p->xml);
	m->components[m->count] = (struct component){ .size = -1 };
	return &m->components[m->count++];
}

static bool take_component(struct parse *p, const XML_Char **attributes)
{
	struct component *c = add_component(p);
	const struct known_component *known;

	if (c == NULL || !take_text(p, attributes, "component", "id", &c->id))
		return false;
	if (c->id == NULL || strchr("-._", c->id[0]) != NULL)
		return malformed(p, _("id=\"%s\" does not begin with a letter or a digit"), c->id);
	if (!take_text(p, attributes, "component", "version", &c->version) ||
	    !take_text(p, attributes, "component", "href", &c->href) || !check_href(p, c->href) ||
	    !take_size(p, attributes, &c->size) || !take_sha256(p, attributes, c) || !take_once(p, attributes, &c->once) ||
	    !take_text(p, attributes, "component", "title", &c->title))
		return false;
	if (c->title != NULL)
		return true;
	known = manifest_known_by_id(c->id);
	c->title = strdup(known != NULL ? known->title : c->id);
	return c->title != NULL || malformed(p, _("out of memory"));
}

static bool take_root(struct parse *p, const XML_Char *name, const XML_Char **attributes)
{
	if (strcmp(name, "posture-update") != 0) {
		error_set(p->err, FINDING_FEED_NOT_A_MANIFEST, _("this is not a manifest: its root is <%.64s>, not <%s>"), name,
			  "posture-update");
		stop(p);
		return false;
	}
	return take_text(p, attributes, "posture-update", "version", &p->m->version) &&
	       take_time(p, attributes, "published", &p->m->published) &&
	       take_time(p, attributes, "expires", &p->m->expires);
}

static void on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
	struct parse *p = data;

	if (p->failed)
		return;
	if (XML_GetSpecifiedAttributeCount(p->xml) > 2 * ATTRIBUTES_MAX)
		malformed(p, _("an element has more than %d attributes"), ATTRIBUTES_MAX);
	else if (++p->depth > DEPTH_MAX)
		malformed(p, _("elements stand more than %d deep in each other"), DEPTH_MAX);
	else if (p->depth == 1)
		take_root(p, name, attributes);
	else if (p->depth == 2 && strcmp(name, "component") == 0)
		take_component(p, attributes);
}

static void on_end(void *data, const XML_Char *name)
{
	struct parse *p = data;

	(void)name;
	p->depth--;
}

static void on_doctype(void *data, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id, int internal)
{
	struct parse *p = data;

	(void)system_id, (void)public_id, (void)internal;
	if (strcasecmp(name, "html") == 0) {
		error_set(p->err, FINDING_FEED_NOT_A_MANIFEST, _("this is a web page, not a manifest"));
		stop(p);
		return;
	}
	malformed(p, _("a DOCTYPE is not allowed in a manifest"));
}

/* A login page or a proxy's error page need not be well-formed to be known as one. */
static bool check_kind(const char *xml, size_t len, struct error *err)
{
	static const char *const html[] = { "<!doctype html", "<html", "<head", "<body", "<script", "<title", "<meta" };
	size_t i = len >= 3 && memcmp(xml, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

	while (i < len && strchr(" \t\r\n", xml[i]) != NULL && xml[i] != '\0')
		i++;
	if (i == len)
		return error_set(err, FINDING_FEED_MALFORMED, _("the manifest is empty"));
	/* UTF-16 begins otherwise, and is XML. */
	if (xml[i] != '<' && (unsigned char)xml[i] < 0xFE && xml[i] != '\0')
		return error_set(err, FINDING_FEED_NOT_A_MANIFEST, _("this is no XML, and so no manifest"));
	for (size_t k = 0; k < sizeof(html) / sizeof(html[0]); k++) {
		size_t n = strlen(html[k]);

		if (len - i >= n && strncasecmp(xml + i, html[k], n) == 0)
			return error_set(err, FINDING_FEED_NOT_A_MANIFEST, _("this is a web page, not a manifest"));
	}
	return true;
}

struct indexed {
	const char *text;
	size_t at;
};

/* Case folded, and "/" before every other character: "a" stands beside "a/b" then. (href and id are ASCII.) */
static int compare_folded(const void *a, const void *b)
{
	const char *s = ((const struct indexed *)a)->text, *t = ((const struct indexed *)b)->text;

	for (;; s++, t++) {
		int x = *s >= 'A' && *s <= 'Z' ? *s | 0x20 : *s, y = *t >= 'A' && *t <= 'Z' ? *t | 0x20 : *t;

		x = x == '/' ? 1 : x;
		y = y == '/' ? 1 : y;
		if (x != y)
			return x < y ? -1 : 1;
		if (x == 0)
			return 0;
	}
}

/* True when `a` is `b`, or a folder above it. */
static bool covers(const char *a, const char *b)
{
	size_t n = strlen(a);

	return strncasecmp(a, b, n) == 0 && (b[n] == '\0' || b[n] == '/');
}

static bool check_unique(const struct parse *p, struct indexed *rows, bool href)
{
	const struct manifest *m = p->m;

	for (size_t i = 0; i < m->count; i++)
		rows[i] = (struct indexed){ href ? m->components[i].href : m->components[i].id, i };
	qsort(rows, m->count, sizeof(*rows), compare_folded);
	for (size_t i = 1; i < m->count; i++) {
		if (covers(rows[i - 1].text, rows[i].text))
			return error_set(p->err, FINDING_FEED_MALFORMED,
					 _("the manifest, line %lu: %s=\"%s\" is there already, in line %lu"),
					 p->lines[rows[i].at], href ? "href" : "id", rows[i].text,
					 p->lines[rows[i - 1].at]);
	}
	return true;
}

static bool check_components(const struct parse *p)
{
	struct indexed *rows;
	bool ok;

	if (p->m->count == 0)
		return error_set(p->err, FINDING_FEED_MALFORMED, _("the manifest names no component"));
	rows = calloc(p->m->count, sizeof(*rows));
	if (rows == NULL)
		return error_set(p->err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	ok = check_unique(p, rows, false) && check_unique(p, rows, true);
	free(rows);
	return ok;
}

bool manifest_parse(const char *xml, size_t len, struct manifest **out, struct error *err)
{
	struct parse p = { .err = err };
	bool ok = false;

	if (len > MANIFEST_MAX_BYTES)
		return error_set(err, FINDING_FEED_MALFORMED, _("the manifest is larger than %u bytes"), MANIFEST_MAX_BYTES);
	if (!check_kind(xml, len, err))
		return false;
	p.m = calloc(1, sizeof(*p.m));
	p.xml = XML_ParserCreate(NULL);
	if (p.m == NULL || p.xml == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	XML_SetUserData(p.xml, &p);
	XML_SetElementHandler(p.xml, on_start, on_end);
	XML_SetStartDoctypeDeclHandler(p.xml, on_doctype);
	if (XML_Parse(p.xml, xml, (int)len, XML_TRUE) != XML_STATUS_OK) {
		if (!p.failed)
			malformed(&p, "%s", XML_ErrorString(XML_GetErrorCode(p.xml)));
		goto out;
	}
	if (p.failed || !check_components(&p))
		goto out;
	*out = p.m;
	p.m = NULL;
	ok = true;
out:
	if (p.xml != NULL)
		XML_ParserFree(p.xml);
	manifest_free(p.m);
	free(p.lines);
	return ok;
}
