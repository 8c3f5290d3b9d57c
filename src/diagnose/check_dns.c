/* dns: every name server asked for itself, beside what the system's own resolver says.
 *
 * The name that matters is that of the peer this node connects to. Behind a proxy the feed's own name is asked for as well, but it
 * is the proxy's business: a failure is a warning. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/i18n.h"
#include "diagnose/checks.h"
#include "diagnose/dns_ask.h"
#include "diagnose/dns_chase.h"

#define FIRST_WAIT_MS 5000		/* glibc's own patience with one server */
#define FIRST_WAIT_HOSTS_MS 1500	/* when /etc/hosts knows the name anyway */
#define SYSTEM_WAIT_MS 400		/* when the servers have spoken already */
#define DNS_PORT 53

/* --- evidence ----------------------------------------------------------------------------------------------------------- */

static void describe_answer(struct dns_check *d, const struct dns_view *v, const char *type,
			    const struct probe_dns_answer *a)
{
	char name[128], server[PROBE_ADDRESS_TEXT_MAX], addresses[512];
	enum dns_class class = dns_class_of(a);

	snprintf(name, sizeof(name), "%s %s", probe_address_text(server, &v->server), type);
	if (class == DNS_GOOD)
		result_evidence(d->r, name, "%s, %.1f ms", result_addresses_text(addresses, sizeof(addresses), &a->addresses),
				(double)a->rtt_us / 1000);
	else
		result_evidence(d->r, name, "%s, %.1f ms", dns_class_text(class), (double)a->rtt_us / 1000);
}

static void describe_second(struct dns_check *d, const struct dns_view *v)
{
	char server[PROBE_ADDRESS_TEXT_MAX];
	const struct probe_dns_answer *carriers[] = { v->a, v->extended, v->unchecked };

	probe_address_text(server, &v->server);
	if (v->unchecked != NULL)
		result_evidence(d->r, _("without DNSSEC check"), "%s: %s", server, dns_class_text(dns_class_of(v->unchecked)));
	if (v->plain != NULL)
		result_evidence(d->r, _("without EDNS"), "%s: %s", server, dns_class_text(dns_class_of(v->plain)));
	if (v->other_name != NULL)
		result_evidence(d->r, _("other names"), "%s: %s", server, dns_class_text(dns_class_of(v->other_name)));
	for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++) {
		if (carriers[i] == NULL || carriers[i]->ede_count == 0)
			continue;
		result_evidence(d->r, _("extended error"), "%s: %u %s", server, carriers[i]->ede[0].code,
				carriers[i]->ede[0].text);
		break;
	}
}

static void describe_servers(struct dns_check *d)
{
	const struct dns_view *v = &d->views[d->judgement.decisive];
	char server[PROBE_ADDRESS_TEXT_MAX];

	probe_address_text(server, &v->server);
	result_evidence(d->r, "server", "%s", server);
	if (v->a->outcome == PROBE_DNS_ANSWERED)
		result_evidence(d->r, "rcode", "%s", probe_dns_rcode_text(v->a->rcode));
	result_fact(d->r, "server", json_string(server));
	for (size_t s = 0; s < d->servers; s++) {
		describe_answer(d, &d->views[s], "A", d->views[s].a);
		if (d->views[s].aaaa != NULL)
			describe_answer(d, &d->views[s], "AAAA", d->views[s].aaaa);
		describe_second(d, &d->views[s]);
	}
}

static void describe_files(struct dns_check *d)
{
	const struct probe_file *f = &d->resolv.file;

	if (f->state != PROBE_FILE_OK)
		result_evidence(d->r, f->path, "%s%s%s", f->state == PROBE_FILE_MISSING ? _("missing") :
				f->state == PROBE_FILE_DANGLING ? _("a link to nothing") : _("cannot be read"),
				f->target[0] != '\0' ? " -> " : "", f->target);
	for (size_t i = 0; i < d->resolv.bad_count; i++)
		result_evidence(d->r, f->path, _("line %u: %s"), d->resolv.bad[i].line, d->resolv.bad[i].text);
	if (d->hosts.addresses.count > 0)
		result_evidence(d->r, d->hosts.file.path, _("line %u: %s"), d->hosts.line, d->hosts.text);
}

