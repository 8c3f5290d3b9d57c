/* posture-console bundle: look into an offline bundle, or make one. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/file.h"
#include "base/i18n.h"
#include "cli/cli.h"
#include "feed/apart.h"
#include "feed/build.h"
#include "feed/bundle.h"
#include "job/job.h"
#include "update/inspect.h"

static json_t *time_json(time_t t)
{
	char when[CLOCK_TEXT_MAX];

	return t != 0 ? json_string(clock_rfc3339(when, t)) : json_null();
}

static json_t *component_json(const struct component *c)
{
	char sha256[2 * sizeof(c->sha256) + 1];

	for (size_t i = 0; i < sizeof(c->sha256); i++)
		snprintf(sha256 + 2 * i, 3, "%02x", c->sha256[i]);
	return json_pack("{s:s, s:o, s:o, s:o, s:I, s:s?, s:b}", "id", c->id, "title", event_string(c->title), "version",
			 event_string(c->version), "file", event_string(c->href), "size", (json_int_t)c->size, "sha256",
			 c->has_sha256 ? sha256 : NULL, "once", c->once);
}

static json_t *manifest_json(const struct manifest *m)
{
	return json_pack("{s:o, s:o, s:o, s:b}", "version", event_string(m->version), "published", time_json(m->published),
			 "expires", time_json(m->expires), "has_manifest", !m->synthetic);
}

static void print_document(json_t *document)
{
	json_dumpf(document, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(document);
}

/* --- list ---------------------------------------------------------------------------------------------------------- */

/* A bundle whose manifest cannot be used is listed all the same (`m` is NULL): it is looked into because of that. */
static void print_list_json(const struct bundle *b, const struct manifest *m, const struct error *why)
{
	json_t *document = m != NULL ? manifest_json(m) : json_object(), *components = json_array(), *members = json_array();

	for (size_t i = 0; m != NULL && i < m->count; i++)
		json_array_append_new(components, component_json(&m->components[i]));
	for (size_t i = 0; i < bundle_count(b); i++) {
		const struct bundle_member *member = bundle_at(b, i);

		json_array_append_new(members, json_pack("{s:o, s:I, s:I}", "name", event_string(member->name), "size",
							 (json_int_t)member->size, "packed", (json_int_t)member->packed));
	}
	json_object_set_new(document, "components", components);
	json_object_set_new(document, "members", members);
	json_object_set_new(document, "finding", m != NULL ? json_null() : json_string(finding_info(why->code)->code));
	print_document(document);
}

static const struct component *component_of(const struct manifest *m, const char *member)
{
	for (size_t i = 0; m != NULL && i < m->count; i++) {
		if (strcmp(m->components[i].href, member) == 0)
			return &m->components[i];
	}
	return NULL;
}

static void print_list(const struct bundle *b, const struct manifest *m)
{
	printf("%s  ", _("Version"));
	cli_print_safe(m == NULL || m->synthetic ? _("no manifest") : m->version);
	putchar('\n');
	for (size_t i = 0; i < bundle_count(b); i++) {
		const struct bundle_member *member = bundle_at(b, i);
		const struct component *c = component_of(m, member->name);

		printf("%12" PRId64 "  ", member->size);
		cli_print_safe(member->name);
		if (c != NULL) {
			fputs("  ", stdout);
			cli_print_safe(c->title);
			putchar(' ');
			cli_print_safe(c->version);
		}
		putchar('\n');
	}
}

static int list(const struct cli *cli, const char *path)
{
	struct bundle *b = NULL;
	struct manifest *m = NULL;
	struct error err = ERROR_INIT, why = ERROR_INIT;
	int code = EXIT_OK, fd = -1;
	struct settings *settings = cli_settings(cli, &code);

	if (settings == NULL)
		return code;
	fd = inspect_open(path, cli->state_dir, settings, &err);
	if (fd < 0) {
		code = cli_fail(cli, &err);
	} else if (!apart_members(fd, path, &b, &m, &why, &err)) {
		code = cli_fail(cli, &err);
	} else {
		if (m == NULL)
			cli_warn(cli, "%s [%s]", why.message, finding_info(why.code)->code);
		if (cli->json)
			print_list_json(b, m, &why);
		else
			print_list(b, m);
	}
	manifest_free(m);
	bundle_free(b);
	file_close(&fd);
	settings_free(settings);
	return code;
}

/* --- verify -------------------------------------------------------------------------------------------------------- */

