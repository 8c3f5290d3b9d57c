/* dns: every name server asked for itself, beside what the system's own resolver says.
 *
 * The name that matters is that of the peer this node connects to. Behind a proxy the feed's own name is asked for as well, but it
 * is the proxy's business: a failure is a warning. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/file.h"
#include "base/i18n.h"
#include "diagnose/checks.h"
#include "diagnose/dns_chase.h"
#include "diagnose/dns_judge.h"
#include "net/probe_resolv.h"
#include "net/probe_route.h"

#define SERVERS_MAX PROBE_RESOLV_SERVERS_MAX
#define FIRST_WAIT_MS 5000		/* glibc's own patience with one server */
#define FIRST_WAIT_HOSTS_MS 1500	/* when /etc/hosts knows the name anyway */
#define SECOND_WAIT_MS 1500
#define SYSTEM_WAIT_MS 400		/* when the servers have spoken already */
#define EDNS_SIZE 1232
#define DNS_PORT 53
#define RANDOM_LABEL 12
#define NEUTRAL_NAME "www.example.com"

/* What is asked of each server in the first round. */
enum question { ASK_A, ASK_AAAA, ASK_WILDCARD, ASK_FEED_A, ASK_FEED_AAAA, QUESTIONS };
/* And in the second, of a server that failed. */
enum second { SECOND_UNCHECKED, SECOND_EXTENDED, SECOND_PLAIN, SECOND_OTHER, SECOND_TCP, SECONDS };

struct dns_check {
	const struct check_context *c;
	struct check_result *r;
	const char *name;		/* the peer's */
	const char *feed;		/* the feed's, behind a proxy; else NULL */
	char wildcard[64];		/* a name that cannot exist */
	struct probe_resolv resolv;
	struct probe_nsswitch nsswitch;
	struct probe_hosts hosts;
	bool implicit_server;		/* resolv.conf names none: the local host is asked, as glibc does */
	size_t servers;
	struct probe_dns_job first[SERVERS_MAX * QUESTIONS];
	struct probe_dns_job second[SERVERS_MAX * SECONDS];
	struct dns_view views[SERVERS_MAX];
	struct dns_judgement judgement;
	struct probe_system_resolve system;
};

/* --- the system's resolver, beside the questions ----------------------------------------------------------------------- */

struct system_ask {
	const char *name;
	uint16_t port;
	int budget_ms;
	struct probe_system_resolve out;
	pthread_t thread;
	int done[2];			/* a pipe: closed at its writing end when the answer is there */
	bool started;
};

static void *ask_system(void *data)
{
	struct system_ask *ask = data;

	if (!probe_system_resolve(ask->name, ask->port, AF_UNSPEC, ask->budget_ms, &ask->out, NULL))
		ask->out.finished = false;
	file_close(&ask->done[1]);
	return NULL;
}

static void start_system(struct system_ask *ask)
{
	if (pipe2(ask->done, O_CLOEXEC) != 0)
		return;
	ask->started = pthread_create(&ask->thread, NULL, ask_system, ask) == 0;
}

/* Takes its answer, if that comes in time. The wall clock may be set meanwhile, so that it is not waited by. */
static void join_system(struct system_ask *ask, int wait_ms, struct probe_system_resolve *out)
{
	int64_t end_ms = clock_monotonic_ms() + wait_ms;
	struct pollfd done = { .fd = ask->done[0], .events = POLLIN };
	int64_t left_ms;

	out->finished = false;
	if (!ask->started)
		return;
	while ((left_ms = end_ms - clock_monotonic_ms()) >= 0) {
		int n = poll(&done, 1, (int)left_ms);

		if (n == 0 || (n < 0 && errno != EINTR))
			return;
		if (n < 0)
			continue;
		pthread_join(ask->thread, NULL);
		file_close(&ask->done[0]);
		*out = ask->out;
		return;
	}
}

/* --- the questions ------------------------------------------------------------------------------------------------------ */

static void make_wildcard(char *dst, size_t size)
{
	unsigned char noise[RANDOM_LABEL];
	size_t used = 0;

	if (getrandom(noise, sizeof(noise), GRND_NONBLOCK) != (ssize_t)sizeof(noise))
		memset(noise, 7, sizeof(noise));
	for (size_t i = 0; i < sizeof(noise) && used + 2 < size; i++)
		dst[used++] = (char)('a' + noise[i] % 26);
	snprintf(dst + used, size - used, ".invalid");
}

