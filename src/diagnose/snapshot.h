/* snapshot.h - what the network looked like when an update last worked, and what has changed since.
 *
 * STATE/last-good.json holds one object of short texts (resolver, route, proxy, trust store, certificate issuer, clock), for
 * people to compare, and a few things for the checks: addresses and intermediate certificates that were good.
 */
#ifndef PC_DIAGNOSE_SNAPSHOT_H
#define PC_DIAGNOSE_SNAPSHOT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "settings/settings.h"

/* What can be read without the network, and the feed's URL. New reference; NULL when out of memory. */
json_t *snapshot_read(const struct settings *settings, const char *state_dir, const char *url);

/* Adds what the checks found out: issuer, addresses, intermediates, clock. */
void snapshot_add(json_t *snapshot, const json_t *dns_facts, const json_t *time_facts, const json_t *chain_facts);

/* NULL when there is none or it cannot be used: a missing memory is no failure. New reference. */
json_t *snapshot_load(const char *state_dir);
/* Keeps of the one before what `snapshot` does not know. */
bool snapshot_save(const char *state_dir, json_t *snapshot, struct error *err);

/* Array of {"what", "then", "now"}: what differs between two snapshots and may matter. New reference. */
json_t *snapshot_changes(const json_t *then, const json_t *now);

#endif
