/* appliance_private.h - what the files of the appliance's window share. */
#ifndef PC_UI_APPLIANCE_PRIVATE_H
#define PC_UI_APPLIANCE_PRIVATE_H

#include <jansson.h>

#include "app.h"
#include "form.h"

enum { APPLIANCE_LIST = 2000, APPLIANCE_OTHER };

enum appliance_field {
	APPLIANCE_HOST, APPLIANCE_PORT, APPLIANCE_USER, APPLIANCE_PASSWORD, APPLIANCE_KEEP, APPLIANCE_CLI_USER, APPLIANCE_CLI_PORT,
	APPLIANCE_FIELDS
};

/* What runs; each has its own reaction to the end. */
enum appliance_work { APPLIANCE_IDLE, APPLIANCE_LOGIN, APPLIANCE_DIFF, APPLIANCE_IMPORT_PROXY, APPLIANCE_IMPORT_CERTIFICATES,
		      APPLIANCE_DRY_RUN, APPLIANCE_WRITE, APPLIANCE_LOG_KEYS, APPLIANCE_LOG_SET };

#define APPLIANCE_ARGUMENTS_MAX 40

/* A line of the list: a setting of the proxy, or a certificate. */
struct appliance_row {
	const json_t *json;		/* borrowed from the document */
	bool proxy;
	bool marked;
};

struct appliance {
	struct app *app;
	struct form form;
	struct run *run;		/* NULL: nothing runs */
	enum appliance_work work;
	json_t *answer;			/* the last document that a run printed; owned */
	json_t *identity;		/* the event node.certificate; owned */
	json_t *document;		/* of "node diff"; owned */
	struct appliance_row *rows;	/* those that differ; owned */
	struct list list;
	char *wanted;			/* the certificate that one came for; owned */
	bool keep_text;			/* what was done stays in sight while the differences are read again */
	bool compact;			/* the form is folded away: the list needs the room */
	enum theme_role role;		/* of what is said below */
	char text[2048];
	char pin[100];			/* waits for a yes */
	char *fix[APPLIANCE_ARGUMENTS_MAX];	/* the arguments of a fix that waits for a yes; owned */
	char record[72];
};

/* --- appliance.c ------------------------------------------------------------------------------------------------------ */

/* Runs "node VERB --json ..." with the password on its standard input where one was typed. */
void appliance_start(struct appliance *a, enum appliance_work work, const char *const *arguments);
void appliance_say(struct appliance *a, enum theme_role role, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void appliance_compare(struct appliance *a);
const struct appliance_row *appliance_selected(const struct appliance *a);

/* --- appliance_fix.c --------------------------------------------------------------------------------------------------- */

void appliance_import(struct appliance *a);
/* Offers what can be done with the selected row. */
void appliance_offer(struct appliance *a, bool fixes_only);
/* The dry run has ended well: asks. */
void appliance_confirm(struct appliance *a);
void appliance_log(struct appliance *a);
void appliance_choose_key(struct appliance *a);
void appliance_forget_fix(struct appliance *a);

/* --- appliance_page.c -------------------------------------------------------------------------------------------------- */

void appliance_prepare(void *data, struct page *page);

#endif