/* --- what it means ------------------------------------------------------------------------------------------------------- */

/* The resolver's own configuration explains why the implicit server does not answer. */
static enum finding configuration_failure(const struct dns_check *d)
{
	if (!d->implicit_server)
		return FINDING_NONE;
	switch (d->resolv.file.state) {
	case PROBE_FILE_DANGLING: return FINDING_DNS_STUB_STOPPED;
	case PROBE_FILE_OK: return d->resolv.bad_count > 0 ? FINDING_DNS_CONFIG_INVALID : FINDING_DNS_NO_SERVERS;
	default: return FINDING_DNS_CONFIG_INVALID;
	}
}

static void summarise_failure(struct dns_check *d, enum finding f, const char *name)
{
	const struct dns_view *v = &d->views[d->judgement.decisive];
	char server[PROBE_ADDRESS_TEXT_MAX];

	probe_address_text(server, &v->server);
	switch (f) {
	case FINDING_DNS_NXDOMAIN:
		result_summary(d->r, _("%s says that %s does not exist"), server, name);
		break;
	case FINDING_PROXY_UNRESOLVABLE:
		result_summary(d->r, _("%s has no address for the proxy %s: %s"), server, name, dns_class_text(v->class));
		break;
	case FINDING_DNS_TIMEOUT:
		result_summary(d->r, _("%s does not answer (%.1f s)"), server, (double)v->a->rtt_us / 1e6);
		break;
	case FINDING_DNS_SERVERS_DISAGREE:
		result_summary(d->r, _("%s answers \"%s\" about %s, other name servers give an address"), server,
			       dns_class_text(v->class), name);
		break;
	case FINDING_DNS_NO_SERVERS:
	case FINDING_DNS_CONFIG_INVALID:
	case FINDING_DNS_NSSWITCH:
		result_summary(d->r, "%s", _(finding_info(f)->cause));
		break;
	default:
		result_summary(d->r, _("%s asked for %s: %s"), server, name, dns_class_text(v->class));
	}
}

static void fail(struct dns_check *d, enum finding f)
{
	/* The proxy's own name is a setting; its name servers are not. */
	if (d->c->via_proxy && (f == FINDING_DNS_NXDOMAIN || f == FINDING_DNS_NO_ADDRESS))
		f = FINDING_PROXY_UNRESOLVABLE;
	result_add(d->r, f, WEIGHT_FAIL);
	summarise_failure(d, f, d->name);
}

static bool every_is(const struct probe_address_list *list, enum probe_address_kind kind)
{
	for (size_t i = 0; i < list->count; i++) {
		if (probe_address_kind(&list->items[i]) != kind)
			return false;
	}
	return list->count > 0;
}

static bool intersect(const struct probe_address_list *a, const struct probe_address_list *b)
{
	for (size_t i = 0; i < a->count; i++) {
		if (probe_address_list_has(b, &a->items[i]))
			return true;
	}
	return false;
}

/* A name that cannot exist gets the same address: a portal or a filter may have made it up, or a small resolver knows one address
 * only. What stands there decides, which others find out. */
static void note_wildcard(struct dns_check *d, const struct probe_address_list *used)
{
	const struct probe_dns_answer *wild = &d->first[d->judgement.decisive * DNS_QUESTIONS + DNS_ASK_WILDCARD].answer;

	if (d->servers == 0 || dns_class_of(wild) != DNS_GOOD || !intersect(&wild->addresses, used))
		return;
	result_fact(d->r, "everywhere", json_true());
	result_evidence(d->r, _("a name that cannot exist"), _("%s gets the same address"), d->wildcard);
}

static bool ends_with_search_domain(const struct dns_check *d)
{
	size_t len = strlen(d->system.canonical), name = strlen(d->name);

	for (size_t i = 0; i < d->resolv.search_count; i++) {
		size_t n = strlen(d->resolv.search[i]);

		if (len == name + 1 + n && strncasecmp(d->system.canonical, d->name, name) == 0 &&
		    strcasecmp(d->system.canonical + name + 1, d->resolv.search[i]) == 0)
			return true;
	}
	return false;
}

