/* A client, before its first request: its options, and libcurl. http.c ends it. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "net/http_transfer.h"

static void fill_defaults(struct http_options *o)
{
	o->connect_timeout_ms = o->connect_timeout_ms > 0 ? o->connect_timeout_ms : 15000;
	o->low_speed_bytes = o->low_speed_bytes > 0 ? o->low_speed_bytes : 100;
	o->low_speed_s = o->low_speed_s > 0 ? o->low_speed_s : 30;
	o->retries = o->retries >= 0 ? o->retries : 4;
	o->backoff_ms = o->backoff_ms > 0 ? o->backoff_ms : 1000;
	o->retry_after_max_s = o->retry_after_max_s > 0 ? o->retry_after_max_s : 120;
}

static void start_libcurl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static char *default_known_hosts(void)
{
	const char *home = getenv("HOME");

	return file_join(home != NULL ? home : "/", ".ssh/known_hosts");
}

/* A file with passwords in it is for its owner only, as ssh and ftp clients have always demanded. */
static bool check_login_file(const char *path, struct error *err)
{
	struct stat st;

	if (path == NULL)
		return true;
	if (stat(path, &st) < 0)
		return error_errno(err, FINDING_PATH_INVALID, _("cannot open the login file %s"), path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, FINDING_PATH_INVALID, _("the login file %s is not a file"), path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		error_set(err, FINDING_PERMISSION_DENIED, _("the login file %s can be read by others"), path);
		return error_next(err, _("Run: chmod 600 %s"), path);
	}
	return true;
}

bool http_client_new(const struct http_options *options, struct http_client **out, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http_client *client;

	*out = NULL;
	if (!check_login_file(options->login_file, err))
		return false;
	client = calloc(1, sizeof(*client));
	pthread_once(&once, start_libcurl);
	if (client == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	client->options = *options;
	client->queue_end = &client->queue;
	fill_defaults(&client->options);
	client->limit = HTTP_ACTIVE_FIRST;
	/* Negotiate does not use the password, and spoils the others where there is no ticket: it comes last. */
	client->proxy_auth = CURLAUTH_BASIC | CURLAUTH_DIGEST | CURLAUTH_NTLM;
	client->known_hosts = options->known_hosts != NULL ? strdup(options->known_hosts) : default_known_hosts();
	client->multi = curl_multi_init();
	if (client->multi == NULL || client->known_hosts == NULL ||
	    curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX) != CURLM_OK) {
		http_client_free(client);
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	}
	client->busy_since_ms = clock_monotonic_ms();
	*out = client;
	return true;
}
