/* proxy test: does the proxy answer, and does it open a tunnel to the feed's host? */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/event.h"
#include "base/i18n.h"
#include "cli/proxy.h"
#include "diagnose/target.h"
#include "net/proxy_test.h"
#include "trust/trust.h"

#define ANCHORS_MAX_BYTES (8u * 1024 * 1024)
#define BUDGET_S 8
#define BUDGET_MAX_S 300

/* Certificates that vouch for the site's own servers, an https proxy among them. */
static bool load_anchors(const struct cli *cli, struct buffer *pem, struct error *err)
{
	struct trust_store *trust = NULL;
	bool ok;

	if (!trust_open(cli->state_dir, false, &trust, err))
		return false;
	ok = trust_pem(trust, TRUST_INFRASTRUCTURE, pem, NULL, err);
	trust_free(trust);
	return ok;
}

static void add_time(json_t *event, const char *name, int64_t us)
{
	json_object_set_new(event, name, us >= 0 ? json_real((double)us / 1000) : json_null());
}

static int report_json(const struct proxy *p, const struct check_target *target, const struct proxy_test *t, bool ok,
		       const struct error *err)
{
	json_t *event = event_new("proxy.tested", "{s:s, s:o, s:i, s:o, s:i, s:s, s:i, s:s, s:b, s:b}", "status",
				  ok ? "pass" : "fail", "host", event_string(p->host), "port", (int)p->port, "target",
				  event_string(target->host), "target_port", (int)target->port, "address", t->address, "connect_status",
				  (int)t->status, "methods", t->methods, "login_sent", t->login_sent,
				  "bypassed", !proxy_applies(p, target->name));

	if (event == NULL)
		return EXIT_IO;
	add_time(event, "resolve_ms", t->resolve_us);
	add_time(event, "tcp_ms", t->connect_us);
	add_time(event, "tunnel_ms", t->tunnel_us);
	if (!ok) {
		char next[ERROR_TEXT_MAX];

		json_object_set_new(event, "cause", json_string(finding_info(err->code)->code));
		json_object_set_new(event, "summary", event_string(err->message));
		json_object_set_new(event, "next", event_string(error_next_step(err, next, sizeof(next))));
	}
	fflush(stdout);
	event_write_line(STDOUT_FILENO, event);
	json_decref(event);
	return ok ? EXIT_OK : error_exit_code(err);
}

/* One step of the test: "OK  label  what, and how long it took". */
static void print_step(bool ok, const char *label, const char *what, int64_t us)
{
	printf("%s  %s: ", ok ? "OK" : "!!", label);
	cli_print_safe(what);
	if (us >= 0)
		printf(_("  %.1f ms"), (double)us / 1000);
	putchar('\n');
}

static void print_answer(const struct check_target *target, const struct proxy_test *t)
{
	char what[512];

	if (t->tunnel_us >= 0)
		snprintf(what, sizeof(what), _("opened to %s, port %u"), target->host, (unsigned int)target->port);
	else if (t->status == 407)
		snprintf(what, sizeof(what), t->login_sent ? _("login rejected (407 %s)") : _("login needed (407 %s)"), t->methods);
	else if (t->status > 0)
		snprintf(what, sizeof(what), _("refused to %s, port %u (%ld)"), target->host, (unsigned int)target->port, t->status);
	else
		snprintf(what, sizeof(what), _("not opened to %s, port %u"), target->host, (unsigned int)target->port);
	print_step(t->tunnel_us >= 0, _("Tunnel"), what, t->tunnel_us);
}

static void print_text(const struct proxy *p, const struct check_target *target, const struct proxy_test *t)
{
	char what[400];

	if (strcmp(p->host, t->address) != 0)
		print_step(t->resolve_us >= 0, _("Name"), p->host, t->resolve_us);
	if (t->resolve_us < 0)
		return;
	snprintf(what, sizeof(what), _("%s, port %u"), t->address[0] != '\0' ? t->address : p->host, (unsigned int)p->port);
	print_step(t->connect_us >= 0, _("Connection"), what, t->connect_us);
	if (t->connect_us >= 0)
		print_answer(target, t);
}

static int test_with(const struct cli *cli, const struct proxy *p, const struct check_target *target, int budget_ms)
{
	struct buffer pem = BUFFER_INIT(ANCHORS_MAX_BYTES);
	struct error err = ERROR_INIT;
	struct proxy_test t;
	int code = EXIT_OK;
	bool ok;

	if (p->scheme == PROXY_HTTPS && !load_anchors(cli, &pem, &err)) {
		buffer_clear(&pem);
		return cli_fail(cli, &err);
	}
	ok = proxy_test_run(p, target->host, target->port, buffer_text(&pem), pem.len, budget_ms, &t, &err);
	buffer_clear(&pem);
	if (cli->json)
		return report_json(p, target, &t, ok, &err);
	if (!cli->quiet)
		print_text(p, target, &t);
	if (!ok)
		code = cli_fail(cli, &err);
	return code;
}

static void use_password(struct proxy *p, const char *password)
{
	explicit_bzero(p->password, sizeof(p->password));
	snprintf(p->password, sizeof(p->password), "%s", password);
}

int cli_proxy_test(const struct cli *cli, struct settings *s, const char *password, const char *url, const char *timeout)
{
	struct error err = ERROR_INIT;
	struct check_target target;
	long budget_s = BUDGET_S;
	struct proxy p;
	char *end;
	int code;

	if (timeout != NULL) {
		budget_s = strtol(timeout, &end, 10);
		if (*end != '\0' || end == timeout || budget_s < 1 || budget_s > BUDGET_MAX_S)
			return cli_usage(cli, _("--timeout takes 1 to %d seconds"), BUDGET_MAX_S);
	}
	/* In memory only: a proxy is tested before it is enabled. */
	if ((url != NULL && !settings_set(s, SETTING_SOURCE_FEED_URL, url, &err)) ||
	    !settings_set(s, SETTING_PROXY_ENABLED, "true", &err) ||
	    !target_from_url(settings_string(s, SETTING_SOURCE_FEED_URL), &target, &err) ||
	    !proxy_from_settings(&p, s, cli->state_dir, &err))
		return cli_fail(cli, &err);
	if (password != NULL)
		use_password(&p, password);
	if (!proxy_applies(&p, target.name) && !cli->json)
		cli_warn(cli, _("The bypass list sends %s direct: updates do not use this proxy."), target.name);
	code = test_with(cli, &p, &target, (int)budget_s * 1000);
	proxy_clear(&p);
	return code;
}
