/* The manifest as data: the known components, versions, times, and writing. manifest_parse.c reads it. */
#include "feed/manifest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/i18n.h"

static const struct known_component known[] = {
	{ "cisco-conditions", N_("Cisco conditions"), "conditions.tar.gz", false },
	{ "avas-chart-windows", N_("Cisco AV/AS support chart for Windows"), "avas-chart-windows.tar.gz", false },
	{ "avas-chart-macos", N_("Cisco AV/AS support chart for macOS"), "avas-chart-macos.tar.gz", false },
	{ "os-groups", N_("Cisco supported OS"), "osgroups.tar.gz", false },
	{ "os-groups-v2", N_("Cisco supported OS"), "osgroupsV2.tar.gz", false },
	{ "defaults", N_("Default policies, requirements, remediations"), "defaults.tar.gz", true },
};

const struct known_component *manifest_known_at(size_t i)
{
	return i < sizeof(known) / sizeof(known[0]) ? &known[i] : NULL;
}

const struct known_component *manifest_known_by_file(const char *file_name)
{
	const char *slash = strrchr(file_name, '/'), *name = slash != NULL ? slash + 1 : file_name;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcasecmp(known[i].href, name) == 0)
			return &known[i];
	}
	return NULL;
}

const struct known_component *manifest_known_by_id(const char *id)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].id, id) == 0)
			return &known[i];
	}
	return NULL;
}

void manifest_free(struct manifest *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->count; i++) {
		free(m->components[i].id);
		free(m->components[i].title);
		free(m->components[i].version);
		free(m->components[i].href);
	}
	free(m->components);
	free(m->version);
	free(m);
}

const struct component *manifest_component(const struct manifest *m, const char *id)
{
	for (size_t i = 0; i < m->count; i++) {
		if (strcmp(m->components[i].id, id) == 0)
			return &m->components[i];
	}
	return NULL;
}

/* Compares the two runs of digits and moves behind them. */
static int compare_numbers(const char **a, const char **b)
{
	size_t n_a, n_b;
	int order;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	n_a = strspn(*a, "0123456789");
	n_b = strspn(*b, "0123456789");
	if (n_a != n_b)
		return n_a < n_b ? -1 : 1;
	order = strncmp(*a, *b, n_a);
	*a += n_a;
	*b += n_b;
	return order;
}

int manifest_version_compare(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0') {
		int order;

		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			order = compare_numbers(&a, &b);
			if (order != 0)
				return order;
			continue;
		}
		if (*a == '\0')
			return strspn(b, ".0") == strlen(b) ? 0 : -1;	/* 1.2 is 1.2.0 */
		if (*b == '\0')
			return strspn(a, ".0") == strlen(a) ? 0 : 1;
		if (*a != *b)
			return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
		a++;
		b++;
	}
	return 0;
}

bool manifest_check_time(const struct manifest *m, time_t now, int slack_s, struct error *err)
{
	char when[CLOCK_TEXT_MAX], today[CLOCK_TEXT_MAX];

	clock_rfc3339(today, now);
	if (m->expires != 0 && now >= m->expires) {
		clock_rfc3339(when, m->expires);
		return error_set(err, FINDING_FEED_EXPIRED, _("the manifest %s expired at %s, and it is %s now"), m->version,
				 when, today);
	}
	if (m->published != 0 && m->published - slack_s > now) {
		clock_rfc3339(when, m->published);
		return error_set(err, FINDING_FEED_FROM_FUTURE, _("the manifest %s was published at %s, but it is %s now"),
				 m->version, when, today);
	}
	return true;
}

static void put_attribute(struct buffer *out, const char *name, const char *value)
{
	buffer_printf(out, " %s=\"", name);
	for (; *value != '\0'; value++) {
		switch (*value) {
		case '&': buffer_puts(out, "&amp;"); break;
		case '<': buffer_puts(out, "&lt;"); break;
		case '>': buffer_puts(out, "&gt;"); break;
		case '"': buffer_puts(out, "&quot;"); break;
		default: buffer_putc(out, *value); break;
		}
	}
	buffer_putc(out, '"');
}

static void put_time(struct buffer *out, const char *name, time_t t)
{
	char text[CLOCK_TEXT_MAX];

	if (t != 0)
		put_attribute(out, name, clock_rfc3339(text, t));
}

static bool put_component(struct buffer *out, const struct component *c, struct error *err)
{
	if (c->size < 0 || !c->has_sha256)
		return error_set(err, FINDING_FEED_MALFORMED, _("component %s has no size or no hash yet"), c->id);
	buffer_puts(out, "  <component");
	put_attribute(out, "id", c->id);
	put_attribute(out, "title", c->title);
	put_attribute(out, "version", c->version);
	put_attribute(out, "href", c->href);
	buffer_printf(out, "\n             size=\"%lld\" sha256=\"", (long long)c->size);
	for (size_t i = 0; i < sizeof(c->sha256); i++)
		buffer_printf(out, "%02x", c->sha256[i]);
	buffer_puts(out, c->once ? "\" once=\"true\"/>\n" : "\"/>\n");
	return true;
}

bool manifest_write(const struct manifest *m, struct buffer *out, struct error *err)
{
	buffer_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<posture-update");
	put_attribute(out, "version", m->version);
	put_time(out, "published", m->published);
	put_time(out, "expires", m->expires);
	buffer_puts(out, ">\n");
	for (size_t i = 0; i < m->count; i++) {
		if (!put_component(out, &m->components[i], err))
			return false;
	}
	buffer_puts(out, "</posture-update>\n");
	if (out->failed)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("the manifest does not fit into %zu bytes"), out->max);
	return true;
}
