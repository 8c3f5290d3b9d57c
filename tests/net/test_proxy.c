/* Which way a request goes: the proxy from the settings, and its bypass list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "net/proxy.h"

#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

static void a_pattern_matches_what_it_says_and_no_more(void **state)
{
	static const struct { const char *pattern, *host; bool match; } rows[] = {
		/* a name is that host only */
		{ "www.cisco.com", "www.cisco.com", true },
		{ "www.cisco.com", "WWW.Cisco.COM", true },
		{ "WWW.CISCO.COM", "www.cisco.com", true },
		{ "www.cisco.com", "www.cisco.com.", true },
		{ "www.cisco.com.", "www.cisco.com", true },
		{ "www.cisco.com", "www.cisco.com..", false },
		{ "cisco.com", "www.cisco.com", false },
		{ "cisco.com", "notcisco.com", false },
		{ "www.cisco.com", "www.cisco.com.evil.example", false },
		{ "localhost", "localhost", true },
		{ "localhost", "localhost.localdomain", false },
		{ "a", "", false },
		{ "a", ".", false },
		/* *.domain is what is below it */
		{ "*.corp.example", "a.corp.example", true },
		{ "*.corp.example", "a.b.CORP.example.", true },
		{ "*.corp.example", "corp.example", false },
		{ "*.corp.example", ".corp.example", false },
		{ "*.corp.example", "evilcorp.example", false },
		{ "*.corp.example", "corp.example.evil", false },
		{ "*.example", "a.example", true },
		/* .domain is both */
		{ ".corp.example", "corp.example", true },
		{ ".corp.example", "a.corp.example", true },
		{ ".corp.example", "evilcorp.example", false },
		{ ".corp.example", "a.corp.example.", true },
		{ ".Corp.Example.", "a.corp.example", true },
		/* * is everything */
		{ "*", "a", true },
		{ "*", "10.0.0.1", true },
		{ "*", "::1", true },
		{ "*", "", false },
		/* IPv4 as a number */
		{ "10.0.0.1", "10.0.0.1", true },
		{ "10.0.0.1", "10.0.0.10", false },
		{ "10.0.0.1", "110.0.0.1", false },
		{ "10.0.0.1", "10.0.0.1.", true },
		{ "10.0.0.1", "10.0.0.1.example", false },
		{ "127.0.0.1", "127.1", true },
		{ "127.0.0.1", "0x7f.0.0.1", true },
		{ "127.0.0.1", "2130706433", true },
		{ "127.0.0.1", "017700000001", true },
		{ "10.0.0.1", "010.0.0.1", false },	/* octal: 8.0.0.1 */
		{ "8.0.0.1", "010.0.0.1", true },
		{ "10.0.0.1", "10.0.0.1 ", false },
		{ "10.0.0.1", "10.0.0.1%eth0", false },
		{ "10.0.0.1", "::ffff:10.0.0.1", true },
		{ "10.0.0.1", "::ffff:a00:1", true },
		{ "::ffff:10.0.0.1", "10.0.0.1", true },
		{ "10.0.0.1", "::10.0.0.1", false },	/* "compatible" is another address */
		/* IPv6 as a number */
		{ "2001:db8::1", "2001:0DB8:0:0:0:0:0:1", true },
		{ "2001:db8::1", "[2001:db8::1]", true },
		{ "[2001:db8::1]", "2001:db8::1", true },
		{ "2001:db8::1", "2001:db8::10", false },
		{ "fe80::1", "fe80::1%eth0", true },
		{ "::1", "127.0.0.1", false },
		/* networks */
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.9.9.9/8", "10.1.2.3", true },	/* bits of the host are ignored */
		{ "172.16.0.0/12", "172.31.255.255", true },
		{ "172.16.0.0/12", "172.32.0.0", false },
		{ "192.168.1.128/25", "192.168.1.127", false },
		{ "192.168.1.128/25", "192.168.1.128", true },
		{ "192.168.1.1/32", "192.168.1.1", true },
		{ "192.168.1.1/32", "192.168.1.0", false },
		{ "0.0.0.0/0", "203.0.113.7", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "0.0.0.0/0", "::ffff:203.0.113.7", true },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "203.0.113.7", false },
		{ "::/0", "::ffff:203.0.113.7", false },
		{ "::ffff:0:0/96", "203.0.113.7", true },
		{ "::ffff:10.0.0.0/104", "10.1.2.3", true },
		{ "::ffff:10.0.0.0/104", "11.1.2.3", false },
		{ "fd00::/8", "fdff::1", true },
		{ "fd00::/8", "fe00::1", false },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::1/128", "2001:db8::1", true },
		{ "10.0.0.0/8", "ten.example", false },
		/* names are never taken for addresses, nor addresses for names */
		{ "10.0.0.0/8", "10.example", false },
		{ ".1", "10.0.0.1", false },
		{ "*.0.0.1", "10.0.0.1", false },
		/* an IDN is left alone */
		{ "b\xC3\xBC" "cher.example", "b\xC3\xBC" "cher.EXAMPLE", true },
		{ "b\xC3\xBC" "cher.example", "B\xC3\x9C" "CHER.example", false },
		{ "b\xC3\xBC" "cher.example", "xn--bcher-kva.example", false },
		{ "XN--bcher-kva.example", "xn--bcher-kva.example", true },
		/* what is no pattern matches nothing */
		{ "", "a", false },
		{ ".", "a", false },
		{ "*.", "a", false },
		{ "**", "a", false },
		{ "a*", "ab", false },
		{ "10.0.0.0/33", "10.0.0.1", false },
		{ "10.0.0.0/", "10.0.0.1", false },
		{ "https://a", "a", false },
		{ "a:443", "a", false },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		if (proxy_bypass_matches(rows[i].pattern, rows[i].host) != rows[i].match)
			fail_msg("\"%s\" must %smatch \"%s\"", rows[i].pattern, rows[i].match ? "" : "not ", rows[i].host);
	}
}