static void plan_first(struct dns_check *d)
{
	for (size_t s = 0; s < d->servers; s++) {
		const struct { const char *name; enum probe_dns_type type; } questions[QUESTIONS] = {
			[ASK_A] = { d->name, PROBE_DNS_A }, [ASK_AAAA] = { d->name, PROBE_DNS_AAAA },
			[ASK_WILDCARD] = { d->wildcard, PROBE_DNS_A },
			[ASK_FEED_A] = { d->feed, PROBE_DNS_A }, [ASK_FEED_AAAA] = { d->feed, PROBE_DNS_AAAA },
		};

		for (size_t q = 0; q < QUESTIONS; q++) {
			d->first[s * QUESTIONS + q] = (struct probe_dns_job){
				.server = d->resolv.servers[s],
				.question = { .name = questions[q].name, .type = questions[q].type,
					      .transport = d->resolv.use_tcp ? PROBE_DNS_TCP : PROBE_DNS_UDP,
					      .edns_size = d->resolv.edns0 ? EDNS_SIZE : 0 },
			};
		}
	}
}

/* Questions about the feed come last of each server, so that they can be left out. */
static void ask_first(struct dns_check *d, int wait_ms)
{
	size_t per_server = d->feed != NULL && d->feed != d->name ? QUESTIONS : ASK_FEED_A;
	struct probe_dns_job *jobs = calloc(d->servers * QUESTIONS, sizeof(*jobs));

	if (jobs == NULL)
		return;
	plan_first(d);
	for (size_t s = 0; s < d->servers; s++)
		memcpy(jobs + s * per_server, d->first + s * QUESTIONS, per_server * sizeof(*jobs));
	probe_dns_ask(jobs, d->servers * per_server, check_left_ms(d->c, wait_ms));
	for (size_t s = 0; s < d->servers; s++)
		memcpy(d->first + s * QUESTIONS, jobs + s * per_server, per_server * sizeof(*jobs));
	free(jobs);
}

/* Is it this node itself that refused? Its own firewall answers with its own address. */
static bool refused_by_itself(const struct dns_view *v)
{
	const struct probe_icmp_error *icmp = &v->a->icmp;
	struct probe_route route;

	/* "Host unreachable" it says of itself when nobody on its own network answers. */
	if (!icmp->seen || probe_icmp_kind(icmp) == PROBE_ICMP_HOST_UNREACHABLE ||
	    probe_address_same_host(&icmp->offender, &v->server) ||
	    probe_address_kind(&v->server) == PROBE_ADDRESS_LOOPBACK)
		return false;
	return probe_route_lookup(&icmp->offender, &route, NULL) && route.kind == PROBE_ROUTE_LOCAL;
}

static void make_views(struct dns_check *d, enum question a, enum question aaaa, struct dns_view *views)
{
	for (size_t s = 0; s < d->servers; s++) {
		struct dns_view *v = &views[s];

		*v = (struct dns_view){ .server = d->resolv.servers[s], .now = clock_now() };
		v->a = &d->first[s * QUESTIONS + a].answer;
		v->aaaa = d->resolv.no_aaaa ? NULL : &d->first[s * QUESTIONS + aaaa].answer;
		v->own_firewall = refused_by_itself(v);
	}
}

static const struct probe_dns_answer **second_slot(struct dns_view *v, enum second which)
{
	switch (which) {
	case SECOND_UNCHECKED: return &v->unchecked;
	case SECOND_EXTENDED: return &v->extended;
	case SECOND_PLAIN: return &v->plain;
	case SECOND_OTHER: return &v->other_name;
	case SECOND_TCP:
	case SECONDS: break;
	}
	return NULL;
}

/* What would tell this server's failure from its neighbours: a set of 1 << enum second. */
static unsigned int second_questions(const struct dns_check *d, const struct dns_view *v)
{
	unsigned int plain = d->resolv.edns0 ? 1u << SECOND_PLAIN : 0;

	switch (v->class) {
	case DNS_SERVFAIL: return 1u << SECOND_UNCHECKED | 1u << SECOND_EXTENDED;
	case DNS_REFUSED: return 1u << SECOND_EXTENDED | 1u << SECOND_OTHER;
	case DNS_NXDOMAIN:
	case DNS_NODATA: return 1u << SECOND_EXTENDED;
	case DNS_FORMERR:
	case DNS_MALFORMED: return plain;
	case DNS_TIMEOUT: return plain | 1u << SECOND_TCP;
	default: return 0;
	}
}

static struct probe_dns_question second_question(const struct dns_check *d, enum second which)
{
	struct probe_dns_question q = { .name = d->name, .type = PROBE_DNS_A, .transport = PROBE_DNS_UDP };