static void print_verify_json(const struct inspect_result *r, bool ok, const struct error *err)
{
	json_t *document = r->manifest != NULL ? manifest_json(r->manifest) : json_object();
	json_t *components = json_array(), *warnings = json_array();
	char next[ERROR_TEXT_MAX];

	for (size_t i = 0; r->rows != NULL && r->manifest != NULL && i < r->manifest->count; i++) {
		const struct inspect_row *row = &r->rows[i];
		json_t *object = component_json(row->component);

		json_object_set_new(object, "ok", json_boolean(row->ok));
		json_object_set_new(object, "files", json_integer(row->files));
		json_object_set_new(object, "bytes", json_integer(row->bytes));
		if (!row->ok) {
			json_object_set_new(object, "finding", json_string(finding_info(row->error.code)->code));
			json_object_set_new(object, "message", event_string(row->error.message));
		}
		json_array_append_new(components, object);
	}
	for (int i = 0; i < r->notice_count; i++)
		json_array_append_new(warnings, json_string(finding_info(r->notices[i])->code));
	json_object_set_new(document, "status", json_string(ok ? "pass" : "fail"));
	json_object_set_new(document, "signer", event_string(r->signer));
	json_object_set_new(document, "components", components);
	json_object_set_new(document, "also", warnings);
	json_object_set_new(document, "cause", ok ? json_null() : json_string(finding_info(err->code)->code));
	json_object_set_new(document, "message", event_string(err->message));
	if (error_next_step(err, next, sizeof(next))[0] != '\0')
		json_object_set_new(document, "next", event_string(next));
	print_document(document);
}

static void print_verify(const struct inspect_result *r)
{
	for (size_t i = 0; r->rows != NULL && i < r->manifest->count; i++) {
		const struct inspect_row *row = &r->rows[i];

		fputs(row->ok ? "OK  " : "!!  ", stdout);
		cli_print_safe(row->component->href);
		if (row->ok)
			printf(_("  %'" PRId64 " files, %'" PRId64 " bytes"), row->files, row->bytes);
		putchar('\n');
	}
	for (int i = 0; i < r->notice_count; i++)
		printf("??  %s [%s]\n", _(finding_info(r->notices[i])->cause), finding_info(r->notices[i])->code);
	if (r->manifest != NULL) {
		printf("%s ", _("Version"));
		cli_print_safe(r->manifest->version);
		printf(r->signer[0] != '\0' ? _(", signed by ") : _(", not signed"));
		cli_print_safe(r->signer);
		putchar('\n');
	}
}

static int verify(const struct cli *cli, const char *path)
{
	struct inspect_result result;
	struct error err = ERROR_INIT;
	int code = EXIT_OK;
	struct settings *settings = cli_settings(cli, &code);
	bool ok;

	if (settings == NULL)
		return code;
	ok = inspect_bundle(path, cli->state_dir, settings, &result, &err);
	if (cli->json)
		print_verify_json(&result, ok, &err);
	else if (!cli->quiet)
		print_verify(&result);
	if (!ok) {
		/* The document on standard output has it all; people get the sentence. */
		struct cli people = *cli;

		people.json = false;
		code = cli_fail(&people, &err);
	}
	inspect_clear(&result);
	settings_free(settings);
	return code;
}

/* --- build --------------------------------------------------------------------------------------------------------- */

static int build(const struct cli *cli, const char *dir, const char *out)
{
	struct manifest *m = NULL;
	struct error err = ERROR_INIT;

	if (!feed_bundle(dir, out, &m, &err))
		return cli_fail(cli, &err);
	if (cli->json) {
		json_t *document = manifest_json(m);

		json_object_set_new(document, "bundle", event_string(out));
		json_object_set_new(document, "components", json_integer((json_int_t)m->count));
		print_document(document);
	} else if (!cli->quiet) {
		cli_print_safe(out);
		printf(P_(": version %s, %zu component\n", ": version %s, %zu components\n", m->count), m->version, m->count);
	}
	manifest_free(m);
	return EXIT_OK;
}

int cli_bundle(struct cli *cli, int argc, char **argv)
{
	const char *out = NULL, *verb, *argument;
	int c;

	while ((c = cli_getopt(cli, argc, argv, "o:", NULL)) != -1) {
		switch (c) {
		case 'h': return EXIT_OK;
		case 'o': out = optarg; break;
		default: return EXIT_USAGE;
		}
	}
	if (optind < argc && strcmp(argv[optind], "verify") != 0 && strcmp(argv[optind], "list") != 0 &&
	    strcmp(argv[optind], "build") != 0)
		return cli_usage(cli, _("there is no verb %s"), argv[optind]);
	if (argc - optind != 2)
		return cli_usage(cli, _("a verb and one file or folder are wanted"));
	verb = argv[optind];
	argument = argv[optind + 1];
	if (strcmp(verb, "build") == 0) {
		if (out == NULL)
			return cli_usage(cli, _("the bundle's name is missing: -o FILE"));
		return build(cli, argument, out);
	}
	if (out != NULL)
		return cli_usage(cli, _("-o goes with build only"));
	job_catch_stop();
	if (strcmp(verb, "list") == 0)
		return list(cli, argument);
	return verify(cli, argument);
}