/* A dotted name was looked for in a domain of the search list, and that has a wildcard: because the name itself does not exist, or
 * because ndots has the list tried first. */
static void suspect_search_list(struct dns_check *d)
{
	bool unknown = !d->judgement.works && d->views[d->judgement.decisive].class == DNS_NXDOMAIN;
	bool other = d->judgement.works && !intersect(&d->system.addresses, &d->judgement.addresses);

	if (d->servers == 0 || d->hosts.addresses.count > 0 || d->resolv.search_count == 0 || strchr(d->name, '.') == NULL ||
	    !(unknown || (other && ends_with_search_domain(d))))
		return;
	result_add(d->r, FINDING_DNS_SEARCH_LEAK, WEIGHT_SUSPECT)->confidence = DIAGNOSE_LIKELY;
	result_fact(d->r, "search_leak", json_true());
	result_evidence(d->r, _("search list"), unknown ? _("%s exists only with a domain of the search list: %s") :
			_("%s was looked for in the search list first, and found there: %s"), d->name,
			d->system.canonical[0] != '\0' ? d->system.canonical : d->resolv.search[0]);
}

static void compare_with_hosts(struct dns_check *d)
{
	if (d->hosts.addresses.count == 0 || !d->judgement.works || d->judgement.addresses.count == 0 ||
	    intersect(&d->hosts.addresses, &d->judgement.addresses))
		return;
	result_add(d->r, FINDING_DNS_HOSTS_OVERRIDE, WEIGHT_WARN);
}

/* Addresses that are not used, but that somebody thinks right: for a second try when the used ones fail. */
static json_t *alternatives(const struct dns_check *d, const struct probe_address_list *used)
{
	struct probe_address_list list = { 0 };
	const struct probe_address_list *sources[] = { &d->judgement.addresses, &d->judgement.others };

	for (size_t s = 0; d->servers > 0 && s < sizeof(sources) / sizeof(sources[0]); s++) {
		for (size_t i = 0; i < sources[s]->count; i++) {
			if (!probe_address_list_has(used, &sources[s]->items[i]))
				probe_address_list_add(&list, &sources[s]->items[i]);
		}
	}
	return result_addresses(&list);
}

/* Each server answers at once, and the system's resolver takes seconds all the same: it asks for both families on one socket, and
 * something on the way loses the second answer ("single-request" in resolv.conf(5)). Every update waits for it. */
static void warn_of_slow_system(struct dns_check *d)
{
	if (d->hosts.addresses.count > 0 || d->r->status != CHECK_PASS ||
	    d->system.duration_us - d->first_packet_us < 2 * DNS_SLOW_US)
		return;
	result_evidence(d->r, _("the system's resolver"), "%.1f s", (double)d->system.duration_us / 1e6);
	result_add(d->r, FINDING_DNS_SLOW, WEIGHT_WARN);
}

static void warn_as_judged(struct dns_check *d)
{
	size_t s = d->judgement.decisive;

	for (size_t i = 0; d->hosts.addresses.count == 0 && i < d->judgement.warning_count; i++) {
		if (d->judgement.warnings[i] == FINDING_DNS_SLOW && dns_first_packet_slow(d, s, DNS_SLOW_US)) {
			d->first_packet_us = d->views[s].a->rtt_us;
			result_evidence(d->r, _("asked again"), "%s", _("it answers at once: only the first packet was slow"));
			continue;
		}
		result_add(d->r, d->judgement.warnings[i], WEIGHT_WARN);
	}
}

