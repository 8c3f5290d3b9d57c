/* dns_judge.h - what the answers of several name servers mean together. Pure: no network, no files.
 *
 * Follows glibc: the servers are asked in their order; an answer, "no such name" and "no such data" end the search, anything else
 * moves on to the next server.
 */
#ifndef PC_DIAGNOSE_DNS_JUDGE_H
#define PC_DIAGNOSE_DNS_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/finding.h"
#include "net/probe_address.h"
#include "net/probe_dns.h"

/* How one server answered about one name. */
enum dns_class {
	DNS_GOOD,			/* addresses */
	DNS_NXDOMAIN, DNS_NODATA,
	DNS_SERVFAIL, DNS_REFUSED,
	DNS_FORMERR,			/* FORMERR, NOTIMP: the question itself was not understood */
	DNS_NO_RECURSION, DNS_CNAME_LOOP, DNS_TRUNCATED,
	DNS_MALFORMED, DNS_MISMATCHED,
	DNS_TIMEOUT, DNS_PORT_CLOSED, DNS_UNREACHABLE, DNS_LOCAL_FIREWALL, DNS_LOCAL_ERROR
};

#define DNS_CLASS_COUNT (DNS_LOCAL_ERROR + 1)
#define DNS_SLOW_US 1000000

struct dns_view {
	struct probe_address server;
	const struct probe_dns_answer *a;
	const struct probe_dns_answer *aaaa;	/* NULL: not asked */
	bool own_firewall;			/* the refusal came from this node's own address */
	/* Second probes; NULL: not asked. */
	const struct probe_dns_answer *unchecked;	/* with CD set, and signatures asked for */
	const struct probe_dns_answer *extended;	/* with EDNS, for the extended error */
	const struct probe_dns_answer *plain;		/* without EDNS, when the first question had it */
	const struct probe_dns_answer *other_name;	/* about a name that has nothing to do with it */
	bool alias_loop;			/* the aliases, followed one by one, come back */
	time_t now;				/* this node's clock; 0: not known */
	/* Filled in by dns_judge(): */
	enum dns_class class;
};

struct dns_judgement {
	bool works;			/* a system that asks as glibc does gets an address */
	size_t decisive;		/* the server whose answer counts, or the most telling one */
	enum finding failure;		/* FINDING_NONE when it works */
	enum finding warnings[8];
	size_t warning_count;
	struct probe_address_list addresses;	/* of the decisive server */
	struct probe_address_list others;	/* further ones that other servers give */
};

enum dns_class dns_class_of(const struct probe_dns_answer *answer);

/* `views` has at least one server. */
void dns_judge(struct dns_view *views, size_t count, struct dns_judgement *out);

/* "NXDOMAIN", "no answer", ... (translated). */
const char *dns_class_text(enum dns_class class);

#endif
