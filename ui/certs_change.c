/* Changing one certificate, with the questions that the change deserves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "aside.h"
#include "base/file.h"
#include "base/i18n.h"
#include "certs_card.h"
#include "certs_store.h"
#include "pane.h"
#include "trust/details.h"

#define QUESTION_MAX 2048
#define PATH_MAX_BYTES 4000
#define EXPORT_MAX_BYTES (2u * 1024 * 1024)

static struct certs_wish *wish_new(struct certs_store *c, const struct trust_entry *entry)
{
	c->wish = (struct certs_wish){ 0 };
	for (size_t i = 0; i < sizeof(entry->sha256); i++)
		snprintf(c->wish.name + 2 * i, 3, "%02x", entry->sha256[i]);
	return &c->wish;
}

/* --- doing it -------------------------------------------------------------------------------------------------------- */

static void usages_text(char *dst, size_t size, unsigned int usages)
{
	size_t used = 0;

	snprintf(dst, size, "%s", _("nothing"));
	for (unsigned int usage = TRUST_INFRASTRUCTURE; usage <= TRUST_CISCO_SERVICES; usage <<= 1) {
		if ((usages & usage) != 0 && used < size)
			used += (size_t)snprintf(dst + used, size - used, "%s%s", used > 0 ? ", " : "", certs_usage_word(usage));
	}
}

static void say(struct certs_store *c, const char *name)
{
	const struct trust_entry *e = trust_find(c->trust, name);
	char usages[256];

	if (e == NULL) {
		app_notice(c->app, ROLE_OK, "%s", _("OK Removed."));
	} else if (!e->enabled && e->usages != 0) {
		app_notice(c->app, ROLE_OK, _("OK \"%s\" is disabled: it counts for nothing until it is enabled."), e->name);
	} else if (!e->enabled) {
		app_notice(c->app, ROLE_OK, _("OK \"%s\" is disabled."), e->name);
	} else {
		usages_text(usages, sizeof(usages), e->usages);
		app_notice(c->app, e->usages != 0 ? ROLE_OK : ROLE_WARN, e->usages != 0 ? _("OK \"%s\" is enabled, trusted for: %s.") :
			   _("?? \"%s\" is enabled, and trusted for %s yet."), e->name, usages);
	}
}

static bool apply(struct certs_store *c, struct error *err)
{
	const struct certs_wish *w = &c->wish;

	if (w->remove)
		return trust_remove(c->trust, w->name, err);
	if (w->set_enabled && !trust_set_enabled(c->trust, w->name, w->enabled, err))
		return false;
	return (w->add | w->take_away) == 0 || trust_change_usages(c->trust, w->name, w->add, w->take_away, err);
}

static void wish_granted(void *data)
{
	struct certs_store *c = data;
	struct error err = ERROR_INIT;
	bool had = certs_store_anchors(c) > 0, ok = apply(c, &err);

	/* Also when it failed half way, or because another program was first. */
	certs_store_tell(c);
	if (!ok)
		app_notice_error(c->app, &err);
	else if (had && certs_store_anchors(c) == 0)
		app_notice(c->app, ROLE_WARN, "%s", _("?? Done. Nothing is trusted for Cisco services now: no update can be verified."));
	else
		say(c, c->wish.name);
}

/* Asks when there is something to ask. */
static void wish_ask(struct certs_store *c, const char *title, const char *question)
{
	if (question[0] == '\0')
		wish_granted(c);
	else
		dialog_ask(c->app, title, question, wish_granted, c);
}

/* --- what it would break --------------------------------------------------------------------------------------------- */

static bool is_identrust(const struct trust_entry *e)
{
	return strcmp(e->common_name, "IdenTrust Commercial Root CA 1") == 0;
}

/* Appends what stops working without it. */
static void put_consequences(struct buffer *out, const struct certs_store *c, const struct trust_entry *e)
{
	if (!e->enabled || (e->usages & TRUST_CISCO_SERVICES) == 0)
		return;
	if (certs_store_is_last_anchor(c, e))
		buffer_puts(out, _("It is the LAST one that is trusted for Cisco services: without it no feed and no signature can be "
				   "verified, and every online update fails.\n"));
	if (is_identrust(e))
		buffer_puts(out, _("The certificates of www.cisco.com end in it (field notice FN72111): updates from there fail without "
				   "it.\n"));
}

/* The fingerprint in two lines, as on the card: it is to be compared. */
static void put_identity(struct buffer *out, const struct trust_entry *e)
{
	char head[64], tail[64];

	buffer_printf(out, "%s\n%s\nSHA-256  %s\n         %s\n\n", e->name, e->subject,
		      trust_hex_colons(head, sizeof(head), e->sha256, 16), trust_hex_colons(tail, sizeof(tail), e->sha256 + 16, 16));
}

/* --- the acts -------------------------------------------------------------------------------------------------------- */

void certs_toggle_enabled(struct certs_store *c, const struct trust_entry *entry)
{
	struct buffer question = BUFFER_INIT(QUESTION_MAX);
	struct certs_wish *w = wish_new(c, entry);

	w->set_enabled = true;
	w->enabled = !entry->enabled;
	if (entry->enabled)
		put_consequences(&question, c, entry);
	if (question.len > 0)
		buffer_puts(&question, _("\nDisable it?"));
	wish_ask(c, _("Disable a certificate"), buffer_text(&question));
	buffer_clear(&question);
}

