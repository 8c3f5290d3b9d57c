/* http_get - fetches URLs through the HTTP client and prints what happened, one JSON object a line. For the tests that
 * need real servers.
 *
 *   http_get [OPTION...] URL...
 *
 * Options: --ca FILE, --proxy SCHEME://[USER@]HOST:PORT (password in the environment, PROXY_PASSWORD), --proxy-ca FILE,
 * --bypass PATTERN, --output FILE (of the first URL; what is there already is resumed), --if-range VALIDATOR, --etag TAG
 * (conditional), --since DATE, --max BYTES, --retries N, --backoff MS, --connect-timeout MS, --low-speed-bytes N,
 * --low-speed-seconds N, --retry-after-max S, --known-hosts FILE, --login-file FILE, --exit-after BYTES (die in the
 * middle of the body), --pause MS (once, in the middle of the body, with the whole loop), --small (http_get() in place of the loop).
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/file.h"
#include "net/http.h"

struct job {
	const char *url;
	int fd;				/* -1: only counted */
	int64_t bytes, exit_after;
	unsigned int pause_ms;
	EVP_MD_CTX *hash;
	int begins, retries;
	int64_t last_offset;
	json_t *waits;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static bool on_begin(void *data, const struct http_response *response, struct error *err)
{
	struct job *job = data;

	job->begins++;
	job->last_offset = response->offset;
	if (job->fd >= 0 && (ftruncate(job->fd, response->offset) < 0 || lseek(job->fd, response->offset, SEEK_SET) < 0))
		return error_errno(err, FINDING_IO_ERROR, "cannot position");
	job->bytes = response->offset;
	if (response->offset == 0)
		EVP_DigestInit_ex(job->hash, EVP_sha256(), NULL);
	return true;
}

static bool on_body(void *data, const void *bytes, size_t len, struct error *err)
{
	struct job *job = data;

	if (job->fd >= 0 && !file_write_all(job->fd, bytes, len))
		return error_errno(err, FINDING_IO_ERROR, "cannot write");
	job->bytes += (int64_t)len;
	EVP_DigestUpdate(job->hash, bytes, len);
	if (job->pause_ms > 0) {
		usleep(job->pause_ms * 1000);
		job->pause_ms = 0;
	}
	if (job->exit_after > 0 && job->bytes >= job->exit_after)
		raise(SIGKILL);
	return true;
}

static int64_t on_held(void *data)
{
	return ((struct job *)data)->bytes;
}

static void on_retry(void *data, int attempt, long wait_ms, const struct error *why)
{
	struct job *job = data;

	(void)attempt;
	job->retries++;
	json_array_append_new(job->waits, json_pack("{s:i,s:s}", "ms", (int)wait_ms, "why", finding_info(why->code)->code));
}

static json_t *tls_json(const struct http_tls *tls)
{
	json_t *errors = json_array();

	if (tls == NULL) {
		json_decref(errors);
		return json_null();
	}
	for (size_t i = 0; i < tls->errors && i < HTTP_TLS_ERRORS_MAX; i++)
		json_array_append_new(errors, json_pack("{s:i,s:i,s:s}", "error", tls->error[i].error, "depth",
							tls->error[i].depth, "subject", tls->error[i].subject));
	return json_pack("{s:s,s:i,s:s,s:s,s:s,s:o}", "version", tls->version, "sent", tls->sent, "names", tls->leaf_names,
			 "top_issuer", tls->top_issuer, "top_key_id", tls->top_issuer_key_id, "errors", errors);
}

