/* list.h - which certificates of a store a list shows, in which order, and which of them is chosen.
 *
 * The words of a filter are looked for in everything that an operator might type: name, description, subject, issuer,
 * serial, fingerprint (colons or not), key, usages, state, expiry date. Every word must be found; one that begins with "!"
 * must not. The choice is kept by fingerprint: it stays on its certificate whoever changes the store.
 */
#ifndef PC_TRUST_LIST_H
#define PC_TRUST_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "trust/trust.h"

#define TRUST_FILTER_MAX 256	/* bytes */

enum trust_order {
	TRUST_BY_STATE,		/* enabled first, those for Cisco services before the others; then by name */
	TRUST_BY_NAME,
	TRUST_BY_EXPIRY,
	TRUST_BY_SERVICES,	/* trusted for Cisco services first */
	TRUST_BY_ISSUER,
	TRUST_ORDER_COUNT
};

struct trust_list {
	const struct trust_store *store;	/* borrowed; NULL: an empty list */
	const struct trust_entry **rows;	/* `count` of them, good until the store changes: then trust_list_update() */
	size_t count, cap;
	size_t enabled;				/* in the whole store */
	char filter[TRUST_FILTER_MAX];
	enum trust_order order;
	bool backwards;
	size_t chosen;				/* a row; 0 in an empty list */
	unsigned char chosen_sha256[32];
	bool has_chosen;
};

void trust_list_init(struct trust_list *list);
void trust_list_clear(struct trust_list *list);

/* Makes the rows again, after any change of the store, the filter or the order. The choice stays on its certificate; when
 * that is gone, it goes to the row that took its place. False when memory ran out: the list is then empty. */
bool trust_list_update(struct trust_list *list, const struct trust_store *store);
bool trust_list_set_filter(struct trust_list *list, const char *filter);
bool trust_list_set_order(struct trust_list *list, enum trust_order order, bool backwards);

/* Chooses a row; a number beyond the end chooses the last. */
void trust_list_choose(struct trust_list *list, size_t row);
/* Chooses that very certificate; false when it is not shown. */
bool trust_list_choose_sha256(struct trust_list *list, const unsigned char sha256[32]);
/* The next trust_list_update() chooses that one, when it is shown then: for a certificate that was just imported. */
void trust_list_prefer(struct trust_list *list, const unsigned char sha256[32]);
/* NULL when nothing is shown. */
const struct trust_entry *trust_list_chosen(const struct trust_list *list);

/* "name", "expiry": for command lines. TRUST_ORDER_COUNT when unknown. */
enum trust_order trust_order_by_name(const char *name);
/* The column's title, for people. */
const char *trust_order_title(enum trust_order order);

/* Does a certificate pass the filter? For lists that are made by others. */
bool trust_filter_passes(const char *filter, const struct trust_entry *entry);

#endif
