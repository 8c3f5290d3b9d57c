#include "proxy_answer.h"

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"

static const char *text_of(const json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));

	return text != NULL ? text : "";
}

static int number_of(const json_t *event, const char *key)
{
	return (int)json_integer_value(json_object_get(event, key));
}

/* False when the step did not succeed. */
static bool took(const json_t *event, const char *key, double *ms)
{
	const json_t *value = json_object_get(event, key);

	*ms = json_number_value(value);
	return json_is_number(value);
}

static void take_failure(struct proxy_answer *a, const json_t *event)
{
	snprintf(a->cause, sizeof(a->cause), "%s", text_of(event, "cause"));
	snprintf(a->summary, sizeof(a->summary), "%s", text_of(event, "summary"));
	snprintf(a->next, sizeof(a->next), "%s", text_of(event, "next"));
}

/* "10.1.2.3:8080", "[2001:db8::1]:8080" */
static void place(char *dst, size_t size, const char *host, int port)
{
	snprintf(dst, size, strchr(host, ':') != NULL ? "[%s]:%d" : "%s:%d", host, port);
}

static void take_connection(struct proxy_answer *a, const json_t *event)
{
	const char *host = text_of(event, "host"), *address = text_of(event, "address");
	char at[300];
	double ms;

	place(at, sizeof(at), address[0] != '\0' ? address : host, number_of(event, "port"));
	if (took(event, "tcp_ms", &ms)) {
		a->connection = PROXY_ANSWER_OK;
		snprintf(a->connection_text, sizeof(a->connection_text), ms < 10 ? _("%s answers in %.1f ms") :
			 _("%s answers in %.0f ms"), at, ms);
		return;
	}
	a->connection = PROXY_ANSWER_FAIL;
	if (!took(event, "resolve_ms", &ms) && address[0] == '\0')
		snprintf(a->connection_text, sizeof(a->connection_text), _("the name %.250s is not known"), host);
	else
		snprintf(a->connection_text, sizeof(a->connection_text), _("%s does not answer"), at);
}

static void take_tunnel(struct proxy_answer *a, const json_t *event)
{
	const char *methods = text_of(event, "methods");
	int status = number_of(event, "connect_status"), port = number_of(event, "target_port");
	char *dst = a->tunnel_text;
	char at[300];
	double ms;

	place(at, sizeof(at), text_of(event, "target"), port);
	if (a->connection != PROXY_ANSWER_OK) {
		a->tunnel = PROXY_ANSWER_SKIP;
		snprintf(dst, PROXY_ANSWER_PART_MAX, _("%s not tried"), at);
		return;
	}
	if (took(event, "tunnel_ms", &ms)) {
		a->tunnel = PROXY_ANSWER_OK;
		snprintf(dst, PROXY_ANSWER_PART_MAX, _("lets through to %s"), at);
		return;
	}
	a->tunnel = PROXY_ANSWER_FAIL;
	if (status == 407 && json_is_true(json_object_get(event, "login_sent")))
		snprintf(dst, PROXY_ANSWER_PART_MAX, _("login rejected (407 %s)"), methods);
	else if (status == 407)
		snprintf(dst, PROXY_ANSWER_PART_MAX, _("login needed (407 %s)"), methods);
	else if (status > 0)
		snprintf(dst, PROXY_ANSWER_PART_MAX, _("does not let through to %s (%d)"), at, status);
	else
		snprintf(dst, PROXY_ANSWER_PART_MAX, _("does not let through to %s"), at);
}

bool proxy_answer_take(struct proxy_answer *answer, const json_t *event)
{
	const char *kind = text_of(event, "event");

	if (strcmp(kind, "error") == 0) {
		*answer = (struct proxy_answer){ .connection = PROXY_ANSWER_FAIL };
		snprintf(answer->connection_text, sizeof(answer->connection_text), "%s", _("cannot be tried"));
		snprintf(answer->cause, sizeof(answer->cause), "%s", text_of(event, "finding"));
		snprintf(answer->summary, sizeof(answer->summary), "%s", text_of(event, "message"));
		snprintf(answer->next, sizeof(answer->next), "%s", text_of(event, "next"));
		return true;
	}
	if (strcmp(kind, "proxy.tested") != 0)
		return false;
	*answer = (struct proxy_answer){ 0 };
	take_connection(answer, event);
	take_tunnel(answer, event);
	if (strcmp(text_of(event, "status"), "pass") != 0)
		take_failure(answer, event);
	if (json_is_true(json_object_get(event, "bypassed")))
		snprintf(answer->note, sizeof(answer->note), _("The bypass list sends %.250s direct: updates do not use this proxy."),
			 text_of(event, "target"));
	return true;
}

void proxy_answer_broken(struct proxy_answer *answer, const char *errors)
{
	*answer = (struct proxy_answer){ .connection = PROXY_ANSWER_FAIL };
	snprintf(answer->connection_text, sizeof(answer->connection_text), "%s", _("the test ended without an answer"));
	snprintf(answer->summary, sizeof(answer->summary), "%s", errors);
}
