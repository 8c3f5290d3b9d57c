/* difference.h - what this node's own proxy and certificates have that the appliance's have not, and the other way round. */
#ifndef PC_APPLIANCE_DIFFERENCE_H
#define PC_APPLIANCE_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/record.h"
#include "settings/settings.h"
#include "trust/trust.h"

enum difference_side {
	DIFFERENCE_NONE,
	DIFFERENCE_VALUES,		/* both have it, not the same */
	DIFFERENCE_HERE,		/* only here */
	DIFFERENCE_THERE		/* only on the appliance */
};

#define DIFFERENCE_TEXT_MAX 1024

struct difference_setting {
	const char *key;		/* "proxy.host" */
	const char *label;		/* translated */
	char here[DIFFERENCE_TEXT_MAX];	/* as it would stand in the settings; "" for none */
	char there[DIFFERENCE_TEXT_MAX];
	bool same;
};

struct difference_certificate {
	enum difference_side side;
	const struct trust_entry *here;			/* or NULL; borrowed from the store */
	const struct record_certificate *there;		/* or NULL; borrowed from the list */
	bool state_differs, usages_differ, name_differs;
};

#define DIFFERENCE_SETTINGS 4

struct difference {
	struct difference_setting proxy[DIFFERENCE_SETTINGS];	/* host, port, user, bypass */
	bool proxy_same;
	struct difference_certificate *certificates;	/* owned; in the order: values, there, here, none. What is only
							 * here, disabled and trusted for nothing is left out */
	size_t count;
	size_t differing;		/* those whose side is not none */
};

bool difference_make(const struct settings *settings, const struct trust_store *store, const struct record_proxy *proxy,
		     const struct record_certificates *certificates, struct difference *out, struct error *err);
void difference_clear(struct difference *d);

/* "a,b" and "B, a" are the same list. */
bool difference_same_list(const char *a, const char *b);

#endif