static void print(const struct job *job, bool ok, const struct http_response *r, const struct error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "", next[ERROR_TEXT_MAX] = "";
	unsigned int len = 0;
	json_t *line;

	EVP_DigestFinal_ex(job->hash, digest, &len);
	for (unsigned int i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	line = json_pack("{s:s,s:b,s:i,s:s,s:s,s:s,s:I,s:I,s:s,s:i,s:b,s:s,s:I,s:i,s:i,s:f,s:I,s:i,s:O,s:s}", "url", job->url,
			 "ok", ok, "status", (int)r->status, "etag", r->etag, "last_modified", r->last_modified,
			 "content_type", r->content_type, "total", (json_int_t)r->total, "offset", (json_int_t)r->offset,
			 "final_url", r->url, "redirects", r->redirects, "via_proxy", r->via_proxy, "primary_ip",
			 r->primary_ip, "bytes_received", (json_int_t)r->bytes_received, "requests", r->requests, "attempts",
			 r->attempts, "http_version", r->http_version, "bytes", (json_int_t)job->bytes, "begins", job->begins,
			 "waits", job->waits, "sha256", hex);
	json_object_set_new(line, "tls", tls_json(r->tls));
	if (!ok) {
		json_object_set_new(line, "finding", json_string(finding_info(err->code)->code));
		json_object_set_new(line, "message", event_string(err->message));
		json_object_set_new(line, "next", event_string(error_next_step(err, next, sizeof(next))));
		json_object_set_new(line, "exit_code", json_integer(error_exit_code(err)));
	}
	json_dumpf(line, stdout, JSON_COMPACT | JSON_SORT_KEYS);
	putchar('\n');
	fflush(stdout);
	json_decref(line);
}

static void job_clear(struct job *job)
{
	if (job->fd >= 0)
		close(job->fd);
	EVP_MD_CTX_free(job->hash);
	json_decref(job->waits);
}

static void on_done(void *data, bool ok, const struct http_response *response, const struct error *err)
{
	struct job *job = data;

	print(job, ok, response, err);
	job_clear(job);
	free(job);
}

static void die(const char *what)
{
	fprintf(stderr, "http_get: %s\n", what);
	exit(2);
}

static void read_file(const char *path, struct buffer *out)
{
	struct error err = ERROR_INIT;

	if (!file_read(AT_FDCWD, path, out, &err))
		die(err.message);
}

static void parse_proxy(char *text, struct proxy *p)
{
	char *host, *at, *port;

	p->enabled = true;
	p->scheme = strncmp(text, "https:", 6) == 0 ? PROXY_HTTPS : strncmp(text, "socks5:", 7) == 0 ? PROXY_SOCKS5 : PROXY_HTTP;
	host = strstr(text, "://");
	if (host == NULL)
		die("bad --proxy");
	host += 3;
	at = strchr(host, '@');
	if (at != NULL) {
		const char *password = getenv("PROXY_PASSWORD");

		*at = '\0';
		snprintf(p->user, sizeof(p->user), "%s", host);
		snprintf(p->password, sizeof(p->password), "%s", password != NULL ? password : "");
		host = at + 1;
	}
	port = strrchr(host, ':');
	if (port == NULL)
		die("bad --proxy");
	*port = '\0';
	p->port = (uint16_t)atoi(port + 1);
	snprintf(p->host, sizeof(p->host), "%s", host);
}

enum { OPT_CA = 256, OPT_PROXY, OPT_PROXY_CA, OPT_BYPASS, OPT_OUTPUT, OPT_IF_RANGE, OPT_ETAG, OPT_SINCE, OPT_MAX, OPT_RETRIES,
       OPT_BACKOFF, OPT_CONNECT, OPT_SLOW_BYTES, OPT_SLOW_SECONDS, OPT_RETRY_AFTER, OPT_KNOWN_HOSTS, OPT_LOGIN, OPT_EXIT_AFTER,
       OPT_PAUSE, OPT_SMALL };

static const struct option long_options[] = {
	{ "ca", 1, NULL, OPT_CA }, { "proxy", 1, NULL, OPT_PROXY }, { "proxy-ca", 1, NULL, OPT_PROXY_CA },
	{ "bypass", 1, NULL, OPT_BYPASS }, { "output", 1, NULL, OPT_OUTPUT }, { "if-range", 1, NULL, OPT_IF_RANGE },
	{ "etag", 1, NULL, OPT_ETAG }, { "since", 1, NULL, OPT_SINCE }, { "max", 1, NULL, OPT_MAX },
	{ "retries", 1, NULL, OPT_RETRIES }, { "backoff", 1, NULL, OPT_BACKOFF },
	{ "connect-timeout", 1, NULL, OPT_CONNECT }, { "low-speed-bytes", 1, NULL, OPT_SLOW_BYTES },
	{ "low-speed-seconds", 1, NULL, OPT_SLOW_SECONDS }, { "retry-after-max", 1, NULL, OPT_RETRY_AFTER },
	{ "known-hosts", 1, NULL, OPT_KNOWN_HOSTS }, { "login-file", 1, NULL, OPT_LOGIN },
	{ "exit-after", 1, NULL, OPT_EXIT_AFTER }, { "pause", 1, NULL, OPT_PAUSE }, { "small", 0, NULL, OPT_SMALL }, { NULL, 0, NULL, 0 },
};

struct arguments {
	struct http_options options;
	struct http_request request;
	struct buffer ca, proxy_ca;
	struct proxy proxy;
	char *bypass[8];
	const char *output;
	int64_t exit_after;
	unsigned int pause_ms;
	bool small;
};

static void parse_option(struct arguments *a, int option)
{
	switch (option) {
	case OPT_CA: read_file(optarg, &a->ca); break;
	case OPT_PROXY: parse_proxy(optarg, &a->proxy); break;
	case OPT_PROXY_CA: read_file(optarg, &a->proxy_ca); break;
	case OPT_BYPASS: a->bypass[a->proxy.bypass_count++ % 8] = optarg; break;
	case OPT_OUTPUT: a->output = optarg; break;
	case OPT_IF_RANGE: a->request.if_range = optarg; break;
	case OPT_ETAG: a->request.if_none_match = optarg; break;
	case OPT_SINCE: a->request.if_modified_since = optarg; break;
	case OPT_MAX: a->request.max_bytes = atoll(optarg); break;
	case OPT_RETRIES: a->options.retries = atoi(optarg); break;
	case OPT_BACKOFF: a->options.backoff_ms = atol(optarg); break;
	case OPT_CONNECT: a->options.connect_timeout_ms = atol(optarg); break;
	case OPT_SLOW_BYTES: a->options.low_speed_bytes = atol(optarg); break;
	case OPT_SLOW_SECONDS: a->options.low_speed_s = atol(optarg); break;
	case OPT_RETRY_AFTER: a->options.retry_after_max_s = atol(optarg); break;
	case OPT_KNOWN_HOSTS: a->options.known_hosts = optarg; break;
	case OPT_LOGIN: a->options.login_file = optarg; break;
	case OPT_EXIT_AFTER: a->exit_after = atoll(optarg); break;
	case OPT_PAUSE: a->pause_ms = (unsigned int)atoi(optarg); break;
	case OPT_SMALL: a->small = true; break;
	default: exit(2);
	}
}

static void add(struct http_client *client, const struct arguments *a, const char *url, bool first)
{
	struct job *job = calloc(1, sizeof(*job));
	struct http_request request = a->request;
	struct http_response nothing = { .total = -1 };
	struct error err = ERROR_INIT;

	*job = (struct job){ .url = url, .fd = -1, .exit_after = a->exit_after,
			      .pause_ms = first ? a->pause_ms : 0, .hash = EVP_MD_CTX_new(), .waits = json_array() };
	EVP_DigestInit_ex(job->hash, EVP_sha256(), NULL);
	if (first && a->output != NULL) {
		struct stat st;

		job->fd = open(a->output, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (job->fd < 0 || fstat(job->fd, &st) < 0)
			die("cannot open the output");
		request.resume_from = job->bytes = st.st_size;
	}
	request.url = url;
	request.begin = on_begin;
	request.body = on_body;
	request.held = on_held;
	request.retry = on_retry;
	request.done = on_done;
	request.data = job;
	if (!http_add(client, &request, &err))
		on_done(job, false, &nothing, &err);
}

static void fetch_small(struct http_client *client, const struct arguments *a, const char *url)
{
	struct job job = { .url = url, .fd = -1, .hash = EVP_MD_CTX_new(), .waits = json_array() };
	struct buffer out = BUFFER_INIT(a->request.max_bytes > 0 ? (size_t)a->request.max_bytes : 65536);
	struct http_response response = { .total = -1 };
	struct error err = ERROR_INIT;
	bool ok = http_get(client, url, a->request.if_none_match, a->request.if_modified_since, &out, &response, &err);

	EVP_DigestInit_ex(job.hash, EVP_sha256(), NULL);
	EVP_DigestUpdate(job.hash, buffer_text(&out), out.len);
	job.bytes = (int64_t)out.len;
	print(&job, ok, &response, &err);
	job_clear(&job);
	buffer_clear(&out);
}

int main(int argc, char **argv)
{
	struct arguments a = {
		.options = { .retries = 0, .stop = &stop }, .ca = BUFFER_INIT(1 << 20), .proxy_ca = BUFFER_INIT(1 << 20),
	};
	struct sigaction action = { .sa_handler = on_signal };
	struct http_client *client;
	struct error err = ERROR_INIT;
	struct rusage usage;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		parse_option(&a, option);
	sigaction(SIGINT, &action, NULL);
	a.proxy.bypass = a.bypass;
	a.options.proxy = a.proxy.enabled ? &a.proxy : NULL;
	a.options.anchors_pem = a.ca.data;
	a.options.anchors_len = a.ca.len;
	a.options.proxy_anchors_pem = a.proxy_ca.data;
	a.options.proxy_anchors_len = a.proxy_ca.len;
	if (!http_client_new(&a.options, &client, &err))
		die(err.message);
	for (int i = optind; i < argc; i++) {
		if (a.small)
			fetch_small(client, &a, argv[i]);
		else
			add(client, &a, argv[i], i == optind);
	}
	while (http_pending(client) > 0 && !stop)
		if (!http_step(client, NULL, 0, 1000, &err))
			die(err.message);
	http_client_free(client);
	buffer_clear(&a.ca);
	buffer_clear(&a.proxy_ca);
	getrusage(RUSAGE_SELF, &usage);
	printf("{\"rss_kib\":%ld,\"cpu_ms\":%ld,\"switches\":%ld}\n", usage.ru_maxrss,
	       usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000 + usage.ru_stime.tv_sec * 1000 +
		       usage.ru_stime.tv_usec / 1000,
	       usage.ru_nvcsw);
	return 0;
}
