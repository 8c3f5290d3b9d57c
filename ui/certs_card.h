/* certs_card.h - what a page shows of one certificate: a short card that fits what room there is, and everything as text. */
#ifndef PC_UI_CERTS_CARD_H
#define PC_UI_CERTS_CARD_H

#include "base/when.h"
#include "page.h"
#include "trust/trust.h"

#define CERTS_EXPIRY_MAX (WHEN_TEXT_MAX + 4)
#define CERTS_CARD_USAGE 2100		/* the box of usage 1 << i is the item CERTS_CARD_USAGE + i */
#define CERTS_USAGES 4

enum certs_card {
	CERTS_CARD_BARE,		/* without the usages */
	CERTS_CARD_READ,		/* they are shown */
	CERTS_CARD_BOXES		/* they are boxes that can have the focus */
};

/* The lines of the card that fit into `rows`, the most telling ones. */
void certs_card_put(struct page *p, const struct trust_entry *entry, int rows, enum certs_card how);
/* The lines that the whole card would take. */
int certs_card_rows(const struct page *p, const struct trust_entry *entry);

/* "Cisco services", "within ISE": the vendor's terms, short. */
const char *certs_usage_word(unsigned int usage);

/* "2034-01-16", with " ??" when it ends soon and " !!" when it is out of date; the role to show it in. */
enum theme_role certs_expiry(char dst[CERTS_EXPIRY_MAX], const struct trust_entry *entry);
/* The columns that any of them takes, with a gap. */
int certs_expiry_cols(void);

/* The columns of the labels of the card and of what is asked below it, with a blank. */
int certs_card_label_cols(void);

/* Everything about it as lines of text, the extensions of the certificate itself as well. */
void certs_card_text(struct buffer *out, const struct trust_store *store, const struct trust_entry *entry);

#endif