/* Usages that come or go along with the one that was asked for. */
static void put_companions(struct buffer *out, unsigned int usages, unsigned int usage, bool add)
{
	char others[256];

	usages_text(others, sizeof(others), usages & ~usage);
	buffer_printf(out, add ? _("It can be trusted for \"%s\" only together with: %s.\n\nGive it all of these?")
			       : _("Without \"%s\" it can no longer be trusted for: %s.\n\nTake all of these away?"),
		      certs_usage_word(usage), others);
}

void certs_toggle_usage(struct certs_store *c, const struct trust_entry *entry, unsigned int usage)
{
	struct buffer question = BUFFER_INIT(QUESTION_MAX);
	bool add = (entry->usages & usage) == 0;
	unsigned int all = add ? trust_usage_with_needs(usage) & ~entry->usages : trust_usage_with_dependants(usage) & entry->usages;
	struct error err = ERROR_INIT;
	struct certs_wish *w;

	if (add && !trust_usage_possible(c->trust, entry, usage, &err)) {
		app_notice_error(c->app, &err);
		return;
	}
	w = wish_new(c, entry);
	w->add = add ? all : 0;
	w->take_away = add ? 0 : all;
	if (all != usage)
		put_companions(&question, all, usage, add);
	if (!add && usage == TRUST_CISCO_SERVICES) {
		put_consequences(&question, c, entry);
		if (question.len > 0)
			buffer_puts(&question, _("\nTrust it no longer for Cisco services?"));
	}
	wish_ask(c, _("Trusted for"), buffer_text(&question));
	buffer_clear(&question);
}

void certs_remove(struct certs_store *c, const struct trust_entry *entry)
{
	struct buffer question = BUFFER_INIT(QUESTION_MAX);
	char usages[256];
	struct certs_wish *w = wish_new(c, entry);

	w->remove = true;
	put_identity(&question, entry);
	usages_text(usages, sizeof(usages), entry->usages);
	buffer_printf(&question, entry->enabled ? _("It is enabled, trusted for: %s.\n") : _("It is disabled; trusted for: %s.\n"), usages);
	put_consequences(&question, c, entry);
	buffer_puts(&question, _("\nTo stop trusting it, disabling is enough. Remove it from the store?"));
	wish_ask(c, _("Delete a certificate"), buffer_text(&question));
	buffer_clear(&question);
}

/* --- the description ------------------------------------------------------------------------------------------------- */

static bool describe(void *data, const char *input, struct error *err)
{
	struct certs_store *c = data;

	if (!trust_set_description(c->trust, c->wish.name, input, err))
		return false;
	certs_store_tell(c);
	return true;
}

void certs_describe(struct certs_store *c, const struct trust_entry *entry)
{
	wish_new(c, entry);
	dialog_input(c->app, _("Describe a certificate"), _("Description"), entry->description, describe, c);
}

/* --- exporting ------------------------------------------------------------------------------------------------------- */

static bool wants_der(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot != NULL && strcmp(dot, ".der") == 0;
}

struct export {
	const char *path;
	const struct buffer *content;
};

static bool write_export(const void *arg, struct buffer *out, struct error *err)
{
	const struct export *e = arg;
	struct stat st;

	(void)out;
	/* The command line may replace a file; here a slip of the finger must not. */
	if (lstat(e->path, &st) == 0) {
		error_usage(err, _("%s exists already"), e->path);
		return error_next(err, _("Name another file."));
	}
	return file_write_atomic(AT_FDCWD, e->path, 0644, e->content->data, e->content->len, err);
}

static bool export_to(void *data, const char *path, struct error *err)
{
	struct certs_store *c = data;
	struct buffer content = BUFFER_INIT(EXPORT_MAX_BYTES);
	const struct export export = { path, &content };
	const struct trust_entry *e = trust_find(c->trust, c->wish.name);
	bool ok;

	if (path[0] == '\0')
		return error_usage(err, _("name a file"));
	if (e == NULL)
		return error_set(err, FINDING_NONE, _("the certificate is no longer in the store"));
	ok = trust_export(c->trust, e, wants_der(path), &content, err) && aside_do(write_export, &export, path, NULL, err);
	buffer_clear(&content);
	if (ok)
		app_notice(c->app, ROLE_OK, _("OK Written to %s"), path);
	return ok;
}

/* A name that is safe as a file's, whatever the certificate calls itself. */
static void file_name_of(char *dst, size_t size, const struct trust_entry *e)
{
	const char *from = e->common_name[0] != '\0' ? e->common_name : e->name;
	size_t n = 0;

	for (; *from != '\0' && n + 1 < size; from++) {
		unsigned char ch = (unsigned char)*from;
		bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-';

		if (plain || (n > 0 && dst[n - 1] != '_'))
			dst[n++] = plain ? (char)ch : '_';
	}
	while (n > 0 && dst[n - 1] == '_')
		n--;
	dst[n] = '\0';
}

void certs_write_file(struct certs_store *c, const struct trust_entry *entry)
{
	const char *home = getenv("HOME");
	char name[80], path[PATH_MAX_BYTES];

	wish_new(c, entry);
	file_name_of(name, sizeof(name), entry);
	snprintf(path, sizeof(path), "%s/%s.pem", home != NULL && home[0] == '/' ? home : "/tmp", name[0] != '\0' ? name : "certificate");
	dialog_input(c->app, _("Export a certificate"), _("To the file (.der: as DER)"), path, export_to, c);
}
