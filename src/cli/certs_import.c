/* posture-console certs import, export. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/event.h"
#include "base/file.h"
#include "base/i18n.h"
#include "cli/certs.h"
#include "trust/details.h"

#define FILES_MAX 1000
#define EXPORT_MAX_BYTES (32u * 1024 * 1024)

/* --- import ----------------------------------------------------------------------------------------------------------- */

static bool read_stdin(struct buffer *out, struct error *err)
{
	if (file_read_rest(STDIN_FILENO, out))
		return true;
	return errno == EFBIG ? error_set(err, FINDING_NONE, _("there are more than %zu bytes"), out->max)
			      : error_errno(err, FINDING_IO_ERROR, _("cannot read standard input"));
}

static bool read_input(const char *file, struct buffer *out, struct error *err)
{
	bool ok = strcmp(file, "-") == 0 ? read_stdin(out, err) : file_read(AT_FDCWD, file, out, err);

	/* Only an input that is too large has no finding of its own. */
	if (!ok && err->code == FINDING_NONE)
		err->code = FINDING_IMPORT_TOO_MUCH;
	return ok;
}

static const char *label_of(const char *file)
{
	return strcmp(file, "-") == 0 ? _("standard input") : file;
}

/* All files together are one import: one that is refused stores none. */
static bool import_files(struct trust_store *store, char **files, size_t count, const struct trust_import_options *options,
			 unsigned char (*fingerprints)[32], size_t *added, struct error *err)
{
	struct trust_source *sources = calloc(count, sizeof(*sources));
	struct buffer *data = calloc(count, sizeof(*data));
	size_t total = 0;
	bool ok = false;

	if (sources == NULL || data == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		data[i] = (struct buffer)BUFFER_INIT(TRUST_IMPORT_MAX_BYTES - total);
		if (!read_input(files[i], &data[i], err)) {
			error_wrap(err, _("cannot import"));
			goto out;
		}
		total += data[i].len;
		sources[i] = (struct trust_source){ label_of(files[i]), buffer_text(&data[i]), data[i].len };
	}
	ok = trust_import_sources(store, sources, count, options, added, fingerprints, err);
out:
	/* A private key may have come along. */
	for (size_t i = 0; data != NULL && i < count; i++)
		buffer_wipe(&data[i]);
	free(data);
	free(sources);
	return ok;
}

static int report_json(const struct trust_store *store, unsigned char (*fingerprints)[32], size_t added)
{
	json_t *list = json_array();

	for (size_t i = 0; i < added; i++) {
		const struct trust_entry *e = trust_find_sha256(store, fingerprints[i]);

		if (e != NULL)
			json_array_append_new(list, certs_entry_json(e));
	}
	return certs_put_json(json_pack("{s:o}", "imported", list));
}

static void report_one(const struct trust_entry *e)
{
	char hex[128], text[CERTS_USAGES_MAX];

	trust_hex_colons(hex, sizeof(hex), e->sha256, sizeof(e->sha256));
	cli_print_safe(e->name);
	printf(_("\n  SHA-256 %s\n  trusted for: %s\n"), hex, certs_usages_text(text, e->usages));
}

static int report(const struct cli *cli, const struct trust_store *store, unsigned char (*fingerprints)[32],
		  size_t added, unsigned int usages)
{
	if (cli->json)
		return report_json(store, fingerprints, added);
	if (!cli->quiet) {
		printf(P_("%zu certificate imported and enabled:\n", "%zu certificates imported and enabled:\n", added), added);
		for (size_t i = 0; i < added; i++) {
			const struct trust_entry *e = trust_find_sha256(store, fingerprints[i]);

			if (e != NULL)
				report_one(e);
		}
	}
	if (usages == 0)
		cli_warn(cli, _("Trusted for nothing yet: name what for with \"posture-console certs trust NAME "
				"cisco-services\"."));
	return EXIT_OK;
}