	switch (which) {
	case SECOND_UNCHECKED:
		q.checking_disabled = q.dnssec_ok = true;
		q.edns_size = EDNS_SIZE;
		break;
	case SECOND_EXTENDED: q.edns_size = EDNS_SIZE; break;
	case SECOND_OTHER: q.name = NEUTRAL_NAME; break;
	case SECOND_TCP: q.transport = PROBE_DNS_TCP; break;
	case SECOND_PLAIN:
	case SECONDS: break;
	}
	return q;
}

static void ask_second(struct dns_check *d)
{
	struct { struct dns_view *view; enum second which; } asked[SERVERS_MAX * SECONDS];
	size_t n = 0;

	for (size_t s = 0; s < d->servers; s++) {
		unsigned int wanted = second_questions(d, &d->views[s]);

		for (int which = 0; which < SECONDS; which++) {
			if ((wanted >> which & 1) == 0)
				continue;
			d->second[n] = (struct probe_dns_job){ .server = d->views[s].server,
							       .question = second_question(d, (enum second)which) };
			asked[n].view = &d->views[s];
			asked[n++].which = (enum second)which;
		}
	}
	if (n == 0)
		return;
	probe_dns_ask(d->second, n, check_left_ms(d->c, SECOND_WAIT_MS));
	for (size_t i = 0; i < n; i++) {
		const struct probe_dns_answer **slot = second_slot(asked[i].view, asked[i].which);
		char server[PROBE_ADDRESS_TEXT_MAX];

		if (slot != NULL)
			*slot = &d->second[i].answer;
		else if (d->second[i].answer.outcome == PROBE_DNS_ANSWERED)
			result_evidence(d->r, _("TCP 53"), _("%s answers over TCP: UDP is what is blocked"),
					probe_address_text(server, &asked[i].view->server));
	}
}

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
	const struct probe_dns_answer *wild = &d->first[d->judgement.decisive * QUESTIONS + ASK_WILDCARD].answer;

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
	if (d->hosts.addresses.count > 0 || d->r->status != CHECK_PASS || d->system.duration_us < 2 * DNS_SLOW_US)
		return;
	result_evidence(d->r, _("the system's resolver"), "%.1f s", (double)d->system.duration_us / 1e6);
	result_add(d->r, FINDING_DNS_SLOW, WEIGHT_WARN);
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
	for (size_t i = 0; d->hosts.addresses.count == 0 && i < d->judgement.warning_count; i++)
		result_add(d->r, d->judgement.warnings[i], WEIGHT_WARN);
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
static void look_at_feed(struct dns_check *d, enum question a, enum question aaaa)
{
	struct dns_view views[SERVERS_MAX];
	struct dns_judgement j;
	struct probe_hosts hosts;

	probe_hosts_read(NULL, d->feed, &hosts);
	if (hosts.addresses.count > 0) {
		result_fact(d->r, "feed_resolves", json_true());
		result_fact(d->r, "feed_addresses", result_addresses(&hosts.addresses));
		return;
	}
	make_views(d, a, aaaa, views);
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
	v->alias_loop = dns_chase_loops(&v->server, d->name, check_left_ms(d->c, SECOND_WAIT_MS));
	if (v->alias_loop)
		dns_judge(d->views, d->servers, &d->judgement);
}

static void read_configuration(struct dns_check *d)
{
	probe_resolv_read(NULL, &d->resolv);
	probe_nsswitch_read(NULL, &d->nsswitch);
	probe_hosts_read(NULL, d->name, &d->hosts);
	make_wildcard(d->wildcard, sizeof(d->wildcard));
	take_servers(d);
}

static void resolve_peer(struct dns_check *d)
{
	static struct system_ask ask;	/* its thread may outlive this function; the process ends it */

	ask = (struct system_ask){ .name = d->name, .port = check_peer_port(d->c),
				   .budget_ms = check_left_ms(d->c, 60 * 1000), .done = { -1, -1 } };
	start_system(&ask);
	ask_first(d, d->hosts.addresses.count > 0 ? FIRST_WAIT_HOSTS_MS : FIRST_WAIT_MS);
	make_views(d, ASK_A, ASK_AAAA, d->views);
	dns_judge(d->views, d->servers, &d->judgement);
	if (!d->judgement.works && d->hosts.addresses.count == 0) {
		ask_second(d);
		dns_judge(d->views, d->servers, &d->judgement);
		chase_aliases(d);
	}
	join_system(&ask, system_patience_ms(d), &d->system);
	describe_files(d);
	describe_servers(d);
	conclude(d);
	if (d->feed != NULL)
		look_at_feed(d, ASK_FEED_A, ASK_FEED_AAAA);
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
	ask_first(d, FIRST_WAIT_HOSTS_MS);
	look_at_feed(d, ASK_A, ASK_AAAA);
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
