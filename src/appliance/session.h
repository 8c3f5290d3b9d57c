/* session.h - a connection to the appliance of the settings: where it is, who logs in, whom its certificate is proven by.
 *
 * Anchors are the certificates that are enabled and trusted for `infrastructure`: on the appliance, "Trust for authentication
 * within ISE" is what lets one node believe another. A pinned certificate (node.pin) stands in their place.
 */
#ifndef PC_APPLIANCE_SESSION_H
#define PC_APPLIANCE_SESSION_H

#include <stdbool.h>

#include "appliance/node.h"
#include "settings/settings.h"
#include "trust/trust.h"

struct session {
	struct node *node;
	struct buffer anchors;
	char host[256], user[256];	/* of its own: the settings may be saved meanwhile */
	unsigned char pin[32];
};

/* The password is borrowed until session_close(). Clear also after a failure. */
bool session_open(struct session *s, const struct settings *settings, const struct trust_store *store, const char *password,
		  const volatile sig_atomic_t *stop, struct error *err);
void session_close(struct session *s);

#endif