static void succeed(struct dns_check *d, const struct probe_address_list *used, const char *source)
{
	char text[512];

	result_fact(d->r, "addresses", result_addresses(used));
	result_fact(d->r, "alternatives", alternatives(d, used));
	result_fact(d->r, "source", json_string(source));
	result_summary(d->r, "%s -> %s", d->name, result_addresses_text(text, sizeof(text), used));
	if (every_is(used, PROBE_ADDRESS_UNSPECIFIED)) {
		result_add(d->r, d->hosts.addresses.count > 0 ? FINDING_DNS_HOSTS_OVERRIDE : FINDING_DNS_SINKHOLED, WEIGHT_FAIL);
		result_summary(d->r, _("%s resolves to %s, an address that leads nowhere"), d->name, text);
		return;
	}
	compare_with_hosts(d);
	note_wildcard(d, used);
	warn_as_judged(d);
	warn_of_slow_system(d);
}

/* The servers know the name, the system does not. */
static void fail_system(struct dns_check *d)
{
	enum finding f = FINDING_DNS_CONFIG_INVALID;

	if (d->nsswitch.found && ((!d->nsswitch.dns && !d->nsswitch.resolve) || d->nsswitch.dns_cut_off))
		f = FINDING_DNS_NSSWITCH;
	else if (d->system.gai_error == EAI_SYSTEM)
		f = d->system.sys_errno == EADDRNOTAVAIL || d->system.sys_errno == EAGAIN ? FINDING_OUT_OF_DESCRIPTORS :
			    error_finding_of_errno(d->system.sys_errno, FINDING_DNS_CONFIG_INVALID);
	result_evidence(d->r, _("hosts line of nsswitch.conf"), "%s", d->nsswitch.line);
	fail(d, f);
	if (f == FINDING_DNS_CONFIG_INVALID)
		result_summary(d->r, _("the name servers know %s, but this node's resolver says: %s"), d->name,
			       gai_strerror(d->system.gai_error));
}

static void conclude(struct dns_check *d)
{
	const struct dns_judgement *j = &d->judgement;
	bool system_works = d->system.finished && d->system.gai_error == 0;
	enum finding f = configuration_failure(d);

	if (system_works) {
		suspect_search_list(d);
		succeed(d, &d->system.addresses, d->hosts.addresses.count > 0 ? "hosts" : "dns");
	} else if (j->works && d->system.finished) {
		fail_system(d);
	} else if (j->works) {
		succeed(d, &j->addresses, "dns");
	} else {
		fail(d, f != FINDING_NONE && d->views[0].class != DNS_NXDOMAIN && d->views[0].class != DNS_NODATA ? f :
			j->failure);
	}
}

/* Behind a proxy: what this node knows of the feed's name tells whether the proxy should know it. */
static void look_at_feed(struct dns_check *d, enum dns_question a, enum dns_question aaaa)
{
	struct dns_view views[DNS_SERVERS_MAX];
	struct dns_judgement j;
	struct probe_hosts hosts;

	probe_hosts_read(NULL, d->feed, &hosts);
	if (hosts.addresses.count > 0) {
		result_fact(d->r, "feed_resolves", json_true());
		result_fact(d->r, "feed_addresses", result_addresses(&hosts.addresses));
		return;
	}
	dns_make_views(d, a, aaaa, views);
	dns_judge(views, d->servers, &j);
	result_fact(d->r, "feed_resolves", json_boolean(j.works));
	result_fact(d->r, "feed_nxdomain", json_boolean(views[j.decisive].class == DNS_NXDOMAIN));
	result_fact(d->r, "feed_addresses", result_addresses(&j.addresses));
	if (j.works)
		return;
	result_add(d->r, j.failure, WEIGHT_WARN);
	result_evidence(d->r, _("feed"), _("%s: %s (the proxy resolves it for itself)"), d->feed,
			dns_class_text(views[j.decisive].class));
}

static void take_servers(struct dns_check *d)
{
	d->servers = d->resolv.server_count;
	if (d->servers > 0)
		return;
	d->implicit_server = true;
	d->servers = 1;
	probe_address_parse("127.0.0.1", DNS_PORT, &d->resolv.servers[0]);
}

