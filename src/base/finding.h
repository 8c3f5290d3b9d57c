/* finding.h - the catalogue of findings: every cause of a failure or a warning that the program can name.
 *
 * One table, `findings.def`. From it come the codes, `explain`, the verdict, the exit code, the console's fix
 * buttons and doc/findings. A code, once used, is never renamed.
 */
#ifndef PC_BASE_FINDING_H
#define PC_BASE_FINDING_H

#include <stdbool.h>
#include <stddef.h>

enum finding {
	FINDING_NONE = 0,
#define FINDING(id, ...) FINDING_##id,
#include "base/findings.def"
#undef FINDING
	FINDING_COUNT
};

/* Which check of the diagnosis tells the finding (the contract's check ids; BUNDLE for offline content,
 * NODE for the appliance's API). */
enum finding_area {
	AREA_LOCAL, AREA_DNS, AREA_TIME, AREA_TCP, AREA_PROXY, AREA_TLS, AREA_CHAIN, AREA_HTTP, AREA_BUNDLE,
	AREA_NODE
};

enum finding_severity { SEVERITY_INFO, SEVERITY_WARN, SEVERITY_FAIL };

/* Who must act. */
enum finding_actor { ACTOR_YOU, ACTOR_NETWORK, ACTOR_PROXY_ADMIN, ACTOR_FEED };

/* What the console can do about it by itself, or where it can take the operator. */
enum finding_fix {
	FIX_NONE,
	FIX_PROXY_SETTINGS,	/* the proxy form */
	FIX_PROXY_LOGIN,	/* the proxy form, at the user name */
	FIX_ENABLE_ANCHOR,	/* enable a certificate that is in the store */
	FIX_TRUST_ANCHOR,	/* tick "Cisco services" for an enabled certificate */
	FIX_IMPORT_CA,		/* import a CA after showing its fingerprint */
	FIX_CERTIFICATES,	/* the certificates pane */
	FIX_FEED_URL,		/* the update source form */
	FIX_TIME_SETTINGS,	/* the time servers' setting */
	FIX_SETTINGS,		/* open the settings file's error */
	FIX_OFFLINE		/* suggest the offline update */
};

/* Exit codes of the contract. */
enum exit_code {
	EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_WARNINGS = 3, EXIT_BAD_DATA = 65, EXIT_UNAVAILABLE = 69,
	EXIT_CANNOT_CREATE = 73, EXIT_IO = 74, EXIT_BUSY = 75, EXIT_PERMISSION = 77, EXIT_CONFIG = 78,
	EXIT_INTERRUPTED = 130
};

struct finding_info {
	const char *code;		/* "cert-expired" */
	enum finding_area area;
	enum finding_severity severity;
	enum finding_actor actor;
	enum finding_fix fix;
	enum exit_code exit_code;	/* of a command that fails because of it */
	const char *cause;		/* one sentence: what is wrong (N_) */
	const char *apart;		/* how it is told from its neighbours (N_) */
	const char *remedy;		/* steps, one a line (N_) */
};

/* The row of a finding. Never NULL: FINDING_NONE and anything out of range give a row with an empty code. */
const struct finding_info *finding_info(enum finding f);

/* The finding with that code, FINDING_NONE when there is none. */
enum finding finding_by_code(const char *code);

/* Is a step of a remedy (in English) about the setting source.feed_url, or, unless `setting_only`, about the feed's address in any
 * words? It does not help where the address was given with the command. */
bool finding_step_names_feed(const char *step, size_t len, bool setting_only);

/* The text of an area ("dns") and an actor ("proxy administrator", translated). */
const char *finding_area_name(enum finding_area area);
const char *finding_actor_name(enum finding_actor actor);

/* The exit code for an error with that finding; EXIT_FAILED for FINDING_NONE. */
int finding_exit_code(enum finding f);

#endif
