/* misled.h - the name led to the wrong machine: where else may the right one be, and who gave the address?
 *
 * Whoever finds that the address in use does not serve asks here; the difference between two addresses of one name is the diagnosis.
 */
#ifndef PC_DIAGNOSE_MISLED_H
#define PC_DIAGNOSE_MISLED_H

#include "diagnose/check.h"

/* Addresses of the peer that are not in use: those of DNS beside /etc/hosts and the search list, those of other name servers, and,
 * `remembered`, of the last good update. With the peer's port. Empty for an address that needed no name. */
void misled_candidates(const struct check_context *c, bool remembered, struct probe_address_list *out);

/* Who gave the address in use: /etc/hosts, the search list, or DNS. `stranger`: what answers there is a machine of somebody else. */
enum finding misled_by(const struct check_context *c, bool stranger);

/* Does a name that cannot exist get the address in use as well? That alone says nothing about what stands there. */
bool misled_everywhere(const struct check_context *c);

/* The handshake with the address in use failed. Completes it at another one, or does a portal answer on port 80? Adds evidence;
 * FINDING_NONE when nothing speaks for it. */
enum finding misled_handshake(const struct check_context *c, struct check_result *r);

#endif
