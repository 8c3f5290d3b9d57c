/* What is not even asked: addresses that are no feed's, and logins that others can read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "net/http.h"

static void a_login_file_is_its_owner_s_alone(void **state)
{
	static const mode_t modes[] = { 0600, 0400, 0640, 0604, 0620, 0602, 0610 };
	char dir[] = "/tmp/pc-asked-XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/login", dir);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct http_options options = { .retries = -1, .login_file = path };
		struct error err = ERROR_INIT;
		struct http_client *client;
		bool ok;

		assert_true(file_write_quick(AT_FDCWD, path, modes[i], "machine", 7, NULL));
		ok = http_client_new(&options, &client, &err);
		if (ok != ((modes[i] & 077) == 0))
			fail_msg("%04o: %s", (unsigned int)modes[i], err.message);
		if (!ok)
			assert_int_equal(err.code, FINDING_PERMISSION_DENIED);
		http_client_free(client);
		options.login_file = dir;
		assert_false(http_client_new(&options, &client, &err));
		assert_null(client);
		options.login_file = "/nonexistent/login";
		assert_false(http_client_new(&options, &client, NULL));
	}
	assert_true(file_remove_tree(AT_FDCWD, dir, NULL));
}

static void only_an_address_of_a_feed_is_asked(void **state)
{
	static const struct { const char *url; bool ok; } rows[] = {
		{ "https://feed.test/posture-update.xml", true }, { "sftp://feed.test/x.zip", true }, { "scp://feed.test/x.zip", true },
		{ "ftp://feed.test/x.zip", true }, { "sftp://user@feed.test/x.zip", true }, { "http://feed.test/x", false },
		{ "file:///etc/passwd", false }, { "gopher://feed.test/x", false }, { "smb://feed.test/x", false },
		{ "dict://feed.test/x", false }, { "ldap://feed.test/x", false }, { "tftp://feed.test/x", false },
		{ "feed.test/posture-update.xml", false }, { "//feed.test/x", false }, { "", false }, { "https://", false },
		{ "https://user@feed.test/x", false }, { "https://user:pass@feed.test/x", false }, { "sftp://user:pass@feed.test/x", false },
		{ "https://:pass@feed.test/x", false },
	};
	const struct http_options options = { .retries = -1 };
	char url[5000] = "https://feed.test/";
	struct http_request request = { .url = url };
	struct http_client *client;

	(void)state;
	assert_true(http_client_new(&options, &client, NULL));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;

		request.url = rows[i].url;
		if (http_add(client, &request, &err) != rows[i].ok)
			fail_msg("%s: %s", rows[i].url, err.message);
		if (strstr(err.message, "pass@") != NULL)
			fail_msg("%s", err.message);
	}
	request.url = url;
	memset(url + strlen(url), 'x', 4000);
	assert_false(http_add(client, &request, NULL));
	url[sizeof(((struct http_response *)0)->url)] = '\0';
	assert_false(http_add(client, &request, NULL));
	url[sizeof(((struct http_response *)0)->url) - 1] = '\0';
	assert_true(http_add(client, &request, NULL));
	http_client_free(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_file_is_its_owner_s_alone),
		cmocka_unit_test(only_an_address_of_a_feed_is_asked),
	};

	return cmocka_run_group_tests_name("asked", tests, NULL, NULL);
}