/* How long the system's answer is worth waiting for, now that the servers have been asked. */
static int system_patience_ms(const struct dns_check *d)
{
	bool other_sources = d->nsswitch.found && (d->nsswitch.resolve || d->nsswitch.mdns);

	if (d->judgement.works || d->hosts.addresses.count > 0 || other_sources || d->resolv.search_count > 0)
		return check_left_ms(d->c, SYSTEM_WAIT_MS * 10);
	return check_left_ms(d->c, SYSTEM_WAIT_MS);
}

/* SERVFAIL, with and without validation: a loop of aliases is one of the reasons, and the only one that can be seen from here. */
static void chase_aliases(struct dns_check *d)
{
	struct dns_view *v = &d->views[d->judgement.decisive];

	if (d->judgement.failure != FINDING_DNS_SERVFAIL || v->class != DNS_SERVFAIL)
		return;
	v->alias_loop = dns_chase_loops(&v->server, d->name, check_left_ms(d->c, DNS_SECOND_MS));
	if (v->alias_loop)
		dns_judge(d->views, d->servers, &d->judgement);
}

static void read_configuration(struct dns_check *d)
{
	probe_resolv_read(NULL, &d->resolv);
	probe_nsswitch_read(NULL, &d->nsswitch);
	probe_hosts_read(NULL, d->name, &d->hosts);
	dns_make_wildcard(d->wildcard, sizeof(d->wildcard));
	take_servers(d);
}

static void resolve_peer(struct dns_check *d)
{
	static struct dns_system_ask ask;	/* its thread may outlive this function; the process ends it */

	ask = (struct dns_system_ask){ .name = d->name, .port = check_peer_port(d->c),
				   .budget_ms = check_left_ms(d->c, 60 * 1000), .done = { -1, -1 } };
	dns_system_start(&ask);
	dns_ask_first(d, d->hosts.addresses.count > 0 ? FIRST_WAIT_HOSTS_MS : FIRST_WAIT_MS);
	dns_make_views(d, DNS_ASK_A, DNS_ASK_AAAA, d->views);
	dns_judge(d->views, d->servers, &d->judgement);
	if (!d->judgement.works && d->hosts.addresses.count == 0) {
		dns_ask_second(d);
		dns_judge(d->views, d->servers, &d->judgement);
		chase_aliases(d);
	}
	dns_system_join(&ask, system_patience_ms(d), &d->system);
	describe_files(d);
	describe_servers(d);
	conclude(d);
	if (d->feed != NULL)
		look_at_feed(d, DNS_ASK_FEED_A, DNS_ASK_FEED_AAAA);
}

static void resolve_literal(struct dns_check *d, const struct probe_address *address)
{
	struct probe_address_list list = { 0 };

	probe_address_list_add(&list, address);
	result_fact(d->r, "addresses", result_addresses(&list));
	result_fact(d->r, "source", json_string("literal"));
	result_summary(d->r, _("%s is an address: no name is needed"), check_peer_host(d->c));
	if (d->feed == NULL)
		return;
	/* Nothing waits for the feed's name but a warning. */
	d->name = d->feed;
	read_configuration(d);
	dns_ask_first(d, FIRST_WAIT_HOSTS_MS);
	look_at_feed(d, DNS_ASK_A, DNS_ASK_AAAA);
}

void check_dns_run(const struct check_context *c, struct check_result *r)
{
	struct dns_check *d;
	struct probe_address literal, feed;

	if (c->proxy_error.code != FINDING_NONE) {
		result_skip(r, false, _("needs a proxy setting that can work"));
		return;
	}
	result_fact(r, "host", event_string(check_peer_host(c)));
	d = calloc(1, sizeof(*d));
	if (d == NULL) {
		result_add(r, FINDING_OUT_OF_MEMORY, WEIGHT_FAIL);
		return;
	}
	d->c = c;
	d->r = r;
	d->name = check_peer_host(c);
	d->feed = c->via_proxy && !probe_address_parse(c->target.host, 0, &feed) ? c->target.host : NULL;
	if (probe_address_parse(d->name, check_peer_port(c), &literal)) {
		resolve_literal(d, &literal);
	} else {
		read_configuration(d);
		resolve_peer(d);
	}
	free(d);
}
