#include "appliance/change.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "appliance/difference.h"
#include "appliance/state.h"
#include "base/i18n.h"
#include "base/text.h"
#include "base/whole_json.h"
#include "trust/trust.h"

/* --- what is different ----------------------------------------------------------------------------------------- */

static char *value_text(char dst[CHANGE_TEXT_MAX], const json_t *value)
{
	dst[0] = '\0';
	if (json_is_string(value))
		text_safe(dst, CHANGE_TEXT_MAX, json_string_value(value));
	else if (json_is_integer(value))
		snprintf(dst, CHANGE_TEXT_MAX, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		snprintf(dst, CHANGE_TEXT_MAX, "%s", json_is_true(value) ? "on" : "off");
	return dst;
}

/* The fields in which two bodies differ: what is left out counts as empty. */
static void list_fields(struct change *change, const json_t *old, const json_t *asked)
{
	const char *key;
	json_t *value;

	json_object_foreach (change->body, key, value) {
		const json_t *was = json_object_get(old, key);
		struct change_field *f = &change->fields[change->count];

		if (strcmp(key, "password") == 0 || json_equal(was, value) || change->count >= CHANGE_FIELDS_MAX)
			continue;
		value_text(f->before, was);
		value_text(f->after, value);
		if (strcmp(f->before, f->after) == 0)
			continue;
		f->name = key;
		f->asked = json_object_get(asked, key) != NULL;
		change->count++;
	}
}

static bool is_whole(struct error *err)
{
	return !whole_json_failed() || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

/* --- a certificate --------------------------------------------------------------------------------------------- */

/* The record as it is, in the form of a body, but with nothing that the appliance forces. */
static json_t *unforced(const struct record_certificate *c)
{
	static const char *const forced[] = { "automaticCRLUpdate", "authenticateBeforeCRLReceived", "ignoreCRLExpiration" };
	json_t *body = record_certificate_body(c);

	for (size_t i = 0; i < sizeof(forced) / sizeof(forced[0]); i++) {
		const json_t *read = json_object_get(c->json, forced[i]);

		if (read != NULL)
			json_object_set_new(body, forced[i], json_boolean(record_flag(read)));
	}
	return body;
}

static bool take_wish(const struct record_certificate *c, const struct change_wish *wish, json_t *body, json_t *asked,
		      struct error *err)
{
	unsigned int usages = (c->usages | wish->trust) & ~wish->untrust;

	if (wish->enabled != NULL) {
		json_object_set_new(body, "status", json_string(*wish->enabled ? "Enabled" : "Disabled"));
		json_object_set_new(asked, "status", json_true());
	}
	if (wish->description != NULL) {
		json_object_set_new(body, "description", json_string(wish->description));
		json_object_set_new(asked, "description", json_true());
	}
	if (usages != c->usages && !trust_usages_check(usages, err))
		return false;
	record_body_set_usages(body, usages);
	record_body_set_usages(asked, TRUST_INFRASTRUCTURE);
	return true;
}

bool change_plan_certificate(const struct record_certificate *c, const struct change_wish *wish, struct change *out,
			     struct error *err)
{
	json_t *asked, *old;
	char strange[200];
	bool ok = false;

	*out = (struct change){ .kind = CHANGE_CERTIFICATE };
	/* Looked at once, at the end: the appliance takes a member that is left out for one that is to be emptied. */
	whole_json_begin();
	asked = json_object();
	old = unforced(c);
	text_safe(out->what, sizeof(out->what), c->name);
	snprintf(out->path, sizeof(out->path), RECORD_CERTIFICATES_PATH "/%s", c->id);
	if (c->strange[0] != '\0') {
		error_set(err, FINDING_NODE_ANSWER_INVALID,
			  _("the appliance trusts \"%s\" for \"%s\", which is not known here and which a change would take away"), out->what,
			  text_safe(strange, sizeof(strange), c->strange));
		error_next(err, _("Make the change in the appliance's web page, under Administration, System, Certificates, Trusted "
				  "Certificates."));
		goto out;
	}
	out->before = json_deep_copy(c->json);
	out->body = record_certificate_body(c);
	if (out->before == NULL || out->body == NULL || asked == NULL || old == NULL || !record_digest(out->before, out->digest)) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	if (!take_wish(c, wish, out->body, asked, err) || !is_whole(err))
		goto out;
	list_fields(out, old, asked);
	ok = true;
out:
	json_decref(asked);
	json_decref(old);
	return ok;
}

/* --- the proxy ------------------------------------------------------------------------------------------------- */

static bool set_login(json_t *body, const struct record_proxy *p, const struct change_proxy *wish, struct error *err)
{
	json_object_set_new(body, "passwordRequired", json_boolean(wish->user[0] != '\0'));
	json_object_set_new(body, "userName", json_string(wish->user));
	if (wish->user[0] == '\0')
		return true;
	if (wish->password == NULL || wish->password[0] == '\0') {
		error_usage(err, p->login ? _("the proxy of the appliance needs a login, and a change would lose its password, which cannot be read")
					  : _("the proxy needs a password for %s"), wish->user);
		return error_next(err, _("Set it here first: posture-console proxy set --password-file FILE; or give it with "
					 "--proxy-password-file FILE."));
	}
	json_object_set_new(body, "password", json_string(wish->password));
	return true;
}

bool change_plan_proxy(const struct record_proxy *p, const struct change_proxy *wish, struct change *out, struct error *err)
{
	json_t *old;
	bool ok = false;

	*out = (struct change){ .kind = CHANGE_PROXY };
	whole_json_begin();
	old = record_proxy_body(p);
	snprintf(out->path, sizeof(out->path), "%s", RECORD_PROXY_PATH);
	out->before = json_deep_copy(p->json);
	out->body = record_proxy_body(p);
	if (out->before == NULL || out->body == NULL || old == NULL || !record_digest(out->before, out->digest)) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	json_object_set_new(out->body, "fqdn", json_string(wish->host));
	if (wish->port > 0)
		json_object_set_new(out->body, "port", json_integer(wish->port));
	/* The same hosts in another order are no change. */
	if (!difference_same_list(p->bypass, wish->bypass))
		json_object_set_new(out->body, "bypassHosts", json_string(wish->bypass));
	if (!set_login(out->body, p, wish, err) || !is_whole(err))
		goto out;
	out->password = json_object_get(out->body, "password") != NULL;
	list_fields(out, old, out->body);
	ok = true;
out:
	json_decref(old);
	return ok;
}

void change_clear(struct change *change)
{
	const char *password = json_string_value(json_object_get(change->body, "password"));

	if (password != NULL)
		explicit_bzero((char *)(uintptr_t)password, strlen(password));
	json_decref(change->before);
	json_decref(change->body);
	*change = (struct change){ 0 };
}

/* --- writing --------------------------------------------------------------------------------------------------- */

/* The record as it is now, reduced to what a read by one path gives. */
static bool read_again(struct node *node, const struct change *change, json_t **reply, struct error *err)
{
	return node_get(node, change->path, reply, err) && record_response(*reply, err) != NULL;
}

/* Says a read by id more than a list did? Only what both have is compared. */
static const char *changed_key(const json_t *before, const json_t *now)
{
	const char *key;
	const json_t *value;
	json_t *old = (json_t *)(uintptr_t)before;

	json_object_foreach (old, key, value) {
		const json_t *other = json_object_get(now, key);

		if (other != NULL && strcmp(key, "password") != 0 && strcmp(key, "link") != 0 && !json_equal(value, other))
			return key;
	}
	return NULL;
}

static bool same_value(const json_t *meant, const json_t *read)
{
	if (json_is_boolean(meant))
		return json_is_true(meant) == record_flag(read);
	if (json_is_integer(meant))
		return record_number(meant) == record_number(read);
	if (json_is_string(meant))
		return strcmp(json_string_value(meant), json_string_value(read) != NULL ? json_string_value(read) : "") == 0;
	return json_equal(meant, read);
}

static bool differs(const char *key, const json_t *meant, const json_t *read, struct error *err)
{
	char wanted[CHANGE_TEXT_MAX], got[CHANGE_TEXT_MAX];

	return error_set(err, FINDING_NODE_NOT_APPLIED, _("the appliance accepted the change, but %s is \"%s\" there, not \"%s\""), key,
			 value_text(got, read), value_text(wanted, meant));
}

static bool certificate_holds(const struct change *change, const json_t *response, struct error *err)
{
	struct record_certificate c;
	unsigned int meant = record_body_usages(change->body);
	bool ok = record_certificate_read(response, &c, err);
	const char *key;
	json_t *value;

	if (ok && strcmp(c.name, json_string_value(json_object_get(change->body, "name"))) != 0)
		ok = differs("friendlyName", json_object_get(change->body, "name"), json_object_get(response, "friendlyName"), err);
	if (ok && strcasecmp(json_string_value(json_object_get(change->body, "status")), c.enabled ? "Enabled" : "Disabled") != 0)
		ok = differs("status", json_object_get(change->body, "status"), json_object_get(response, "status"), err);
	if (ok && (c.usages != meant || c.strange[0] != '\0')) {
		char text[200];

		ok = error_set(err, FINDING_NODE_NOT_APPLIED, _("the appliance accepted the change, but it trusts the certificate for \"%s\""),
			       text_safe(text, sizeof(text), json_string_value(json_object_get(response, "trustedFor")) != NULL
								     ? json_string_value(json_object_get(response, "trustedFor")) : ""));
	}
	json_object_foreach (change->body, key, value) {
		if (ok && json_object_get(response, key) != NULL && strcmp(key, "status") != 0 && strcmp(key, "name") != 0 &&
		    strncmp(key, "trustFor", 8) != 0 && !same_value(value, json_object_get(response, key)))
			ok = differs(key, value, json_object_get(response, key), err);
	}
	record_certificate_clear(&c);
	return ok;
}

bool change_holds(const struct change *change, const json_t *reply, struct error *err)
{
	const json_t *response = record_response(reply, err);
	const char *key;
	json_t *value;

	if (response == NULL)
		return false;
	if (change->kind == CHANGE_CERTIFICATE)
		return certificate_holds(change, response, err);
	json_object_foreach (change->body, key, value) {
		if (strcmp(key, "password") != 0 && !same_value(value, json_object_get(response, key)))
			return differs(key, value, json_object_get(response, key), err);
	}
	return true;
}

bool change_apply(struct node *node, const struct change *change, struct error *err)
{
	json_t *now = NULL, *after = NULL;
	const char *key;
	bool ok = false;

	if (!state_may_write(node, err) || !read_again(node, change, &now, err))
		goto out;
	key = changed_key(change->before, record_response(now, NULL));
	if (key != NULL) {
		error_set(err, FINDING_NODE_CHANGED_MEANWHILE, _("%s changed on the appliance meanwhile; nothing was written"), key);
		goto out;
	}
	if (!node_put(node, change->path, change->body, NULL, err))
		goto out;
	if (!read_again(node, change, &after, err)) {
		error_wrap(err, _("the change was written, but cannot be read again"));
		goto out;
	}
	ok = change_holds(change, after, err);
out:
	json_decref(now);
	json_decref(after);
	return ok;
}
