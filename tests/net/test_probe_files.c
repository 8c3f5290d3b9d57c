/* Addresses, and the files that tell this host how to resolve names and where time comes from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/probe_address.h"
#include "net/probe_clock.h"
#include "net/probe_resolv.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void address_literals_are_read_and_written_back(void **state)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "192.0.2.1", "192.0.2.1:443" },
		{ "2001:db8::1", "[2001:db8::1]:443" },
		{ "[2001:db8::1]", "[2001:db8::1]:443" },
		{ "2001:0DB8:0::0:1", "[2001:db8::1]:443" },
		{ "fe80::1%lo", "[fe80::1%lo]:443" },
		{ "fe80::1%99999", "[fe80::1%99999]:443" },
		{ "192.0.2.256", NULL }, { "192.0.2", NULL }, { "0x7f.1", NULL }, { "", NULL }, { "[192.0.2.1]", NULL },
		{ "www.cisco.com", NULL }, { "fe80::1%nonesuch", NULL }, { "fe80::1%", NULL }, { "[::1", NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[PROBE_ADDRESS_TEXT_MAX];
		struct probe_address a;

		assert_int_equal(probe_address_parse(rows[i].in, 443, &a), rows[i].out != NULL);
		if (rows[i].out != NULL)
			assert_string_equal(probe_address_port_text(text, &a), rows[i].out);
	}
}

static void address_kinds_follow_the_registry(void **state)
{
	static const struct { const char *text; enum probe_address_kind kind; } rows[] = {
		{ "8.8.8.8", PROBE_ADDRESS_GLOBAL },	      { "172.32.0.1", PROBE_ADDRESS_GLOBAL },
		{ "10.255.0.1", PROBE_ADDRESS_PRIVATE },      { "172.31.255.255", PROBE_ADDRESS_PRIVATE },
		{ "192.168.0.1", PROBE_ADDRESS_PRIVATE },     { "100.127.0.1", PROBE_ADDRESS_PRIVATE },
		{ "100.128.0.1", PROBE_ADDRESS_GLOBAL },      { "169.254.1.1", PROBE_ADDRESS_LINK_LOCAL },
		{ "127.0.0.53", PROBE_ADDRESS_LOOPBACK },     { "0.0.0.0", PROBE_ADDRESS_UNSPECIFIED },
		{ "224.0.0.1", PROBE_ADDRESS_MULTICAST },     { "255.255.255.255", PROBE_ADDRESS_MULTICAST },
		{ "192.0.2.7", PROBE_ADDRESS_RESERVED },      { "240.0.0.1", PROBE_ADDRESS_RESERVED },
		{ "2600::1", PROBE_ADDRESS_GLOBAL },	      { "fd00::1", PROBE_ADDRESS_PRIVATE },
		{ "fe80::1", PROBE_ADDRESS_LINK_LOCAL },      { "::1", PROBE_ADDRESS_LOOPBACK },
		{ "::", PROBE_ADDRESS_UNSPECIFIED },	      { "ff02::1", PROBE_ADDRESS_MULTICAST },
		{ "::ffff:10.0.0.1", PROBE_ADDRESS_PRIVATE }, { "2001:db8::1", PROBE_ADDRESS_RESERVED },
		{ "febf::1", PROBE_ADDRESS_LINK_LOCAL },      { "fec0::1", PROBE_ADDRESS_GLOBAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct probe_address a;

		assert_true(probe_address_parse(rows[i].text, 0, &a));
		if (probe_address_kind(&a) != rows[i].kind)
			fail_msg("%s is of kind %d", rows[i].text, probe_address_kind(&a));
	}
}

static void address_lists_hold_each_host_once(void **state)
{
	struct probe_address_list a = { 0 }, b = { 0 };
	struct probe_address one, mapped;

	(void)state;
	probe_address_parse("192.0.2.1", 1, &one);
	probe_address_parse("::ffff:192.0.2.1", 2, &mapped);
	probe_address_list_add(&a, &one);
	probe_address_list_add(&a, &mapped);
	assert_int_equal(a.count, 1);
	probe_address_list_add(&b, &mapped);
	assert_true(probe_address_list_same(&a, &b));
	for (unsigned int i = 0; i < 100; i++) {
		one.v4.sin_addr.s_addr = htonl(0x0a000000u + i);
		probe_address_list_add(&b, &one);
	}
	assert_int_equal(b.count, PROBE_ADDRESSES_MAX);
	assert_true(b.more);
	assert_false(probe_address_list_same(&a, &b));
}

static void resolv_conf_is_read_as_glibc_reads_it(void **state)
{
	static const char text[] =
		"# comment\n; comment\n\n"
		"nameserver 192.0.2.53\r\n"
		"nameserver\t2001:db8::53   # first\n"
		" nameserver 192.0.2.54\n"		/* a blank before the keyword: not seen by glibc */
		"nameserver dns.example.com\n"
		"nameserver 192.0.2.55\n"
		"nameserver 192.0.2.56\n"
		"nameservr 192.0.2.57\n"
		"domain first.example\n"
		"search a.example b.example\n"
		"sortlist 192.0.2.0\n"
		"options ndots:99 timeout:3 attempts:-1 rotate edns0 unknown";
	char name[PROBE_ADDRESS_TEXT_MAX];
	struct probe_resolv r;

	(void)state;
	memset(&r, 0, sizeof(r));
	probe_resolv_parse(text, sizeof(text) - 1, &r);
	assert_int_equal(r.server_count, 3);
	assert_string_equal(probe_address_port_text(name, &r.servers[0]), "192.0.2.53:53");
	assert_string_equal(probe_address_port_text(name, &r.servers[1]), "[2001:db8::53]:53");
	assert_string_equal(probe_address_text(name, &r.servers[2]), "192.0.2.55");
	assert_int_equal(r.servers_ignored, 1);
	assert_int_equal(r.bad_count, 3);
	assert_int_equal(r.bad[0].line, 6);
	assert_string_equal(r.bad[1].text, "nameserver dns.example.com");
	assert_int_equal(r.bad[2].line, 10);
	assert_int_equal(r.search_count, 2);
	assert_string_equal(r.search[1], "b.example");
	assert_int_equal(r.ndots, 15);
	assert_int_equal(r.timeout_s, 3);
	assert_int_equal(r.attempts, 0);
	assert_true(r.rotate && r.edns0 && !r.use_tcp);
}

