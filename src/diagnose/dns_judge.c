#include "diagnose/dns_judge.h"

#include "base/i18n.h"

enum { RCODE_NOERROR = 0, RCODE_FORMERR = 1, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_NOTIMP = 4, RCODE_REFUSED = 5 };

/* RFC 8914 */
enum {
	EDE_SIGNATURE_EXPIRED = 7, EDE_SIGNATURE_NOT_YET_VALID = 8, EDE_BLOCKED = 15, EDE_CENSORED = 16, EDE_FILTERED = 17,
	EDE_PROHIBITED = 18
};

static const struct {
	enum finding failure;
	const char *text;
} classes[DNS_CLASS_COUNT] = {
	[DNS_GOOD] = { FINDING_NONE, N_("answered") },
	[DNS_NXDOMAIN] = { FINDING_DNS_NXDOMAIN, N_("NXDOMAIN") },
	[DNS_NODATA] = { FINDING_DNS_NO_ADDRESS, N_("no address") },
	[DNS_SERVFAIL] = { FINDING_DNS_SERVFAIL, N_("SERVFAIL") },
	[DNS_REFUSED] = { FINDING_DNS_REFUSED, N_("REFUSED") },
	[DNS_FORMERR] = { FINDING_DNS_SERVFAIL, N_("question not understood") },
	[DNS_NO_RECURSION] = { FINDING_DNS_NO_RECURSION, N_("no recursion") },
	[DNS_CNAME_LOOP] = { FINDING_DNS_CNAME_LOOP, N_("alias loop") },
	[DNS_TRUNCATED] = { FINDING_DNS_TRUNCATED_TCP_BLOCKED, N_("truncated, and TCP fails") },
	[DNS_MALFORMED] = { FINDING_DNS_MALFORMED_REPLY, N_("malformed reply") },
	[DNS_MISMATCHED] = { FINDING_DNS_MISMATCHED_REPLY, N_("reply to another question") },
	[DNS_TIMEOUT] = { FINDING_DNS_TIMEOUT, N_("no answer") },
	[DNS_PORT_CLOSED] = { FINDING_DNS_PORT_CLOSED, N_("port closed") },
	[DNS_UNREACHABLE] = { FINDING_DNS_SERVER_UNREACHABLE, N_("unreachable") },
	[DNS_LOCAL_FIREWALL] = { FINDING_DNS_LOCAL_FIREWALL, N_("stopped by this node's firewall") },
	[DNS_LOCAL_ERROR] = { FINDING_OUT_OF_DESCRIPTORS, N_("could not ask") },
};

/* When no server decides: the class that says most comes first. */
static const enum dns_class telling[] = {
	DNS_LOCAL_ERROR, DNS_LOCAL_FIREWALL, DNS_TRUNCATED, DNS_FORMERR, DNS_REFUSED, DNS_SERVFAIL, DNS_NO_RECURSION,
	DNS_MALFORMED, DNS_MISMATCHED, DNS_PORT_CLOSED, DNS_TIMEOUT, DNS_UNREACHABLE,
};

const char *dns_class_text(enum dns_class class)
{
	return (unsigned int)class < DNS_CLASS_COUNT ? _(classes[class].text) : "";
}

static enum dns_class class_of_rcode(const struct probe_dns_answer *a)
{
	switch (a->rcode) {
	case RCODE_NOERROR:
		if (a->addresses.count > 0)
			return DNS_GOOD;
		/* As glibc: an empty answer of a server that neither owns the zone nor recurses is none. */
		return !a->ra && !a->aa ? DNS_NO_RECURSION : DNS_NODATA;
	case RCODE_NXDOMAIN: return DNS_NXDOMAIN;
	case RCODE_REFUSED: return a->referral ? DNS_NO_RECURSION : DNS_REFUSED;
	case RCODE_FORMERR:
	case RCODE_NOTIMP: return DNS_FORMERR;
	default: return DNS_SERVFAIL;
	}
}

