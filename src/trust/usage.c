/* The four usages and what each one needs, as on the appliance. */
#include "trust/room.h"

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"

static const struct {
	unsigned int usage;
	unsigned int needs;
	const char *name;
	const char *title;
} usages_table[] = {
	{ TRUST_INFRASTRUCTURE, 0, "infrastructure", N_("authentication within ISE") },
	{ TRUST_CLIENT_AUTH, TRUST_INFRASTRUCTURE, "client-auth", N_("client authentication and Syslog") },
	{ TRUST_ADMIN_AUTH, TRUST_INFRASTRUCTURE | TRUST_CLIENT_AUTH, "admin-auth",
	  N_("certificate based admin authentication") },
	{ TRUST_CISCO_SERVICES, 0, "cisco-services", N_("authentication of Cisco services") },
};

#define USAGES (sizeof(usages_table) / sizeof(usages_table[0]))

unsigned int trust_usage_by_name(const char *name)
{
	for (size_t i = 0; i < USAGES; i++) {
		if (strcmp(usages_table[i].name, name) == 0)
			return usages_table[i].usage;
	}
	return 0;
}

const char *trust_usage_name(unsigned int usage)
{
	for (size_t i = 0; i < USAGES; i++) {
		if (usages_table[i].usage == usage)
			return usages_table[i].name;
	}
	return "";
}

const char *trust_usage_title(unsigned int usage)
{
	for (size_t i = 0; i < USAGES; i++) {
		if (usages_table[i].usage == usage)
			return _(usages_table[i].title);
	}
	return "";
}

bool trust_usages_check(unsigned int usages, struct error *err)
{
	for (size_t i = 0; i < USAGES; i++) {
		unsigned int lacking = usages_table[i].needs & ~usages;

		if ((usages & usages_table[i].usage) == 0 || lacking == 0)
			continue;
		if (lacking == (TRUST_INFRASTRUCTURE | TRUST_CLIENT_AUTH)) {
			error_set(err, FINDING_TRUST_USAGE_RULE, _("the usage %s needs the usages %s and %s as well"),
				  usages_table[i].name, trust_usage_name(TRUST_INFRASTRUCTURE),
				  trust_usage_name(TRUST_CLIENT_AUTH));
			return error_next(err, _("Give the certificate all three."));
		}
		error_set(err, FINDING_TRUST_USAGE_RULE, _("the usage %s needs the usage %s as well"),
			  usages_table[i].name, trust_usage_name(lacking));
		return error_next(err, _("Give the certificate both."));
	}
	return true;
}

unsigned int trust_usage_with_needs(unsigned int usage)
{
	for (size_t i = 0; i < USAGES; i++) {
		if (usages_table[i].usage == usage)
			return usage | usages_table[i].needs;
	}
	return 0;
}

unsigned int trust_usage_with_dependants(unsigned int usage)
{
	unsigned int all = usage;

	for (size_t i = 0; i < USAGES; i++) {
		if ((usages_table[i].needs & usage) != 0)
			all |= usages_table[i].usage;
	}
	return all;
}

/* Names the usages among `usages` that need `usage`; how many there are. */
static size_t name_dependants(char *dst, size_t size, unsigned int usages, unsigned int usage)
{
	size_t found = 0, used = 0;

	dst[0] = '\0';
	for (size_t i = 0; i < USAGES; i++) {
		if ((usages & usages_table[i].usage) == 0 || (usages_table[i].needs & usage) == 0)
			continue;
		used += (size_t)snprintf(dst + used, size - used, "%s%s", found > 0 ? ", " : "", usages_table[i].name);
		found++;
	}
	return found;
}

bool trust_usages_after(unsigned int usages, unsigned int add, unsigned int take_away, unsigned int *after,
			struct error *err)
{
	*after = (usages | add) & ~take_away;
	for (size_t i = 0; i < USAGES; i++) {
		unsigned int usage = usages_table[i].usage;
		char dependants[128];

		if ((take_away & usages & usage) == 0)
			continue;
		if (name_dependants(dependants, sizeof(dependants), *after, usage) == 0)
			continue;
		error_set(err, FINDING_TRUST_USAGE_RULE, _("the usage %s cannot be taken away while the certificate has "
							   "usages that need it: %s"), usages_table[i].name, dependants);
		return error_next(err, _("Take these away together with it."));
	}
	return trust_usages_check(*after, err);
}
