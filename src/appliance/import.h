/* import.h - takes the appliance's proxy and certificates over into this node's own settings and trust store. */
#ifndef PC_APPLIANCE_IMPORT_H
#define PC_APPLIANCE_IMPORT_H

#include <stdbool.h>

#include "appliance/node.h"
#include "appliance/record.h"
#include "settings/settings.h"
#include "trust/trust.h"

/* What became of a certificate. */
enum import_result {
	IMPORT_SAME,			/* it was here, as it is there */
	IMPORT_ADDED,
	IMPORT_CHANGED			/* it was here; state or usages were taken over */
};

/* Puts the appliance's proxy into the settings, in memory: check with the caller, then settings_save(). `new_login` tells that the
 * user is another one than before, so that a kept password is not his. */
bool import_proxy(const struct record_proxy *p, struct settings *settings, bool *new_login, struct error *err);

/* Exports the certificate from the node, proves that it is the one that the list names, and stores it with the state and the
 * usages that it has there. */
bool import_certificate(struct node *node, const struct record_certificate *c, struct trust_store *store,
			enum import_result *result, struct error *err);

/* Does the export hold exactly the certificate that the list names? No network. */
bool import_check_export(const struct record_certificate *c, const void *data, size_t len, struct error *err);

#endif