static void a_pattern_that_means_two_things_is_refused(void **state)
{
	static const char *const good[] = { "a", "a.b.", "*.a", ".a", "*", "10.0.0.1", "10.0.0.0/0", "::/0", "::1", "[::1]",
					    "[fd00::]/8", "my_host", "1e100.net", "3com.example", "0xcafe.example" };
	static const char *const bad[] = {
		"", " ", ".", "..", "*.", "*a", "a*", "*.*", "**", "*.*.a", "a b", "a,b", "a/8", "a:80", "a/", "http://a", "user@a",
		"-a", "a-", ".-a", "a..b", "..a", "10.0.0", "10.0.0.", "10.0.0.256", "010.0.0.1", "0x7f.0.0.1", "127.1", "1",
		"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8 ", "10.0.0.0/8/8", "10.0.0.0/255.0.0.0", "::/129",
		"::1%eth0", "[10.0.0.1]", "[::1", "::1]", ".10.0.0.1", "*.10.0.0.1", ".::1", "10.*", "10.0.0.*", "a\nb", "\x80",
		"a.0x1F",
	};
	char label[80], name[300];
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < N(good); i++) {
		if (!proxy_bypass_check(good[i], &err))
			fail_msg("%s", err.message);
	}
	for (size_t i = 0; i < N(bad); i++) {
		if (proxy_bypass_check(bad[i], &err))
			fail_msg("\"%s\" was allowed", bad[i]);
		assert_int_equal(err.code, FINDING_PROXY_SETTING_INVALID);
	}
	memset(label, 'a', 64);
	label[63] = '\0';
	assert_true(proxy_bypass_check(label, &err));
	label[63] = 'a';
	label[64] = '\0';
	assert_false(proxy_bypass_check(label, &err));
	for (size_t i = 0; i < 254; i++)
		name[i] = i % 2 == 0 ? 'a' : '.';
	name[253] = '\0';
	assert_true(proxy_bypass_check(name, &err));
	strcpy(name + 253, "aa");
	assert_false(proxy_bypass_check(name, &err));
}

static struct settings *settings_with(const char *const *pairs)
{
	struct error err = ERROR_INIT;
	struct settings *s;

	assert_true(settings_load("/nonexistent/console.conf", &s, &err));
	for (; pairs[0] != NULL; pairs += 2) {
		if (!settings_set(s, setting_by_key(pairs[0]), pairs[1], &err))
			fail_msg("%s", err.message);
	}
	return s;
}

static void a_proxy_that_is_set_is_used_but_for_its_bypass_list(void **state)
{
	static const char *const pairs[] = { "proxy.enabled", "true", "proxy.scheme", "socks5", "proxy.host", "p.example",
					     "proxy.port", "1080", "proxy.user", "me", "proxy.bypass", ".corp.example, 10.0.0.0/8", NULL };
	struct settings *s = settings_with(pairs);
	char dir[] = "/tmp/pc-proxy-XXXXXX", text[PROXY_HOST_TEXT_MAX];
	struct error err = ERROR_INIT;
	struct proxy p;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_true(settings_password_save(dir, "secret", &err));
	assert_true(proxy_from_settings(&p, s, dir, &err));
	assert_true(p.enabled);
	assert_int_equal(p.scheme, PROXY_SOCKS5);
	assert_string_equal(proxy_host_text(&p, text), "p.example");
	strcpy(p.host, "2001:db8::1");
	assert_string_equal(proxy_host_text(&p, text), "[2001:db8::1]");
	strcpy(p.host, "p.example");
	assert_string_equal(p.host, "p.example");
	assert_int_equal(p.port, 1080);
	assert_string_equal(p.user, "me");
	assert_string_equal(p.password, "secret");
	assert_true(proxy_applies(&p, "www.cisco.com"));
	assert_false(proxy_applies(&p, "corp.example"));
	assert_false(proxy_applies(&p, "10.1.2.3"));
	p.enabled = false;
	assert_false(proxy_applies(&p, "www.cisco.com"));
	proxy_clear(&p);
	assert_string_equal(p.password, "");
	assert_true(settings_set(s, SETTING_PROXY_USER, NULL, &err));
	assert_true(proxy_from_settings(&p, s, dir, &err));
	assert_string_equal(p.password, "");	/* no user, no login */
	proxy_clear(&p);
	settings_free(s);
	file_remove_tree(AT_FDCWD, dir, NULL);
}

static void a_proxy_that_cannot_work_is_named(void **state)
{
	static const char *const pairs[] = { "proxy.enabled", "true", NULL };
	struct settings *s = settings_with(pairs);
	struct error err = ERROR_INIT;
	struct proxy p;

	(void)state;
	assert_false(proxy_from_settings(&p, s, "/nonexistent", &err));
	assert_int_equal(err.code, FINDING_PROXY_SETTING_INVALID);
	assert_true(settings_set(s, SETTING_PROXY_ENABLED, "false", &err));
	assert_true(proxy_from_settings(&p, s, "/nonexistent", &err));
	assert_false(proxy_applies(&p, "a"));
	proxy_clear(&p);
	settings_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_matches_what_it_says_and_no_more),
		cmocka_unit_test(a_pattern_that_means_two_things_is_refused),
		cmocka_unit_test(a_proxy_that_is_set_is_used_but_for_its_bypass_list),
		cmocka_unit_test(a_proxy_that_cannot_work_is_named),
	};

	return cmocka_run_group_tests_name("net: proxy", tests, NULL, NULL);
}