enum dns_class dns_class_of(const struct probe_dns_answer *a)
{
	switch (a->outcome) {
	case PROBE_DNS_ANSWERED: break;
	case PROBE_DNS_TIMEOUT:
	case PROBE_DNS_TCP_CUT: return DNS_TIMEOUT;
	case PROBE_DNS_PORT_CLOSED: return DNS_PORT_CLOSED;
	case PROBE_DNS_UNREACHABLE:
	case PROBE_DNS_NO_ROUTE: return DNS_UNREACHABLE;
	case PROBE_DNS_LOCAL_FIREWALL: return DNS_LOCAL_FIREWALL;
	case PROBE_DNS_MALFORMED: return DNS_MALFORMED;
	case PROBE_DNS_MISMATCHED: return DNS_MISMATCHED;
	case PROBE_DNS_NOT_ASKED: return DNS_NXDOMAIN;
	case PROBE_DNS_LOCAL_ERROR: return DNS_LOCAL_ERROR;
	}
	if (a->cname_loop)
		return DNS_CNAME_LOOP;
	return a->tc ? DNS_TRUNCATED : class_of_rcode(a);
}

static enum dns_class class_of_server(const struct dns_view *v)
{
	enum dns_class a = dns_class_of(v->a), aaaa = v->aaaa != NULL ? dns_class_of(v->aaaa) : DNS_NODATA;

	if (a == DNS_GOOD || aaaa == DNS_GOOD)
		return DNS_GOOD;
	if ((a == DNS_PORT_CLOSED || a == DNS_UNREACHABLE) && v->own_firewall)
		return DNS_LOCAL_FIREWALL;
	return a == DNS_NODATA ? aaaa : a;
}

static bool is_final(enum dns_class class)
{
	return class == DNS_GOOD || class == DNS_NXDOMAIN || class == DNS_NODATA || class == DNS_CNAME_LOOP;
}

static bool has_ede(const struct probe_dns_answer *a, unsigned int first, unsigned int last)
{
	for (size_t i = 0; a != NULL && i < a->ede_count; i++) {
		if (a->ede[i].code >= first && a->ede[i].code <= last)
			return true;
	}
	return false;
}

static bool view_has_ede(const struct dns_view *v, unsigned int first, unsigned int last)
{
	return has_ede(v->a, first, last) || has_ede(v->extended, first, last) || has_ede(v->unchecked, first, last);
}

/* The signatures are out of date by this node's clock, too: then it is the zone that was not signed anew. */
static bool out_of_date(const struct dns_view *v)
{
	return v->now != 0 && v->unchecked->is_signed &&
	       ((int64_t)v->now < v->unchecked->signed_from || (int64_t)v->now > v->unchecked->signed_to);
}

/* The failure of one server, with what the second probes say. */
static enum finding refine(const struct dns_view *v)
{
	switch (v->class) {
	case DNS_SERVFAIL:
		if (v->unchecked != NULL && dns_class_of(v->unchecked) == DNS_GOOD)
			return view_has_ede(v, EDE_SIGNATURE_EXPIRED, EDE_SIGNATURE_NOT_YET_VALID) && !out_of_date(v) ?
				       FINDING_DNS_DNSSEC_CLOCK : FINDING_DNS_DNSSEC_BOGUS;
		if (v->alias_loop)
			return FINDING_DNS_CNAME_LOOP;
		break;
	case DNS_REFUSED:
		if (view_has_ede(v, EDE_PROHIBITED, EDE_PROHIBITED))
			return FINDING_DNS_REFUSED;
		if (view_has_ede(v, EDE_BLOCKED, EDE_FILTERED))
			return FINDING_DNS_POLICY_BLOCKED;
		if (v->other_name != NULL && v->other_name->outcome == PROBE_DNS_ANSWERED &&
		    v->other_name->rcode != RCODE_REFUSED)
			return FINDING_DNS_POLICY_BLOCKED;
		break;
	case DNS_NXDOMAIN:
	case DNS_NODATA:
		if (view_has_ede(v, EDE_BLOCKED, EDE_FILTERED) || v->a->policy_soa)
			return FINDING_DNS_POLICY_BLOCKED;
		break;
	case DNS_FORMERR:
	case DNS_TIMEOUT:
	case DNS_MALFORMED:
		/* The plain question gets on: it was EDNS. */
		if (v->plain != NULL && v->plain->outcome == PROBE_DNS_ANSWERED && dns_class_of(v->plain) != DNS_FORMERR)
			return FINDING_DNS_EDNS_FILTERED;
		break;
	default:
		break;
	}
	if (v->class == DNS_PORT_CLOSED && probe_address_kind(&v->server) == PROBE_ADDRESS_LOOPBACK)
		return FINDING_DNS_STUB_STOPPED;
	return classes[v->class].failure;
}

