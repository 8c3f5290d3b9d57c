#include "demo/talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

#define HEAD_MAX 16384
#define PIECE 16384
#define NAME_MAX_BYTES 200
/* base64 of SERVER_LOGIN:SERVER_PASSWORD */
#define LOGIN_BASE64 "ZGVtbzpkZW1v"

struct line {
	int fd;
	SSL *ssl;		/* NULL: plain */
};

static ssize_t line_read(const struct line *l, void *data, size_t len)
{
	if (l->ssl != NULL)
		return SSL_read(l->ssl, data, (int)len);
	return read(l->fd, data, len);
}

static bool line_write(const struct line *l, const void *data, size_t len)
{
	if (l->ssl != NULL)
		return SSL_write(l->ssl, data, (int)len) == (int)len;
	return file_write_all(l->fd, data, len);
}

static bool say(const struct line *l, const char *text)
{
	return line_write(l, text, strlen(text));
}

/* Reads up to the empty line. False at the end of the connection. */
static bool read_head(const struct line *l, char head[HEAD_MAX])
{
	size_t len = 0;

	while (len + 1 < HEAD_MAX) {
		ssize_t n = line_read(l, head + len, 1);

		if (n <= 0)
			return false;
		len++;
		head[len] = '\0';
		if (len >= 4 && memcmp(head + len - 4, "\r\n\r\n", 4) == 0)
			return true;
	}
	return false;
}

/* The value of a field of the head, up to the end of its line; NULL when it is not there. */
static const char *field(const char *head, const char *name)
{
	size_t len = strlen(name);

	for (const char *s = strstr(head, "\r\n"); s != NULL; s = strstr(s, "\r\n")) {
		s += 2;
		if (strncasecmp(s, name, len) == 0 && s[len] == ':')
			return s + len + 1 + strspn(s + len + 1, " ");
	}
	return NULL;
}

/* Takes what comes until the other side has had enough. */
static void wait_for_end(int fd)
{
	char scrap[1024];

	while (read(fd, scrap, sizeof(scrap)) > 0)
		;
}

static void say_page(const struct line *l, const char *status, const char *fields, const char *page)
{
	char text[2048];

	snprintf(text, sizeof(text), "HTTP/1.1 %s\r\nServer: posture-console demo\r\n%sContent-Type: text/html\r\n"
		 "Content-Length: %zu\r\nConnection: close\r\n\r\n%s", status, fields, strlen(page), page);
	say(l, text);
}

/* --- the feed ------------------------------------------------------------------------------------------------------- */

/* The name of a file right below the feed: "GET /posture-update.xml HTTP/1.1". */
static bool asked_name(const char *head, char name[NAME_MAX_BYTES])
{
	const char *start = strchr(head, '/');
	size_t len = start != NULL ? strcspn(start + 1, " ?\r\n") : 0;

	if (strncmp(head, "GET ", 4) != 0 || len == 0 || len >= NAME_MAX_BYTES)
		return false;
	memcpy(name, start + 1, len);
	name[len] = '\0';
	return name[0] != '.' && strchr(name, '/') == NULL;
}

static void pause_for(long bytes, long bytes_per_s)
{
	long ns = bytes_per_s > 0 ? (long)((double)bytes / (double)bytes_per_s * 1e9) : 0;
	struct timespec wait = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	if (ns > 0)
		nanosleep(&wait, NULL);
}

static bool send_body(const struct talk *t, const struct line *l, int file)
{
	char piece[PIECE];
	ssize_t n;

	while ((n = read(file, piece, sizeof(piece))) > 0) {
		if (!line_write(l, piece, (size_t)n))
			return false;
		pause_for((long)n, t->bytes_per_s);
	}
	return n == 0;
}

static bool send_file(const struct talk *t, const struct line *l, const char *head, int file)
{
	const char *range = field(head, "Range"), *known = field(head, "If-None-Match");
	char tag[64], text[512];
	long long from = 0;
	struct stat st;

	if (fstat(file, &st) != 0)
		return false;
	snprintf(tag, sizeof(tag), "\"%llx-%llx\"", (long long)st.st_size, (long long)st.st_mtime);
	if (known != NULL && strncmp(known, tag, strlen(tag)) == 0) {
		snprintf(text, sizeof(text), "HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n", tag);
		return say(l, text);
	}
	if (range != NULL && sscanf(range, "bytes=%lld-", &from) == 1 && from > 0 && from < (long long)st.st_size &&
	    lseek(file, (off_t)from, SEEK_SET) == (off_t)from)
		snprintf(text, sizeof(text), "HTTP/1.1 206 Partial Content\r\nETag: %s\r\nContent-Range: bytes %lld-%lld/%lld\r\n"
			 "Content-Length: %lld\r\n\r\n", tag, from, (long long)st.st_size - 1, (long long)st.st_size,
			 (long long)st.st_size - from);
	else
		snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nETag: %s\r\nAccept-Ranges: bytes\r\nContent-Length: %lld\r\n\r\n",
			 tag, (long long)st.st_size);
	return say(l, text) && send_body(t, l, file);
}

