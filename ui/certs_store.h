/* certs_store.h - the store of trusted certificates as the console holds it: opened when it is first needed, followed when
 * others change it, and changed with the questions that a change deserves. No curses.
 */
#ifndef PC_UI_CERTS_STORE_H
#define PC_UI_CERTS_STORE_H

#include <stdbool.h>

#include "trust/list.h"
#include "trust/trust.h"

struct app;

/* A change that waits for an answer. The certificate is named by its fingerprint: the store may change meanwhile. */
struct certs_wish {
	char name[65];
	bool remove;
	bool set_enabled, enabled;
	unsigned int add, take_away;
};

struct certs_store {
	struct app *app;
	struct trust_store *trust;	/* NULL: not opened yet, or it cannot be */
	struct error problem;		/* why; empty message: none */
	struct trust_list list;		/* always of `trust` */
	int inotify, handle;		/* of the folder; -1, 0: not watched */
	void (*changed)(void *data);	/* the list is another one */
	void *data;
	struct certs_wish wish;
};

void certs_store_init(struct certs_store *c, struct app *app, void (*changed)(void *data), void *data);
void certs_store_clear(struct certs_store *c);

/* Opens it, or looks for changes of others. False when there is none to look into: `problem` says why. */
bool certs_store_ready(struct certs_store *c);
/* After a change of one's own: makes the list again and tells the other panes. */
void certs_store_tell(struct certs_store *c);

/* How many are enabled and trusted for Cisco services. */
size_t certs_store_anchors(const struct certs_store *c);
/* Is it the last certificate that a feed can be verified against? */
bool certs_store_is_last_anchor(const struct certs_store *c, const struct trust_entry *entry);

/* --- changes: each asks where it should, says what it came to, and may be called for any certificate of the store ------- */

void certs_toggle_enabled(struct certs_store *c, const struct trust_entry *entry);
void certs_toggle_usage(struct certs_store *c, const struct trust_entry *entry, unsigned int usage);
void certs_remove(struct certs_store *c, const struct trust_entry *entry);
void certs_describe(struct certs_store *c, const struct trust_entry *entry);
void certs_write_file(struct certs_store *c, const struct trust_entry *entry);

#endif
