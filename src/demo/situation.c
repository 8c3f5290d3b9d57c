#include "demo/situation.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "demo/content.h"
#include "job/job.h"
#include "settings/settings.h"
#include "store/store.h"
#include "trust/trust.h"

#define ROOT_NAME "Demo Root CA"
#define PEM_MAX 16384
#define BYTES_PER_S (700L * 1024)
#define CLOCK_OFFSET_S 600
#define JOB_END_MS 5000

/* What is done beside the servers. */
enum situation_twist { NOTHING, WRONG_PASSWORD, WRONG_PATH, NO_USAGE, DISABLED, MISSING, CLOCK };
enum { SERVER_NO_PROXY = -1 };

struct row {
	struct situation shown;
	enum pki_fault fault;
	enum server_feed feed;
	int proxy;		/* enum server_proxy, or SERVER_NO_PROXY */
	enum situation_twist twist;
};

static const struct row rows[] = {
#define SITUATION(code, title, hint, fault, feed, proxy, twist) \
	{ { code, title, hint }, PKI_##fault, SERVER_FEED_##feed, SERVER_##proxy##_PROXY, twist },
#include "demo/situations.def"
#undef SITUATION
};

struct place {
	char *dir, *config, *state, *feed, *log, *root, *bundle;
	struct pki *pki;
	struct server server;
};

const struct situation *situation_at(size_t i)
{
	return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i].shown : NULL;
}

const struct situation *situation_find(const char *code)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].shown.code, code) == 0)
			return &rows[i].shown;
	}
	return NULL;
}

const char *place_dir(const struct place *p) { return p->dir; }
const char *place_config(const struct place *p) { return p->config; }
const char *place_state(const struct place *p) { return p->state; }
const char *place_bundle(const struct place *p) { return p->bundle; }

static bool make_dir(struct place *p, struct error *err)
{
	const char *parent = getenv("TMPDIR");

	if (parent == NULL || parent[0] != '/')
		parent = "/tmp";
	p->dir = file_join(parent, "posture-demo.XXXXXX");
	if (p->dir == NULL || mkdtemp(p->dir) == NULL) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot make a folder for the demo in %s"), parent);
		free(p->dir);
		p->dir = NULL;
		return false;
	}
	p->config = file_join(p->dir, "console.conf");
	p->state = file_join(p->dir, "state");
	p->feed = file_join(p->dir, "feed");
	p->log = file_join(p->dir, "ise-psc.log");
	p->root = file_join(p->dir, "demo-root.pem");
	p->bundle = file_join(p->dir, "posture-offline.zip");
	if (p->config == NULL || p->state == NULL || p->feed == NULL || p->log == NULL || p->root == NULL || p->bundle == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("cannot make a folder for the demo in %s"), parent);
	return true;
}

static bool make_content(const struct place *p, const char *sample, struct error *err)
{
	char *certificate = file_join(p->dir, "signer.pem"), *key = file_join(p->dir, "signer.key");
	char *work = file_join(p->dir, "bundle");
	const struct content_signer signer = { certificate, key };
	bool ok = certificate != NULL && key != NULL && work != NULL && pki_signer_files(p->pki, certificate, key, err) &&
		  content_make_bundle(sample, work, &signer, p->bundle, err) &&
		  content_make_feed(sample, p->feed, &signer, err) && content_make_log(p->log, err);

	free(certificate);
	free(key);
	free(work);
	return ok;
}

static bool write_root(const struct place *p, struct error *err)
{
	struct buffer pem = BUFFER_INIT(PEM_MAX);
	bool ok = pki_root_pem(p->pki, &pem, err) &&
		  file_write_quick(AT_FDCWD, p->root, 0644, buffer_text(&pem), pem.len, err);

	buffer_clear(&pem);
	return ok;
}

bool place_make(const char *bundle, struct place **out, struct error *err)
{
	struct place *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (p == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("cannot begin the demo"));
	if (!make_dir(p, err) || !file_make_dirs(p->state, 0755, err) || !pki_make(&p->pki, err) ||
	    !write_root(p, err) || !make_content(p, bundle, err)) {
		place_free(p);
		return false;
	}
	*out = p;
	return true;
}

