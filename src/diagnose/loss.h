/* loss.h - do packets get lost on the way?
 *
 * Connections to the server are not asked first: a server that takes one at a time, with a short queue, would look lossy, and would be
 * kept from answering the other checks. */
#ifndef PC_DIAGNOSE_LOSS_H
#define PC_DIAGNOSE_LOSS_H

#include "diagnose/check.h"
#include "net/probe_icmp.h"

/* Pings quickly, and only where that tells of loss, or of nothing because nobody answers pings, connects several times. `retransmits`:
 * how often a packet had to be sent again already, which is reason enough to look. Adds evidence and the warning. */
void loss_look(const struct check_context *c, struct check_result *r, const struct probe_address *target, unsigned int retransmits,
	       struct probe_ping *ping);

#endif