static void add_all(struct probe_address_list *to, const struct probe_dns_answer *a,
		    const struct probe_address_list *except)
{
	for (size_t i = 0; a != NULL && a->outcome == PROBE_DNS_ANSWERED && i < a->addresses.count; i++) {
		if (except == NULL || !probe_address_list_has(except, &a->addresses.items[i]))
			probe_address_list_add(to, &a->addresses.items[i]);
	}
}

static void warn(struct dns_judgement *j, enum finding f)
{
	if (j->warning_count < sizeof(j->warnings) / sizeof(j->warnings[0]))
		j->warnings[j->warning_count++] = f;
}

static void judge_good(const struct dns_view *views, struct dns_judgement *j)
{
	const struct dns_view *v = &views[j->decisive];

	j->works = true;
	for (size_t i = 0; i < j->decisive; i++) {
		/* A server that is there and says no is not dead. */
		if (views[i].class == DNS_TIMEOUT || views[i].class == DNS_UNREACHABLE || views[i].class == DNS_PORT_CLOSED) {
			warn(j, FINDING_DNS_FIRST_SERVER_DEAD);
			break;
		}
	}
	if (dns_class_of(v->a) == DNS_GOOD && v->aaaa != NULL) {
		enum dns_class aaaa = dns_class_of(v->aaaa);

		if (aaaa == DNS_TIMEOUT)
			warn(j, FINDING_DNS_AAAA_DROPPED);
		else if (aaaa == DNS_SERVFAIL)
			warn(j, FINDING_DNS_AAAA_SERVFAIL);
	}
	if (dns_class_of(v->a) == DNS_GOOD && v->a->rtt_us > DNS_SLOW_US)
		warn(j, FINDING_DNS_SLOW);
}

static bool find_decisive(const struct dns_view *views, size_t count, size_t *decisive)
{
	for (size_t i = 0; i < count; i++) {
		if (is_final(views[i].class)) {
			*decisive = i;
			return true;
		}
	}
	for (size_t t = 0; t < sizeof(telling) / sizeof(telling[0]); t++) {
		for (size_t i = 0; i < count; i++) {
			if (views[i].class == telling[t]) {
				*decisive = i;
				return false;
			}
		}
	}
	*decisive = 0;
	return false;
}

void dns_judge(struct dns_view *views, size_t count, struct dns_judgement *out)
{
	bool decided, somebody_knows = false;

	*out = (struct dns_judgement){ 0 };
	for (size_t i = 0; i < count; i++) {
		views[i].class = class_of_server(&views[i]);
		somebody_knows = somebody_knows || views[i].class == DNS_GOOD;
	}
	decided = find_decisive(views, count, &out->decisive);
	if (views[out->decisive].class == DNS_GOOD)
		judge_good(views, out);
	else if (decided && somebody_knows)
		out->failure = FINDING_DNS_SERVERS_DISAGREE;
	else
		out->failure = refine(&views[out->decisive]);
	add_all(&out->addresses, views[out->decisive].a, NULL);
	add_all(&out->addresses, views[out->decisive].aaaa, NULL);
	for (size_t i = 0; i < count; i++) {
		add_all(&out->others, views[i].a, &out->addresses);
		add_all(&out->others, views[i].aaaa, &out->addresses);
	}
}
