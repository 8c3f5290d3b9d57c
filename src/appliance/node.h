/* node.h - talks to the OpenAPI of an appliance (an ISE node): one request at a time, JSON in and out.
 *
 * The login goes out only after the node's certificate is proven: issued by an anchor (enabled, usage infrastructure) for the
 * node's name, or equal to the pinned one. It follows no redirect and goes through no proxy. A read is repeated where that is
 * harmless; what writes is sent once. 429 is waited out as long as the node asks, within reason.
 */
#ifndef PC_APPLIANCE_NODE_H
#define PC_APPLIANCE_NODE_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/buffer.h"
#include "base/error.h"

#define NODE_ANSWER_MAX (16u * 1024 * 1024)
#define NODE_FINGERPRINT_TEXT_MAX 96

/* All is borrowed until node_close(). */
struct node_options {
	const char *host;		/* name or address, IPv6 without brackets */
	uint16_t port;
	const char *user, *password;
	const unsigned char *pin;	/* SHA-256 of its certificate, or NULL */
	const char *anchors_pem;	/* without a pin */
	size_t anchors_len;
	const volatile sig_atomic_t *stop;	/* or NULL */
	long wait_max_s;		/* most that one 429 is waited for; 0: 30 */
};

/* The certificate that the node showed last, trusted or not. Text is clean. */
struct node_identity {
	bool seen;
	unsigned char sha256[32];
	char subject[256];
	char issuer[256];
	char names[512];
	time_t not_before, not_after;
};

struct node;

bool node_open(const struct node_options *options, struct node **out, struct error *err);
void node_close(struct node *node);

const char *node_host(const struct node *node);
const struct node_identity *node_seen(const struct node *node);

/* GET `path` ("/api/v1/..."): the JSON object of the answer. New reference. */
bool node_get(struct node *node, const char *path, json_t **reply, struct error *err);
/* The same, where a 404 is no failure: *reply is NULL then. */
bool node_find(struct node *node, const char *path, json_t **reply, struct error *err);
/* GET of something that is not JSON (the export of a certificate). */
bool node_download(struct node *node, const char *path, struct buffer *out, struct error *err);
/* PUT. `reply` may be NULL. */
bool node_put(struct node *node, const char *path, const json_t *body, json_t **reply, struct error *err);

/* "AB:CD:...". `dst` has NODE_FINGERPRINT_TEXT_MAX bytes. Returns dst. */
char *node_fingerprint_text(char *dst, const unsigned char sha256[32]);
/* 64 hexadecimal digits of any case; colons and blanks between them do not matter. */
bool node_fingerprint_parse(const char *text, unsigned char sha256[32]);

#endif
