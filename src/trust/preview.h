/* preview.h - what an import would bring, before anything is stored: each certificate with its warnings, and what stands
 * in its way. */
#ifndef PC_TRUST_PREVIEW_H
#define PC_TRUST_PREVIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "trust/trust.h"

enum trust_preview_state {
	TRUST_PREVIEW_FINE,
	TRUST_PREVIEW_NEEDS_ALLOW,	/* only with the overrides of `needed` */
	TRUST_PREVIEW_KNOWN,		/* it is in the store already */
	TRUST_PREVIEW_REFUSED		/* nothing lets it pass */
};

struct trust_preview_item {
	struct trust_entry entry;	/* as it would stand in the store, with the name that it would get */
	enum trust_preview_state state;
	unsigned int needed;		/* of enum trust_allow */
	struct error why;		/* of any state but FINE */
	const struct trust_entry *known;/* KNOWN: the store's entry, good until the store changes */
};

struct trust_preview;

/* Reads the sources as an import would. False when one of them holds no certificate (or a private key). Own the result:
 * trust_preview_free(). */
bool trust_preview_new(const struct trust_store *store, const struct trust_source *sources, size_t count,
		       struct trust_preview **out, struct error *err);
void trust_preview_free(struct trust_preview *preview);

size_t trust_preview_count(const struct trust_preview *preview);
const struct trust_preview_item *trust_preview_at(const struct trust_preview *preview, size_t i);
/* How many would be stored, and the overrides that all of them need together. */
size_t trust_preview_fresh(const struct trust_preview *preview, unsigned int *needed);

/* Imports those that are neither known nor refused. */
bool trust_preview_import(struct trust_store *store, const struct trust_preview *preview,
			  const struct trust_import_options *options, size_t *added, unsigned char (*fingerprints)[32],
			  struct error *err);

/* One override in words: "although it is out of date". */
const char *trust_allow_text(unsigned int allow);

#endif
