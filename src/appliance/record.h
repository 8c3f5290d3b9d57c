/* record.h - the records of the appliance's API: proxy, trusted certificates, nodes. What is read is not what is written:
 *
 *   - a certificate is "friendlyName" when read and must be "name" when written;
 *   - switches are read as "on" and "off" and written as true and false, numbers are read as text;
 *   - usages are read as one text ("trustedFor") and written as four switches;
 *   - a write replaces the record: what is left out is lost.
 *
 * So a body is always made from the whole record as it was read. No network in here.
 */
#ifndef PC_APPLIANCE_RECORD_H
#define PC_APPLIANCE_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define RECORD_PROXY_PATH "/api/v1/system-settings/proxy"
#define RECORD_CERTIFICATES_PATH "/api/v1/certs/trusted-certificate"
#define RECORD_NODES_PATH "/api/v1/deployment/node"
#define RECORD_CERTIFICATES_MAX 5000
#define RECORD_DIGEST_MAX 65

/* Text is as the node sent it: sanitise before showing. It is borrowed from `json`. */
struct record_proxy {
	json_t *json;			/* owned */
	const char *host;		/* "" : no proxy is set */
	long port;			/* 0: none */
	bool login;
	const char *user;
	const char *bypass;		/* "a,b,c" */
};

struct record_certificate {
	json_t *json;			/* owned */
	const char *id;
	const char *name;		/* friendlyName */
	const char *description, *subject, *expires;
	bool enabled;
	unsigned int usages;		/* of enum trust_usage */
	char strange[64];		/* words of trustedFor that are not known; "" when all are */
	bool has_sha256;
	unsigned char sha256[32];
	bool internal;			/* of the appliance's own CA: cannot be exported */
};

struct record_certificates {
	struct record_certificate *items;	/* owned */
	size_t count, room;
};

struct record_node {
	const char *host_name, *fqdn, *address;
	bool primary, secondary, standalone;
};

/* From {"response": {...}}. Clear also after a failure. */
bool record_proxy_read(const json_t *reply, struct record_proxy *out, struct error *err);
void record_proxy_clear(struct record_proxy *p);

bool record_certificate_read(const json_t *record, struct record_certificate *out, struct error *err);
void record_certificate_clear(struct record_certificate *c);
/* Adds one page, {"response": [...]}: `added` counts the ones that were not there yet (by id). */
bool record_certificates_add(struct record_certificates *list, const json_t *reply, size_t *added, struct error *err);
void record_certificates_clear(struct record_certificates *list);
/* By fingerprint in hex, id or name; a name that several have is refused. NULL with err. Borrowed. */
const struct record_certificate *record_certificates_find(const struct record_certificates *list, const char *name,
							  struct error *err);

/* {"response": {...}} -> its object, borrowed; NULL with err. */
const json_t *record_response(const json_t *reply, struct error *err);

/* One node of the deployment's list. */
void record_node_read(const json_t *record, struct record_node *out);

/* The bodies of a PUT, which change nothing yet: the record as it is, in the form that is written. New reference. */
json_t *record_proxy_body(const struct record_proxy *p);
json_t *record_certificate_body(const struct record_certificate *c);
/* Puts usages (of enum trust_usage) into a certificate's body. */
void record_body_set_usages(json_t *body, unsigned int usages);
unsigned int record_body_usages(const json_t *body);

/* true, "true", "on", "yes"; anything else is false. */
bool record_flag(const json_t *value);
/* Of a number or of text that is one; 0 otherwise. */
long record_number(const json_t *value);

#define RECORD_DATE_MAX 16
/* "2034-01-16" of "2034-01-16 18:12:23" or of "Mon Jan 16 18:12:23 UTC 2034", the two forms that releases have; "" of anything
 * else. Returns dst. */
char *record_date(const char *text, char dst[RECORD_DATE_MAX]);

/* What tells one state of a record from another: SHA-256 over its sorted form, in hex. False, with "" in `dst`, out of memory. */
bool record_digest(const json_t *json, char dst[RECORD_DIGEST_MAX]);

#endif
