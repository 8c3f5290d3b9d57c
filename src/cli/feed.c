/* posture-console feed: makes a feed of a folder of components. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/i18n.h"
#include "cli/cli.h"
#include "feed/build.h"

#define VERSIONS_MAX 256
#define DAYS_MAX 36500

enum { OPT_SIGN = 1, OPT_VERSION, OPT_EXPIRES, OPT_PUBLISHED, OPT_COMPONENT };

struct feed_arguments {
	bool sign;
	const char *expires, *published;
	const char *versions[VERSIONS_MAX + 1];
	size_t version_count;
};

static bool parse_days(const char *text, time_t *days)
{
	char *end;
	long n = strtol(text, &end, 10);

	*days = (time_t)n;
	return *text != '\0' && *end == '\0' && n >= 0 && n <= DAYS_MAX;
}

/* Takes the option; false after a usage error was printed. */
static bool take(struct cli *cli, int c, struct feed_arguments *a, struct feed_build *b)
{
	switch (c) {
	case OPT_SIGN: a->sign = true; return true;
	case OPT_VERSION: b->version = optarg; return true;
	case OPT_EXPIRES: a->expires = optarg; return true;
	case OPT_PUBLISHED: a->published = optarg; return true;
	case OPT_COMPONENT:
		if (strchr(optarg, '=') == NULL || a->version_count == VERSIONS_MAX) {
			cli_usage(cli, _("--component-version wants ID=VERSION"));
			return false;
		}
		a->versions[a->version_count++] = optarg;
		return true;
	default: return false;
	}
}

static bool take_times(struct cli *cli, const struct feed_arguments *a, struct feed_build *b)
{
	time_t days;

	if (a->published != NULL && !clock_parse_rfc3339(a->published, &b->published)) {
		cli_usage(cli, _("%s is not a time such as 2026-11-20T08:00:00Z"), a->published);
		return false;
	}
	if (a->expires == NULL)
		return true;
	if (strcmp(a->expires, "never") == 0) {
		b->expires = -1;
	} else if (parse_days(a->expires, &days)) {
		b->expires = (b->published != 0 ? b->published : clock_now()) + days * 24 * 3600;
	} else {
		cli_usage(cli, _("%s is not a number of days"), a->expires);
		return false;
	}
	return true;
}

static int build(const struct cli *cli, const struct feed_build *b)
{
	struct manifest *m = NULL;
	struct error err = ERROR_INIT;

	if (!feed_build(b, &m, &err))
		return cli_fail(cli, &err);
	if (cli->json) {
		json_t *document = json_pack("{s:s, s:o, s:i, s:b}", "version", m->version, "dir", event_string(b->dir),
					     "components", (int)m->count, "signed", b->sign_cert != NULL);

		json_dumpf(document, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(document);
	} else if (!cli->quiet) {
		cli_print_safe(b->dir);
		printf(P_(": version %s, %zu component, %s\n", ": version %s, %zu components, %s\n", m->count), m->version,
		       m->count, b->sign_cert != NULL ? _("signed") : _("not signed"));
	}
	manifest_free(m);
	return EXIT_OK;
}

int cli_feed(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "sign", no_argument, NULL, OPT_SIGN },
		{ "version", required_argument, NULL, OPT_VERSION },
		{ "expires", required_argument, NULL, OPT_EXPIRES },
		{ "published", required_argument, NULL, OPT_PUBLISHED },
		{ "component-version", required_argument, NULL, OPT_COMPONENT },
		{ NULL, 0, NULL, 0 },
	};
	struct feed_arguments a = { 0 };
	struct feed_build b = { 0 };
	int c, rest, wanted;

	while ((c = cli_getopt(cli, argc, argv, "", options)) != -1) {
		if (c == 'h')
			return EXIT_OK;
		if (!take(cli, c, &a, &b))
			return EXIT_USAGE;
	}
	/* --sign takes the two words after it; getopt moves them behind the folder or before it. */
	rest = argc - optind;
	wanted = a.sign ? 4 : 2;
	if (rest < 1 || strcmp(argv[optind], "build") != 0)
		return cli_usage(cli, _("the verb is missing: build"));
	if (rest != wanted)
		return cli_usage(cli, a.sign ? _("wanted are one folder, a certificate and a key: build DIR --sign CERT KEY")
					     : _("wanted is one folder: build DIR"));
	if (!take_times(cli, &a, &b))
		return EXIT_USAGE;
	b.dir = argv[optind + 1];
	if (a.sign) {
		b.sign_cert = argv[optind + 2];
		b.sign_key = argv[optind + 3];
	}
	b.component_versions = a.versions;
	return build(cli, &b);
}
