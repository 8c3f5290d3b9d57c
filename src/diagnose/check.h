/* check.h - what a check is: a row of a table and a function that fills a result, in a process of its own.
 *
 * A check looks at what the checks before it found (context->results), asks its probes, and says: a status, findings,
 * evidence for people, and facts for the checks after it and for the verdict.
 */
#ifndef PC_DIAGNOSE_CHECK_H
#define PC_DIAGNOSE_CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "diagnose/diagnose.h"
#include "net/probe_address.h"
#include "net/proxy.h"

#define RESULT_FINDINGS_MAX 16
#define RESULT_SUMMARY_MAX 512
#define RESULT_VALUE_MAX 2048
#define RESULT_EVIDENCE_MAX 400

/* What a finding means for the result. */
enum weight {
	WEIGHT_INFO,		/* worth knowing; the check passes */
	WEIGHT_SUSPECT,		/* true, but it matters only if it explains a failure of another check: see verdict.c */
	WEIGHT_WARN,
	WEIGHT_FAIL
};

struct check_finding {
	enum finding code;
	enum weight weight;
	enum diagnose_confidence confidence;
	enum finding other;		/* with DIAGNOSE_ONE_OF: what it may be instead */
};

struct check_result {
	enum check_status status;
	bool not_applicable;		/* a skip that is no obstacle: no proxy is set */
	struct check_finding findings[RESULT_FINDINGS_MAX];
	size_t count;
	char summary[RESULT_SUMMARY_MAX];	/* one sentence; may hold text from outside */
	json_t *evidence;		/* array of {"name", "value"}; clean text */
	json_t *facts;			/* object; not shown */
	double duration_ms;
};

/* Where the check goes. */
struct check_target {
	char host[256];			/* the feed's, as the DNS has it; IPv6 without brackets */
	char name[256];			/* the same as it was written */
	uint16_t port;
	char url[2048];			/* "" when only a host was given */
};

struct check_context {
	const struct diagnose_options *options;
	const char *state_dir;
	const struct settings *settings;	/* never NULL in a check but `local` */
	struct check_target target;
	struct proxy proxy;
	struct error proxy_error;	/* code is not FINDING_NONE: the proxy settings cannot be used */
	bool via_proxy;			/* the feed goes through the proxy */
	bool bypassed;			/* a proxy is set, and its bypass list excludes the feed's host */
	const struct check_result *results;	/* CHECK_COUNT; a check that has not run is all zero with `done` clear */
	bool done[CHECK_COUNT];
	json_t *last_good;		/* what the last good update remembered; NULL when there was none */
	int64_t deadline_us;		/* monotonic; set in the check's own process */
};

struct check_ops {
	const char *title;		/* N_ */
	unsigned int needs;		/* set of 1 << check id: skipped unless each passed or did not apply */
	bool anyway;			/* runs also when one of these failed, and sees for itself */
	void (*run)(const struct check_context *c, struct check_result *r);
};

extern const struct check_ops check_table[CHECK_COUNT];

/* The host and port that this node itself connects to: the proxy's, or the feed's. */
const char *check_peer_host(const struct check_context *c);
uint16_t check_peer_port(const struct check_context *c);

/* Milliseconds until the check's deadline, at most `most`, at least 0. */
int check_left_ms(const struct check_context *c, int most);

/* The facts of a check that was done; NULL when it was not. Borrowed. */
const json_t *check_facts(const struct check_context *c, enum check_id id);
/* Did a finding of that check come out, whatever its weight? */
const struct check_finding *result_has(const struct check_result *r, enum finding code);

/* --- filling a result ------------------------------------------------------------------------------------------------ */

bool result_init(struct check_result *r);
void result_clear(struct check_result *r);

/* Adds a finding (once: the greater weight wins) and raises the status. The returned row can be refined; never NULL. */
struct check_finding *result_add(struct check_result *r, enum finding code, enum weight weight);
/* A row of evidence, in the order of calls. Text from outside is made safe here. */
void result_evidence(struct check_result *r, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The summary: the last call counts. */
void result_summary(struct check_result *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A fact; takes the value. */
void result_fact(struct check_result *r, const char *name, json_t *value);
/* The check failed with that error: its finding (or `otherwise`) and its message. */
void result_error(struct check_result *r, const struct error *err, enum finding otherwise);
/* Skipped: `not_applicable` when that is no obstacle for the checks after it. */
void result_skip(struct check_result *r, bool not_applicable, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* To and from one JSON document, between processes. */
json_t *result_to_json(const struct check_result *r);
bool result_from_json(const json_t *document, struct check_result *r);

/* Addresses as facts: an array of literals. */
json_t *result_addresses(const struct probe_address_list *list);
void result_addresses_read(const json_t *array, uint16_t port, struct probe_address_list *list);
/* "192.0.2.1, 192.0.2.2" for a sentence. Returns dst. */
char *result_addresses_text(char *dst, size_t size, const struct probe_address_list *list);

#endif