/* Answers one request; false when the connection is over. */
static bool answer(const struct talk *t, const struct line *l, const char *head)
{
	char name[NAME_MAX_BYTES];
	int dir, file;
	bool ok;

	if (t->feed == SERVER_FEED_LOGIN_PAGE) {
		say_page(l, "200 OK", "", "<html><head><title>Demo network: sign on</title></head><body><form>User "
			 "<input name=user> Password <input type=password></form></body></html>\n");
		return false;
	}
	if (t->feed == SERVER_FEED_ERROR) {
		say_page(l, "503 Service Unavailable", "", "<html><body>Demo: down for maintenance</body></html>\n");
		return false;
	}
	dir = open(t->feed_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file = asked_name(head, name) ? openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	file_close(&dir);
	if (file < 0) {
		say_page(l, "404 Not Found", "", "<html><body>Demo: not found</body></html>\n");
		return false;
	}
	ok = send_file(t, l, head, file);
	file_close(&file);
	return ok;
}

void talk_feed(const struct talk *t, int fd)
{
	struct line l = { .fd = fd };
	char head[HEAD_MAX];

	if (t->feed == SERVER_FEED_SILENT) {
		wait_for_end(fd);
		return;
	}
	if (t->feed == SERVER_FEED_PLAIN) {
		if (read(fd, head, sizeof(head)) > 0)
			say_page(&l, "400 Bad Request", "", "<html><body>Demo: this port speaks HTTP</body></html>\n");
		return;
	}
	l.ssl = SSL_new(t->context);
	if (l.ssl != NULL && SSL_set_fd(l.ssl, fd) == 1 && SSL_accept(l.ssl) == 1) {
		while (read_head(&l, head) && answer(t, &l, head))
			;
		SSL_shutdown(l.ssl);
	}
	SSL_free(l.ssl);
}

/* --- the proxy ------------------------------------------------------------------------------------------------------ */

/* Carries bytes both ways until one side ends. */
static void carry(int a, int b)
{
	struct pollfd fds[] = { { .fd = a, .events = POLLIN }, { .fd = b, .events = POLLIN } };
	char piece[PIECE];

	while (poll(fds, 2, -1) > 0) {
		for (int i = 0; i < 2; i++) {
			ssize_t n;

			if (fds[i].revents == 0)
				continue;
			n = read(fds[i].fd, piece, sizeof(piece));
			if (n <= 0 || !file_write_all(fds[1 - i].fd, piece, (size_t)n))
				return;
		}
	}
}

static void open_tunnel(const struct talk *t, const struct line *l)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons(t->feed_port) };
	int feed = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (feed >= 0 && connect(feed, (struct sockaddr *)&address, sizeof(address)) == 0) {
		if (say(l, "HTTP/1.1 200 Connection established\r\n\r\n"))
			carry(l->fd, feed);
	} else {
		say_page(l, "502 Bad Gateway", "", "<html><body>Demo: the feed does not answer</body></html>\n");
	}
	file_close(&feed);
}

void talk_proxy(const struct talk *t, int fd)
{
	struct line l = { .fd = fd };
	char head[HEAD_MAX];
	const char *login;

	if (t->proxy == SERVER_IS_SSH_PROXY) {
		say(&l, "SSH-2.0-demo\r\n");
		wait_for_end(fd);
		return;
	}
	while (read_head(&l, head)) {
		login = field(head, "Proxy-Authorization");
		if (t->proxy == SERVER_LOGIN_PROXY && (login == NULL || strncmp(login, "Basic " LOGIN_BASE64 "\r", 19) != 0)) {
			say_page(&l, "407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=\"demo\"\r\n",
				 "<html><body>Demo: log in</body></html>\n");
			return;
		}
		if (t->proxy == SERVER_DENIES_PROXY) {
			say_page(&l, "403 Forbidden", "", "<html><body>Demo: the policy does not allow this host</body></html>\n");
			return;
		}
		if (strncmp(head, "CONNECT ", 8) == 0)
			open_tunnel(t, &l);
		else
			say_page(&l, "405 Method Not Allowed", "", "");
		return;
	}
}
