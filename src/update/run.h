/* run.h - one update under way: what the parts of the state machine share. Private to src/update. */
#ifndef PC_UPDATE_RUN_H
#define PC_UPDATE_RUN_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "diagnose/diagnose.h"
#include "feed/bundle.h"
#include "feed/manifest.h"
#include "feed/signature.h"
#include "job/log.h"
#include "net/http.h"
#include "net/proxy.h"
#include "store/store.h"
#include "update/state.h"
#include "update/update.h"

#define NOTICES_MAX 16

struct update {
	const struct update_options *options;
	const struct event_sink *sink;
	struct log *log;			/* may be NULL */
	int64_t started_ms;			/* monotonic */
	char from[2048];			/* options->from without a login: for logs, events and the history */
	struct store *store;
	struct update_state state;
	struct store_generation *current;	/* NULL: no update yet */

	/* the network, when it is needed */
	struct proxy proxy;
	struct buffer anchors, proxy_anchors;	/* PEM */
	struct http_client *http;

	/* what is to be installed */
	struct manifest *manifest;
	struct buffer xml, p7s;			/* its bytes as verified; no p7s: not signed */
	struct signature_info signer;
	char base_url[2048];			/* what hrefs are relative to */
	char etag[256], last_modified[64];	/* of the manifest */
	struct bundle *bundle;
	int bundle_fd;
	int parts_fd;				/* STATE/staging/parts */
	int spool_fd;				/* borrowed: the folder where a pipe is copied to, STATE/staging */

	enum finding notices[NOTICES_MAX];	/* warnings, for "also" */
	int notice_count;
	struct diagnose_verdict network;	/* of the checks before it, when `checked` */
	bool checked;
	bool known_network;		/* all is as it was after the last good update */
	char wanted_anchor[64];			/* key identifier of who would have to vouch for a refused server */
	int64_t bytes_received;
	int requests;
	size_t components_changed, components_kept;
	char generation[STORE_GENERATION_MAX];	/* that was committed */
};

/* Tells that a phase begins. */
void update_phase(struct update *u, const char *phase);
/* A warning: event, log, and the end's "also". */
void update_notice(struct update *u, enum finding finding, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Proxy, anchors and the HTTP client. */
bool update_network_open(struct update *u, struct error *err);
void update_network_close(struct update *u);
/* Counts what a finished request cost. */
void update_count(struct update *u, const struct http_response *response);

/* A server was refused because nobody vouches for it: is the one who would in the store, but disabled or not trusted for
 * Cisco services? Then that is the cause. */
void update_name_anchor(struct update *u, struct error *err);

/* checks.c: the checks before an online update. False when they found a cause, which is in *err then. They run only where there
 * is something to find out: when the last update failed, or when something has changed since the last good one. Otherwise the
 * first request is the shortest check, and a failure is looked into afterwards. */
bool update_check_before(struct update *u, struct error *err);
/* After a failure: runs the checks that can say more, emits their verdict, and puts its cause in *err. */
void update_check_after(struct update *u, struct error *err);
/* After a success: what the network looks like when all is well. */
void update_remember_network(struct update *u);

/* web.c: fetches the manifest and its signature (u->xml, u->p7s, u->base_url). `unchanged`: the server says that it is
 * what we have. */
bool update_web_manifest(struct update *u, bool *unchanged, struct error *err);
/* Fetches the signature that a mirror keeps for u->xml (by_hash.h) into u->p7s. False: it has none; u->p7s is as it was. */
bool update_web_signature_by_hash(struct update *u);

/* offline.c: opens the bundle, from a path, a pipe or a URL; -1 on failure. */
int update_offline_open(struct update *u, struct error *err);
/* The same, and takes its manifest and signature. */
bool update_offline_manifest(struct update *u, struct error *err);

/* verify.c: parses u->xml and checks it: signature by policy, time, not older than installed. */
bool update_verify_manifest(struct update *u, struct error *err);

/* apply.c: fetches, verifies, unpacks and commits what the manifest names. */
bool update_apply(struct update *u, struct error *err);

/* after.c: before a commit: its hook is owed from now on. After it: is it owed, for what is current? Runs it when there is one.
 * Its failure is reported; it undoes the commit only where the settings say so. */
bool update_hook_owe(const struct update *u, const char *generation, struct error *err);
bool update_hook_owed(const struct update *u);
bool update_hook_run(struct update *u, bool *rolled_back, struct error *err);

/* True (and err says so) when the job was asked to stop. */
bool update_stopped(struct error *err);

/* "https://h/dir/posture-update.xml" and a relative reference: the component's URL. */
bool update_url_join(const char *base, const char *href, char *dst, size_t size, struct error *err);

#endif