static void resolv_conf_says_what_is_wrong_with_the_file(void **state)
{
	char dir[] = "/tmp/probe-files.XXXXXX", path[64];
	struct probe_resolv r;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/resolv.conf", dir);
	probe_resolv_read(path, &r);
	assert_int_equal(r.file.state, PROBE_FILE_MISSING);
	assert_int_equal(r.server_count, 0);
	assert_int_equal(symlink("../run/nothing", path), 0);
	probe_resolv_read(path, &r);
	assert_int_equal(r.file.state, PROBE_FILE_DANGLING);
	assert_string_equal(r.file.target, "../run/nothing");
	unlink(path);
	mkdir(path, 0755);
	probe_resolv_read(path, &r);
	assert_int_equal(r.file.state, PROBE_FILE_NOT_REGULAR);
	rmdir(path);
	rmdir(dir);
}

static void nsswitch_tells_whether_dns_is_asked(void **state)
{
	static const struct { const char *text; bool found, files, dns, cut, first; } rows[] = {
		{ "hosts: files dns\n", true, true, true, false, true },
		{ "  hosts :\tdns files # x\n", true, true, true, false, false },
		{ "hosts: files\n", true, true, false, false, false },
		{ "hosts: files [NOTFOUND=return] dns\n", true, true, true, true, true },
		{ "hosts: files [ notfound = return ] dns\n", true, true, true, true, true },
		{ "hosts: files [!NOTFOUND=return] dns\n", true, true, true, false, true },
		{ "hosts: files mdns4_minimal [NOTFOUND=return] dns\n", true, true, true, false, true },
		{ "hosts: files [SUCCESS=continue] dns\n", true, true, true, false, true },
		{ "hosts: files [!UNAVAIL=return] dns\n", true, true, true, true, true },
		{ "hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns\n", true, true, true, false, true },
		{ "#hosts: files\npasswd: files\n", false, true, true, false, true },
		{ "hosts: files [NOTFOUND=return dns\n", true, true, false, false, false },
		{ "hosts:\n", true, false, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct probe_nsswitch n;

		memset(&n, 0, sizeof(n));
		probe_nsswitch_parse(rows[i].text, strlen(rows[i].text), &n);
		if (n.found != rows[i].found || n.files != rows[i].files || n.dns != rows[i].dns ||
		    n.dns_cut_off != rows[i].cut || n.hosts_first != rows[i].first)
			fail_msg("%s: found %d files %d dns %d cut %d first %d", rows[i].text, n.found, n.files, n.dns,
				 n.dns_cut_off, n.hosts_first);
	}
}

static void hosts_finds_whole_names_only(void **state)
{
	static const char text[] = "127.0.0.1 localhost\n"
				   "#192.0.2.9 feed.example.com\n"
				   "bogus feed.example.com\n"
				   "192.0.2.1 other notfeed.example.com feed.example.community\n"
				   "192.0.2.2\tx FEED.example.COM. # here\n"
				   "2001:db8::2 feed.example.com\n";
	struct probe_hosts h;

	(void)state;
	memset(&h, 0, sizeof(h));
	probe_hosts_parse(text, sizeof(text) - 1, "feed.example.com.", &h);
	assert_int_equal(h.addresses.count, 2);
	assert_int_equal(h.line, 5);
	assert_string_equal(h.text, "192.0.2.2\tx FEED.example.COM. # here");
	probe_hosts_parse(text, sizeof(text) - 1, "example.com", &h);
	assert_int_equal(h.line, 0);
	assert_int_equal(h.addresses.count, 0);
}

static void time_servers_are_found_in_each_clients_file(void **state)
{
	static const char chrony[] = "! comment\nserver a.example iburst port 1123\n pool b.example\nkey x\nserver a.example\n";
	static const char ntp[] = "server 127.127.1.0\nserver -6 c.example\npool d.example iburst\nservers e.example\n";
	static const char timesyncd[] = "[Time]\n#NTP=no\nNTP=f.example g.example\nFallbackNTP=h.example\n";
	struct probe_time_servers s;

	(void)state;
	memset(&s, 0, sizeof(s));
	probe_chrony_conf_parse(chrony, sizeof(chrony) - 1, &s);
	assert_int_equal(s.count, 2);
	assert_string_equal(s.items[0].host, "a.example");
	assert_int_equal(s.items[0].port, 1123);
	assert_true(s.items[1].pool);
	memset(&s, 0, sizeof(s));
	probe_ntp_conf_parse(ntp, sizeof(ntp) - 1, &s);
	assert_int_equal(s.count, 3);
	assert_string_equal(s.items[0].host, "c.example");
	memset(&s, 0, sizeof(s));
	probe_timesyncd_conf_parse(timesyncd, sizeof(timesyncd) - 1, &s);
	assert_int_equal(s.count, 2);
	assert_string_equal(s.items[1].host, "g.example");
}

static void put_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void the_configured_time_client_is_found(void **state)
{
	char dir[] = "/tmp/probe-time.XXXXXX", etc[64], file[80];
	struct probe_time_client c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	probe_time_client_find(dir, &c);
	assert_false(c.configured);
	snprintf(etc, sizeof(etc), "%s/etc", dir);
	mkdir(etc, 0755);
	put_file(dir, "etc/chrony.conf", "server time.example.org\n");
	probe_time_client_find(dir, &c);
	assert_true(c.running || (c.configured && c.kind == PROBE_TIME_CLIENT_CHRONY));
	if (!c.running)
		assert_string_equal(c.servers.items[0].host, "time.example.org");
	snprintf(file, sizeof(file), "%s/chrony.conf", etc);
	unlink(file);
	rmdir(etc);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_literals_are_read_and_written_back),
		cmocka_unit_test(address_kinds_follow_the_registry),
		cmocka_unit_test(address_lists_hold_each_host_once),
		cmocka_unit_test(resolv_conf_is_read_as_glibc_reads_it),
		cmocka_unit_test(resolv_conf_says_what_is_wrong_with_the_file),
		cmocka_unit_test(nsswitch_tells_whether_dns_is_asked),
		cmocka_unit_test(hosts_finds_whole_names_only),
		cmocka_unit_test(time_servers_are_found_in_each_clients_file),
		cmocka_unit_test(the_configured_time_client_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
