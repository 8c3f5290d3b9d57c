#include "proxy_answer.h"

#include <stdio.h>
#include <string.h>

#include "base/finding.h"
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

/* --- on the page ------------------------------------------------------------------------------------------------------ */

static void put_part(struct page *page, enum proxy_answer_state state, const char *text)
{
	static const struct { const char *mark; enum theme_role role; } rows[] = {
		[PROXY_ANSWER_NONE] = { "    ", ROLE_NORMAL }, [PROXY_ANSWER_OK] = { "OK  ", ROLE_OK },
		[PROXY_ANSWER_FAIL] = { "!!  ", ROLE_FAIL }, [PROXY_ANSWER_SKIP] = { "--  ", ROLE_DIM },
	};

	page_put(page, rows[state].role, rows[state].mark);
	page_put(page, ROLE_NORMAL, text);
}

/* What to do here; the event's own advice is for the command line, and serves where the form has no better. */
static const char *advice(const struct proxy_answer *a)
{
	switch (finding_by_code(a->cause)) {
	case FINDING_PROXY_AUTH_REQUIRED: return _("Tick \"Needs a login\", enter user and password, and test again.");
	case FINDING_PROXY_AUTH_REJECTED: return _("Enter user and password again, and test again.");
	case FINDING_PROXY_UNRESOLVABLE: return _("Check the host, or enter its address.");
	case FINDING_PROXY_REFUSED: return _("Check host and port: nothing listens there (8080, 3128, 80 and 443 are usual).");
	case FINDING_PROXY_NEEDS_TLS: return _("Choose the scheme HTTPS.");
	case FINDING_PROXY_IS_PLAIN: return _("Choose the scheme HTTP.");
	case FINDING_PROXY_IS_SOCKS: return _("Choose the scheme SOCKS5.");
	case FINDING_PROXY_NOT_SOCKS: return _("Choose the scheme HTTP or HTTPS.");
	default: return a->next;
	}
}

static void put_cause(const struct proxy_answer *a, struct page *page, int cols)
{
	char text[1200];

	snprintf(text, sizeof(text), a->cause[0] != '\0' ? "%s [%s]" : "%s%s", a->summary, a->cause);
	page_line(page);
	page_cell(page, ROLE_LABEL, cols, a->cause[0] != '\0' ? _("Cause") : _("It said"));
	page_wrap_after(page, ROLE_NORMAL, cols, text);
	if (advice(a)[0] == '\0')
		return;
	page_line(page);
	page_cell(page, ROLE_LABEL, cols, _("What to do"));
	page_wrap_after(page, ROLE_NORMAL, cols, advice(a));
}

void proxy_answer_put(const struct proxy_answer *a, struct page *page, int cols)
{
	page_line(page);
	page_cell(page, ROLE_LABEL, cols, _("Connection"));
	put_part(page, a->connection, a->connection_text);
	if (a->tunnel != PROXY_ANSWER_NONE) {
		page_line(page);
		page_cell(page, ROLE_LABEL, cols, _("Feed through it"));
		put_part(page, a->tunnel, a->tunnel_text);
	}
	if (a->cause[0] != '\0' || a->summary[0] != '\0')
		put_cause(a, page, cols);
	if (a->note[0] != '\0') {
		page_line(page);
		page_cell(page, ROLE_LABEL, cols, "");
		page_put(page, ROLE_WARN, "??  ");
		page_wrap_after(page, ROLE_NORMAL, cols + 4, a->note);
	}
}
