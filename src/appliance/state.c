#include "appliance/state.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "base/text.h"

#define PAGE_SIZE 100
#define PAGES_MAX 500

bool state_read_proxy(struct node *node, struct record_proxy *out, struct error *err)
{
	json_t *reply = NULL;
	bool ok = node_get(node, RECORD_PROXY_PATH, &reply, err) && record_proxy_read(reply, out, err);

	json_decref(reply);
	return ok || error_wrap(err, _("cannot read the proxy of the appliance"));
}

/* A node may give fewer than a page is asked to hold, and may answer 404 after the last one: the end is a page that brings
 * nothing new. */
bool state_read_certificates(struct node *node, struct record_certificates *out, struct error *err)
{
	char path[128];
	size_t added = 1;

	for (int page = 1; added > 0; page++) {
		json_t *reply = NULL;
		bool ok;

		if (page > PAGES_MAX)
			return error_set(err, FINDING_NODE_ANSWER_INVALID, _("the appliance's list of certificates does not end"));
		snprintf(path, sizeof(path), RECORD_CERTIFICATES_PATH "?page=%d&size=%d", page, PAGE_SIZE);
		added = 0;
		ok = page == 1 ? node_get(node, path, &reply, err) : node_find(node, path, &reply, err);
		ok = ok && (reply == NULL || record_certificates_add(out, reply, &added, err));
		json_decref(reply);
		if (!ok)
			return error_wrap(err, _("cannot read the trusted certificates of the appliance"));
	}
	return true;
}

static bool is_called(const struct record_node *n, const char *host)
{
	return strcasecmp(n->fqdn, host) == 0 || strcasecmp(n->host_name, host) == 0 || strcmp(n->address, host) == 0;
}

void state_deployment_judge(const json_t *nodes, const char *host, struct state_deployment *out)
{
	const json_t *record;
	struct record_node n;
	size_t i;

	out->knows = out->primary = false;
	out->primary_name[0] = '\0';
	json_array_foreach (nodes, i, record) {
		record_node_read(record, &n);
		if (n.primary || n.standalone)
			text_safe(out->primary_name, sizeof(out->primary_name), n.fqdn[0] != '\0' ? n.fqdn : n.host_name);
		if (!is_called(&n, host))
			continue;
		out->knows = true;
		out->primary = n.primary || n.standalone;
	}
}

bool state_read_deployment(struct node *node, struct state_deployment *out, struct error *err)
{
	struct error why = ERROR_INIT;
	json_t *reply = NULL;

	*out = (struct state_deployment){ 0 };
	if (!node_find(node, RECORD_NODES_PATH, &reply, &why)) {
		if (why.code == FINDING_NODE_FORBIDDEN || why.code == FINDING_NODE_API_DISABLED)
			return true;
		if (err != NULL)
			*err = why;
		return false;
	}
	if (json_is_array(json_object_get(reply, "response"))) {
		out->json = json_incref(json_object_get(reply, "response"));
		state_deployment_judge(out->json, node_host(node), out);
	}
	json_decref(reply);
	return true;
}

void state_deployment_clear(struct state_deployment *d)
{
	json_decref(d->json);
	*d = (struct state_deployment){ 0 };
}

bool state_may_write(struct node *node, struct error *err)
{
	struct state_deployment d;
	bool ok = state_read_deployment(node, &d, err);

	if (ok && d.knows && !d.primary && d.primary_name[0] != '\0') {
		ok = error_set(err, FINDING_NODE_NOT_PRIMARY, _("%s is not the primary PAN, which is %s"), node_host(node),
			       d.primary_name);
		error_next(err, _("Run: posture-console node login --host %s"), d.primary_name);
	}
	state_deployment_clear(&d);
	return ok;
}

bool state_read(struct node *node, struct state *out, struct error *err)
{
	*out = (struct state){ 0 };
	return state_read_proxy(node, &out->proxy, err) && state_read_certificates(node, &out->certificates, err) &&
	       state_read_deployment(node, &out->deployment, err);
}

void state_clear(struct state *s)
{
	record_proxy_clear(&s->proxy);
	record_certificates_clear(&s->certificates);
	state_deployment_clear(&s->deployment);
}
