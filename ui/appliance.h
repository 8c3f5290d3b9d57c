/* appliance.h - the window of the appliance: where it is and who logs in, what differs from here, and what can be taken over or
 * corrected there. It runs "posture-console node" beside the loop; nothing here talks to the network.
 */
#ifndef PC_UI_APPLIANCE_H
#define PC_UI_APPLIANCE_H

#include "app.h"

/* Opens it. `certificate` (a SHA-256 in hex, or NULL) is the one that the cursor shall stand on once the differences are known: for a
 * verdict that names a certificate which can be corrected on the appliance as well. */
void appliance_open(struct app *app, const char *certificate);
#define APPLIANCE_HINT_MAX 512
/* A line for a verdict with this cause: the same can be corrected on the appliance. False when it cannot, or none is set. */
bool appliance_hint(const struct app *app, enum finding cause, char dst[APPLIANCE_HINT_MAX]);

#endif
