#include "appliance/difference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"

/* --- the proxy ------------------------------------------------------------------------------------------------- */

/* The next item of a list separated by commas, without blanks around it; NULL at the end. */
static const char *next_item(const char **rest, size_t *len)
{
	while (**rest != '\0') {
		const char *start = *rest + strspn(*rest, ", \t");
		size_t n = strcspn(start, ",");

		*rest = start + n;
		while (n > 0 && (start[n - 1] == ' ' || start[n - 1] == '\t'))
			n--;
		if (n > 0) {
			*len = n;
			return start;
		}
	}
	return NULL;
}

static bool has_all(const char *list, const char *of)
{
	const char *item;
	size_t len, other_len;

	while ((item = next_item(&of, &len)) != NULL) {
		const char *rest = list, *other;
		bool found = false;

		while (!found && (other = next_item(&rest, &other_len)) != NULL)
			found = len == other_len && strncasecmp(item, other, len) == 0;
		if (!found)
			return false;
	}
	return true;
}

bool difference_same_list(const char *a, const char *b)
{
	return has_all(a, b) && has_all(b, a);
}

static void put(struct difference_setting *row, enum setting id, const char *here, const char *there, bool same)
{
	row->key = setting_info(id)->key;
	row->label = _(setting_info(id)->label);
	snprintf(row->here, sizeof(row->here), "%s", here);
	snprintf(row->there, sizeof(row->there), "%s", there);
	row->same = same;
}

/* A proxy that is not used has no other property. */
static void compare_proxy(const struct settings *s, const struct record_proxy *p, struct difference *out)
{
	bool here = settings_bool(s, SETTING_PROXY_ENABLED), there = p->host[0] != '\0';
	const char *host = here ? settings_string(s, SETTING_PROXY_HOST) : "";
	const char *user = here ? settings_string(s, SETTING_PROXY_USER) : "";
	const char *their_user = there && p->login ? p->user : "";
	char port[16] = "", their_port[16] = "", list[DIFFERENCE_TEXT_MAX] = "";
	size_t used = 0;

	if (here)
		snprintf(port, sizeof(port), "%lld", (long long)settings_int(s, SETTING_PROXY_PORT));
	if (there)
		snprintf(their_port, sizeof(their_port), "%ld", p->port);
	for (size_t i = 0; here && i < settings_list_size(s, SETTING_PROXY_BYPASS) && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? "," : "",
					 settings_list_item(s, SETTING_PROXY_BYPASS, i));
	put(&out->proxy[0], SETTING_PROXY_HOST, host, p->host, strcasecmp(host, p->host) == 0);
	put(&out->proxy[1], SETTING_PROXY_PORT, port, their_port, strcmp(port, their_port) == 0);
	put(&out->proxy[2], SETTING_PROXY_USER, user, their_user, strcmp(user, their_user) == 0);
	put(&out->proxy[3], SETTING_PROXY_BYPASS, list, there ? p->bypass : "", difference_same_list(list, there ? p->bypass : ""));
	out->proxy_same = true;
	for (size_t i = 0; i < DIFFERENCE_SETTINGS; i++)
		out->proxy_same &= out->proxy[i].same;
}

/* --- the certificates ------------------------------------------------------------------------------------------ */

static const struct trust_entry *same_here(const struct trust_store *store, const struct record_certificate *c)
{
	for (size_t i = 0; i < trust_count(store); i++) {
		const struct trust_entry *e = trust_at(store, i);

		if (c->has_sha256 ? memcmp(e->sha256, c->sha256, sizeof(e->sha256)) == 0 : strcmp(e->name, c->name) == 0)
			return e;
	}
	return NULL;
}

static const struct record_certificate *same_there(const struct record_certificates *list, const struct trust_store *store,
						   const struct trust_entry *e)
{
	for (size_t i = 0; i < list->count; i++) {
		if (same_here(store, &list->items[i]) == e)
			return &list->items[i];
	}
	return NULL;
}

static void compare(struct difference_certificate *row)
{
	if (row->here == NULL || row->there == NULL) {
		row->side = row->here != NULL ? DIFFERENCE_HERE : DIFFERENCE_THERE;
		return;
	}
	row->state_differs = row->here->enabled != row->there->enabled;
	row->usages_differ = row->there->strange[0] == '\0' && row->here->usages != row->there->usages;
	row->name_differs = strcmp(row->here->name, row->there->name) != 0;
	/* A name is the node's own affair: the certificate is the same. */
	row->side = row->state_differs || row->usages_differ ? DIFFERENCE_VALUES : DIFFERENCE_NONE;
}

/* Most of what a system brings along is disabled and trusted for nothing: that the appliance lacks it means nothing. */
static bool matters(const struct trust_entry *e)
{
	return e->enabled || e->usages != 0;
}

static int rank_of(const struct difference_certificate *row)
{
	static const int ranks[] = { [DIFFERENCE_VALUES] = 0, [DIFFERENCE_THERE] = 1, [DIFFERENCE_HERE] = 2, [DIFFERENCE_NONE] = 3 };

	return ranks[row->side];
}

static const char *name_of(const struct difference_certificate *row)
{
	return row->there != NULL ? row->there->name : row->here->name;
}

static int by_rank_and_name(const void *a, const void *b)
{
	const struct difference_certificate *x = a, *y = b;
	int order = rank_of(x) - rank_of(y);

	return order != 0 ? order : strcmp(name_of(x), name_of(y));
}

bool difference_make(const struct settings *settings, const struct trust_store *store, const struct record_proxy *proxy,
		     const struct record_certificates *certificates, struct difference *out, struct error *err)
{
	*out = (struct difference){ 0 };
	compare_proxy(settings, proxy, out);
	out->certificates = calloc(certificates->count + trust_count(store) + 1, sizeof(*out->certificates));
	if (out->certificates == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	for (size_t i = 0; i < certificates->count; i++)
		out->certificates[out->count++] = (struct difference_certificate){ .here = same_here(store, &certificates->items[i]),
										   .there = &certificates->items[i] };
	for (size_t i = 0; i < trust_count(store); i++) {
		if (matters(trust_at(store, i)) && same_there(certificates, store, trust_at(store, i)) == NULL)
			out->certificates[out->count++] = (struct difference_certificate){ .here = trust_at(store, i) };
	}
	for (size_t i = 0; i < out->count; i++) {
		compare(&out->certificates[i]);
		out->differing += out->certificates[i].side != DIFFERENCE_NONE;
	}
	qsort(out->certificates, out->count, sizeof(*out->certificates), by_rank_and_name);
	return true;
}

void difference_clear(struct difference *d)
{
	free(d->certificates);
	*d = (struct difference){ 0 };
}