static int import(struct cli *cli, char **files, size_t count, const struct trust_import_options *options)
{
	unsigned char (*fingerprints)[32] = calloc(TRUST_IMPORT_MAX, sizeof(*fingerprints));
	struct error err = ERROR_INIT;
	struct trust_store *store = NULL;
	size_t added = 0;
	int code = EXIT_OK;

	if (fingerprints == NULL) {
		error_set(&err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		return cli_fail(cli, &err);
	}
	store = certs_open(cli, &code);
	if (store == NULL)
		goto out;
	if (!import_files(store, files, count, options, fingerprints, &added, &err))
		code = cli_fail(cli, &err);
	else
		code = report(cli, store, fingerprints, added, options->usages);
out:
	trust_free(store);
	free(fingerprints);
	return code;
}

int certs_import(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "description", required_argument, NULL, 'd' },
		{ "usage", required_argument, NULL, 'u' },
		{ "allow-expired", no_argument, NULL, 'x' },
		{ "allow-sha1", no_argument, NULL, '1' },
		{ "allow-not-ca", no_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct trust_import_options wish = { 0 };
	int c;

	while ((c = cli_getopt(cli, argc, argv, "", options)) != -1) {
		switch (c) {
		case 'h': return EXIT_OK;
		case 'n': wish.name = optarg; break;
		case 'd': wish.description = optarg; break;
		case 'u':
			if (!certs_take_usages(cli, optarg, &wish.usages))
				return EXIT_USAGE;
			break;
		case 'x': wish.allow |= TRUST_ALLOW_EXPIRED; break;
		case '1': wish.allow |= TRUST_ALLOW_SHA1; break;
		case 'c': wish.allow |= TRUST_ALLOW_NOT_CA; break;
		default: return EXIT_USAGE;
		}
	}
	if (optind >= argc)
		return cli_usage(cli, _("\"import\" takes at least one file (\"-\" is standard input)"));
	if (argc - optind > FILES_MAX)
		return cli_usage(cli, _("at most %d files can be imported at once"), FILES_MAX);
	return import(cli, argv + optind, (size_t)(argc - optind), &wish);
}

/* --- export ----------------------------------------------------------------------------------------------------------- */

static bool write_output(const char *path, const struct buffer *data, struct error *err)
{
	if (path == NULL || strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0) {
		fflush(stdout);
		if (file_write_all(STDOUT_FILENO, data->data, data->len))
			return true;
		error_errno(err, FINDING_IO_ERROR, _("cannot write to standard output"));
		return error_next(err, _("Make room where the output goes, or send it elsewhere."));
	}
	return file_write_out(path, 0644, data->data, data->len, err);
}

/* As JSON: what it is, and where it was written to or its text. */
static int tell_export(const struct trust_entry *entry, const char *file, const struct buffer *pem)
{
	json_t *document = json_pack("{s:o}", "name", event_string(entry->name));

	if (document != NULL)
		json_object_set_new(document, file != NULL ? "file" : "pem",
				    file != NULL ? event_string(file) : json_stringn(buffer_text(pem), pem->len));
	return certs_put_json(document);
}

static int export(struct cli *cli, const char *name, const char *path, bool der)
{
	struct buffer data = BUFFER_INIT(EXPORT_MAX_BYTES);
	struct error err = ERROR_INIT;
	struct trust_store *store;
	const struct trust_entry *entry;
	bool is_told = cli->json && (path == NULL || strcmp(path, "-") == 0);
	int code = EXIT_OK;

	store = certs_open(cli, &code);
	if (store == NULL)
		return code;
	entry = certs_find(cli, store, name, &code);
	if (entry == NULL)
		goto out;
	if (!trust_export(store, entry, der, &data, &err) || (!is_told && !write_output(path, &data, &err))) {
		error_wrap(&err, _("cannot export \"%s\""), entry->name);
		code = cli_fail(cli, &err);
	} else if (cli->json) {
		code = tell_export(entry, is_told ? NULL : path, &data);
	}
out:
	buffer_clear(&data);
	trust_free(store);
	return code;
}

int certs_export(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "der", no_argument, NULL, 'D' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = NULL;
	bool der = false;
	int c;

	while ((c = cli_getopt(cli, argc, argv, "o:", options)) != -1) {
		switch (c) {
		case 'h': return EXIT_OK;
		case 'o': path = optarg; break;
		case 'D': der = true; break;
		default: return EXIT_USAGE;
		}
	}
	if (argc - optind != 1)
		return cli_usage(cli, _("\"export\" takes the name of one certificate"));
	if (der && cli->json && (path == NULL || strcmp(path, "-") == 0))
		return cli_usage(cli, _("DER cannot stand in JSON: name a file with -o"));
	if (der && path == NULL && isatty(STDOUT_FILENO))
		return cli_usage(cli, _("DER is not text for a terminal: name a file with -o"));
	return export(cli, argv[optind], path, der);
}
