/* change.h - a change on the appliance: planned, shown, confirmed, written, and read again.
 *
 * A plan is made from the record as it is; it holds the whole record that will be written and, for people, every field that will
 * be different afterwards, wanted or not. Applying it reads the record again (nothing is written when it has changed meanwhile),
 * writes once, and compares what the appliance says then.
 */
#ifndef PC_APPLIANCE_CHANGE_H
#define PC_APPLIANCE_CHANGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "appliance/node.h"
#include "appliance/record.h"
#include "base/error.h"

#define CHANGE_FIELDS_MAX 32
#define CHANGE_TEXT_MAX 600

struct change_field {
	const char *name;		/* of the API: "status", "trustForCiscoServicesAuth" */
	char before[CHANGE_TEXT_MAX], after[CHANGE_TEXT_MAX];	/* clean; a password is never among them */
	bool asked;			/* false: a side effect that the appliance forces */
};

enum change_kind { CHANGE_PROXY, CHANGE_CERTIFICATE };

struct change {
	enum change_kind kind;
	char what[300];			/* the certificate's name, clean; "" for the proxy */
	char path[256];
	json_t *before;			/* as read; owned */
	json_t *body;			/* to be written; owned; may hold a password */
	char digest[RECORD_DIGEST_MAX];	/* of `before` */
	struct change_field fields[CHANGE_FIELDS_MAX];
	size_t count;			/* 0: nothing would change */
	bool password;			/* the body holds a password, which is set in any case */
};

/* What a certificate shall become; NULL and 0: as it is. */
struct change_wish {
	const bool *enabled;
	unsigned int trust, untrust;	/* of enum trust_usage */
	const char *description;
};

/* What the proxy shall become. `password` is needed with a user: what the node has cannot be read, and would be lost. */
struct change_proxy {
	const char *host;		/* "" : none */
	long port;
	const char *user;		/* "" : no login */
	const char *password;		/* or NULL */
	const char *bypass;		/* "a,b" */
};

/* Plans only: no network. Clear also after a failure. */
bool change_plan_certificate(const struct record_certificate *c, const struct change_wish *wish, struct change *out,
			     struct error *err);
bool change_plan_proxy(const struct record_proxy *p, const struct change_proxy *wish, struct change *out, struct error *err);
void change_clear(struct change *change);

/* Writes it. */
bool change_apply(struct node *node, const struct change *change, struct error *err);

/* Does the record, as read after the write, say what was written? Fills err with the first field that does not. */
bool change_holds(const struct change *change, const json_t *reply, struct error *err);

#endif
