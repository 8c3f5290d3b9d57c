/* pane_certs.h - what others ask of the Certificates pane: to show a certificate, and the safe fixes of a diagnosis. Each fix
 * shows what it is about before anything is trusted. */
#ifndef PC_UI_PANE_CERTS_H
#define PC_UI_PANE_CERTS_H

#include <stdbool.h>
#include <stddef.h>

struct app;
struct certs_store;

/* Told how a fix ended: true when the store was changed. Called at most once, not when the dialog is left. */
typedef void certs_fixed(void *data, bool changed);

/* Goes to the pane and selects that certificate (name or SHA-256). False when it is not in the store. */
bool pane_certs_go(struct app *app, const char *name);

/* Shows an anchor of the store (name or SHA-256), asks, and then enables it and trusts it for Cisco services, whichever is
 * missing. False when there is no such certificate. */
bool pane_certs_fix_anchor(struct app *app, const char *name, certs_fixed *fixed, void *data);

/* Shows a CA certificate (PEM) that is not in the store, its fingerprint in full, `why` it is offered, and imports it for
 * Cisco services when the operator says so: for a CA that intercepts, or a root that a server sent. False when the text
 * holds no certificate. */
bool pane_certs_fix_import(struct app *app, const char *pem, size_t len, const char *why, certs_fixed *fixed, void *data);

/* The store that the pane holds, ready to be used; NULL when it cannot be (the pane says why). */
struct certs_store *pane_certs_store(struct app *app);
bool certs_fix_anchor(struct certs_store *store, const char *name, certs_fixed *fixed, void *data);

/* Begins an import without a certificate at hand. */
bool pane_certs_import(struct app *app);

#endif
