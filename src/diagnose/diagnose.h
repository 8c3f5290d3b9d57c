/* diagnose.h - runs the checks and names the cause.
 *
 * Every check is a process of its own (a crash or an endless server costs one result, not the program), checks that do not
 * depend on each other run side by side, and the events of the contract go to a sink: check.started, check.finished, and
 * exactly one verdict, whatever happens.
 */
#ifndef PC_DIAGNOSE_DIAGNOSE_H
#define PC_DIAGNOSE_DIAGNOSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/event.h"
#include "settings/settings.h"

enum check_id {
	CHECK_LOCAL, CHECK_DNS, CHECK_TIME, CHECK_TCP, CHECK_PROXY, CHECK_TLS, CHECK_CHAIN, CHECK_HTTP, CHECK_ICMP,
	CHECK_COUNT
};

enum check_status { CHECK_PASS, CHECK_WARN, CHECK_FAIL, CHECK_SKIP };

/* "dns", "Name resolution" (translated). */
const char *check_id_name(enum check_id id);
const char *check_title(enum check_id id);
/* CHECK_COUNT when no check has that id. */
enum check_id check_by_name(const char *name);
const char *check_status_name(enum check_status status);	/* "pass" */

#define DIAGNOSE_BUDGET_MS 8000
#define DIAGNOSE_ALSO_MAX 32

struct diagnose_options {
	const struct settings *settings;	/* NULL: they cannot be read ... */
	const struct error *settings_error;	/* ... and this is why */
	const char *state_dir;
	const char *url;		/* the feed to check; NULL: that of the settings */
	const char *host;		/* or only a host, "HOST[:PORT]": then there is no feed to fetch; NULL: none */
	const char *bundle;		/* the update that failed was of a bundle at this address; NULL: of a feed, or of a file */
	unsigned int only;		/* set of 1 << check id; 0: all. What these need is checked too, but not reported
					 * unless it fails. */
	int budget_ms;			/* of each check; all of them together take 2.5 times as much at most. 0: 8 s */
	int cancel_fd;			/* the run stops when this descriptor is readable (it is not read); -1: none */
	bool (*stop)(void);		/* the same, asked whenever a signal has arrived; NULL: none */
	bool until_usable;		/* once the feed has been read, what still runs is ended: it cannot matter */
	bool without_network;		/* `local` looks at the state folder only: an offline update */
	bool holds_lock;		/* the caller is an update: its own lock is no finding */
	enum finding failed;		/* the update failed with this: the cause unless the checks find a deeper one */
	const char *failed_summary;	/* and its message, or NULL */
};

/* How sure the verdict is. */
enum diagnose_confidence {
	DIAGNOSE_CONFIRMED,		/* the evidence leaves no other */
	DIAGNOSE_LIKELY,
	DIAGNOSE_ONE_OF			/* this or verdict.other; next_test says how to tell */
};

struct diagnose_verdict {
	enum check_status status;	/* PASS, WARN, FAIL */
	enum finding cause;		/* FINDING_NONE unless FAIL; may be none when interrupted */
	enum finding also[DIAGNOSE_ALSO_MAX];
	size_t also_count;
	enum diagnose_confidence confidence;
	enum finding other;		/* with DIAGNOSE_ONE_OF */
	bool interrupted;
	char *summary;			/* one sentence */
	json_t *event;			/* the whole verdict as it was emitted: remedy, letter, path, changed, ... */
	json_t *facts;			/* what a good update remembers of the network: see diagnose_remember() */
};

/* Exit code of `check`: 0, 1, 3, or 130 when interrupted. */
int diagnose_exit_code(const struct diagnose_verdict *verdict);

/* Runs the checks. Returns false, with one verdict emitted all the same, only when it could not be run at all: a URL or host
 * that is none (usage), out of descriptors. `verdict` may be NULL; clear it otherwise. */
bool diagnose_run(const struct diagnose_options *options, const struct event_sink *sink, struct diagnose_verdict *verdict,
		  struct error *err);
void diagnose_verdict_clear(struct diagnose_verdict *verdict);

/* Is everything that can be read without the network (resolver, route, proxy, trusted certificates, the feed's address) as it
 * was when an update last worked? Then the request itself is the shortest check. Takes a few milliseconds. */
bool diagnose_unchanged(const struct diagnose_options *options);

/* After a good online update: keeps what the network looked like in STATE/last-good.json, so that a later failure can say
 * what has changed since. `verdict`: of the checks before that update; NULL when they were skipped (then what can be read
 * without the network is kept). */
bool diagnose_remember(const struct diagnose_options *options, const struct diagnose_verdict *verdict, struct error *err);

#endif