/* An update that still runs is stopped, so that it does not write into a folder that goes away. */
static void stop_update(const struct place *p)
{
	int64_t end = clock_monotonic_ms() + JOB_END_MS;
	const struct timespec wait = { .tv_nsec = 20000000 };
	char job[STORE_JOB_MAX];
	struct store *s = NULL;
	pid_t pid;

	if (!store_open(p->state, false, &s, NULL))
		return;
	pid = store_lock_holder(s, job);
	if (pid > 0)
		job_stop(pid, NULL);
	while (pid > 0 && store_lock_holder(s, job) != 0 && clock_monotonic_ms() < end)
		nanosleep(&wait, NULL);
	store_free(s);
}

void place_free(struct place *p)
{
	if (p == NULL)
		return;
	if (p->state != NULL)
		stop_update(p);
	server_stop(&p->server);
	if (p->dir != NULL)
		file_remove_tree(AT_FDCWD, p->dir, NULL);
	pki_free(p->pki);
	free(p->dir);
	free(p->config);
	free(p->state);
	free(p->feed);
	free(p->log);
	free(p->root);
	free(p->bundle);
	free(p);
}

/* --- setting up --------------------------------------------------------------------------------------------------------- */

static bool set(struct settings *s, enum setting id, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static bool set(struct settings *s, enum setting id, struct error *err, const char *fmt, ...)
{
	char text[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return settings_set(s, id, text, err);
}

static bool set_proxy(const struct place *p, const struct row *row, struct settings *s, struct error *err)
{
	bool login = row->twist == WRONG_PASSWORD;

	if (!settings_password_save(p->state, login ? "wrong" : NULL, err))
		return false;
	if (row->proxy == SERVER_NO_PROXY)
		return true;
	return set(s, SETTING_PROXY_ENABLED, err, "true") && set(s, SETTING_PROXY_HOST, err, "127.0.0.1") &&
	       set(s, SETTING_PROXY_PORT, err, "%u", p->server.proxy_port) &&
	       (!login || set(s, SETTING_PROXY_USER, err, "%s", SERVER_LOGIN));
}

static bool write_settings(const struct place *p, const struct row *row, struct error *err)
{
	const char *name = row->twist == WRONG_PATH ? "posture-updates.xml" : "posture-update.xml";
	struct settings *s = NULL;
	bool ok;

	unlink(p->config);
	ok = settings_load(p->config, &s, err) &&
	     set(s, SETTING_SOURCE_FEED_URL, err, "https://127.0.0.1:%u/%s", p->server.feed_port, name) &&
	     set(s, SETTING_SOURCE_BUNDLE, err, "%s", p->bundle) && set(s, SETTING_LOG_FILE, err, "%s", p->log) &&
	     set(s, SETTING_TIME_SERVERS, err, "127.0.0.1:%u", p->server.time_port) && set_proxy(p, row, s, err) &&
	     settings_save(s, err);
	settings_free(s);
	return ok;
}

static bool arrange_trust(const struct place *p, const struct row *row, struct error *err)
{
	unsigned int usages = row->twist == NO_USAGE ? 0 : TRUST_CISCO_SERVICES;
	struct buffer pem = BUFFER_INIT(PEM_MAX);
	struct trust_store *store = NULL;
	size_t added;
	bool ok = trust_open(p->state, false, &store, err) && pki_root_pem(p->pki, &pem, err);

	if (ok && trust_find(store, ROOT_NAME) != NULL)
		ok = trust_remove(store, ROOT_NAME, err);
	if (ok && row->twist != MISSING)
		ok = trust_import(store, buffer_text(&pem), pem.len, ROOT_NAME, usages, 0, &added, err);
	if (ok && row->twist == DISABLED)
		ok = trust_set_enabled(store, ROOT_NAME, false, err);
	trust_free(store);
	buffer_clear(&pem);
	return ok;
}

bool place_set_up(struct place *p, const struct situation *situation, struct error *err)
{
	const struct row *row = NULL;
	struct server_plan plan = { .feed_dir = p->feed, .log_file = p->log, .pki = p->pki, .bytes_per_s = BYTES_PER_S };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (&rows[i].shown == situation)
			row = &rows[i];
	}
	if (row == NULL)
		return error_set(err, FINDING_NONE, _("there is no such situation"));
	server_stop(&p->server);
	plan.fault = row->fault;
	plan.feed = row->feed;
	plan.proxy = row->proxy == SERVER_NO_PROXY ? SERVER_GOOD_PROXY : (enum server_proxy)row->proxy;
	plan.time_offset_s = row->twist == CLOCK ? CLOCK_OFFSET_S : 0;
	return server_start(&plan, &p->server, err) && write_settings(p, row, err) && arrange_trust(p, row, err);
}
