/* The store of certificates at its edges: certificates that only look right, rights that are asked for together, imports that stop
 * half-way. */
#include "trust/forge.h"

#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust/room.h"

/* Of what is in its file: nothing that openssl remembers of its making. */
static enum finding verdict_on(X509 *x, unsigned int allow)
{
	struct buffer der = BUFFER_INIT(1 << 20);
	const unsigned char *at;
	struct error err = ERROR_INIT;
	X509 *read;
	bool ok;

	/* What was signed is changed. */
	(void)i2d_re_X509_tbs(x, NULL);
	put_der(&der, x);
	at = (const unsigned char *)der.data;
	read = d2i_X509(NULL, &at, (long)der.len);
	assert_non_null(read);
	ok = trust_admit(read, "it", allow, &err);
	assert_int_equal(ok, err.code == FINDING_NONE);
	X509_free(read);
	X509_free(x);
	buffer_clear(&der);
	return err.code;
}

/* Extensions that contradict each other, a time that is none, a CA by an old rule: openssl reads them all. */
static void what_only_looks_like_a_ca_is_none(void **state)
{
	const unsigned int all = TRUST_ALLOW_EXPIRED | TRUST_ALLOW_SHA1 | TRUST_ALLOW_NOT_CA;
	X509 *x = forge_ca("twice");
	X509_EXTENSION *more = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "CA:FALSE");

	(void)state;
	assert_int_equal(X509_add_ext(x, more, -1), 1);
	X509_EXTENSION_free(more);
	assert_int_equal(verdict_on(x, all), FINDING_IMPORT_NOT_A_CERTIFICATE);
	x = forge_ca("timeless");
	assert_int_equal(ASN1_STRING_set(X509_getm_notAfter(x), "soon", 4), 1);
	assert_int_equal(verdict_on(x, all), FINDING_IMPORT_NOT_A_CERTIFICATE);
	x = forge(&(struct forge){ .name = "by key usage", .constraints = "", .key_usage = "keyCertSign" });
	assert_int_equal(verdict_on(x, 0), FINDING_IMPORT_NOT_A_CA);
	assert_int_equal(verdict_on(forge_ca("right"), 0), FINDING_NONE);
}

static void a_list_of_uses_that_names_any_names_this(void **state)
{
	static const struct { int trust, reject; bool rejects; } rows[] = {
		{ NID_server_auth, NID_undef, false }, { NID_anyExtendedKeyUsage, NID_undef, false }, { NID_email_protect, NID_undef, true },
		{ NID_undef, NID_server_auth, true }, { NID_undef, NID_anyExtendedKeyUsage, true }, { NID_undef, NID_email_protect, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		X509 *x = forge_ca("listed");

		if (rows[i].trust != NID_undef)
			assert_int_equal(X509_add1_trust_object(x, OBJ_nid2obj(rows[i].trust)), 1);
		if (rows[i].reject != NID_undef)
			assert_int_equal(X509_add1_reject_object(x, OBJ_nid2obj(rows[i].reject)), 1);
		assert_int_equal(trust_rejects_servers(x), rows[i].rejects);
		X509_free(x);
	}
}

static void what_is_taken_away_is_gone_and_what_is_left_must_stand(void **state)
{
	const unsigned int infra = TRUST_INFRASTRUCTURE, client = TRUST_CLIENT_AUTH, admin = TRUST_ADMIN_AUTH;
	unsigned int after = 77;

	(void)state;
	assert_true(trust_usages_after(0, infra, infra, &after, NULL));
	assert_int_equal(after, 0);
	assert_false(trust_usages_after(0, client, 0, &after, NULL));
	assert_false(trust_usages_after(infra, admin, 0, &after, NULL));
	assert_false(trust_usages_after(infra | client, 0, infra, &after, NULL));
	assert_true(trust_usages_after(infra | client, admin, 0, &after, NULL));
	assert_int_equal(after, infra | client | admin);
}

static void who_asks_for_two_usages_gets_those_that_have_both(void **state)
{
	struct trust_store *store = open_store(*state);
	X509 *one = forge_ca("one"), *both = forge_ca("both");
	X509_STORE *anchors;
	size_t count = 77;

	import_one(store, one, "one", TRUST_INFRASTRUCTURE);
	import_one(store, both, "both", TRUST_INFRASTRUCTURE | TRUST_CLIENT_AUTH);
	anchors = trust_x509_store(store, TRUST_INFRASTRUCTURE | TRUST_CLIENT_AUTH, &count, NULL);
	assert_non_null(anchors);
	assert_int_equal(count, 1);
	X509_STORE_free(anchors);
	X509_free(one);
	X509_free(both);
	trust_free(store);
}

static bool import_two(struct trust_store *store, X509 *one, X509 *two, const char *name, struct error *err)
{
	struct buffer data = BUFFER_INIT(1 << 20);
	size_t added;
	bool ok;

	put_pem(&data, one);
	put_pem(&data, two);
	ok = trust_import(store, data.data, data.len, name, 0, 0, &added, err);
	buffer_clear(&data);
	return ok;
}

static void an_import_that_stops_half_way_leaves_nothing(void **state)
{
	const struct place *p = *state;
	struct trust_store *store = open_store(p);
	X509 *one = forge_ca("one"), *two = forge_ca("two");
	char name[TRUST_FILE_NAME_MAX], path[300], junk[310];
	unsigned char sha256[32];
	struct error err = ERROR_INIT;
	size_t before = trust_count(store);

	/* Where the second one's file belongs, there is a folder. */
	forge_fingerprint(two, sha256);
	trust_file_name(name, sha256);
	snprintf(path, sizeof(path), "%s/%s", p->trust, name);
	snprintf(junk, sizeof(junk), "%s/x", path);
	assert_int_equal(mkdir(path, 0700) + mkdir(junk, 0700), 0);
	assert_false(import_two(store, one, two, NULL, &err));
	forge_fingerprint(one, sha256);
	trust_file_name(name, sha256);
	snprintf(path, sizeof(path), "%s/%s", p->trust, name);
	assert_int_not_equal(access(path, F_OK), 0);
	trust_free(store);
	store = open_store(p);
	assert_int_equal(trust_count(store), before);
	X509_free(one);
	X509_free(two);
	trust_free(store);
}

/* The second one is called "NAME 2": also that must have room. */
static void a_name_for_several_leaves_room_for_their_numbers(void **state)
{
	struct trust_store *store = open_store(*state);
	X509 *one = forge_ca("one"), *two = forge_ca("two"), *three = forge_ca("three");
	struct buffer data = BUFFER_INIT(1 << 20);
	char name[TRUST_NAME_MAX + 1];
	struct error err = ERROR_INIT;
	size_t added;

	memset(name, 'n', TRUST_NAME_MAX);
	name[TRUST_NAME_MAX] = '\0';
	assert_false(import_two(store, one, two, name, &err));
	put_pem(&data, three);
	assert_true(trust_import(store, data.data, data.len, name, 0, 0, &added, NULL));
	name[TRUST_NAME_MAX - 2] = '\0';
	assert_true(import_two(store, one, two, name, NULL));
	buffer_clear(&data);
	X509_free(one);
	X509_free(two);
	X509_free(three);
	trust_free(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_only_looks_like_a_ca_is_none),
		cmocka_unit_test(a_list_of_uses_that_names_any_names_this),
		cmocka_unit_test(what_is_taken_away_is_gone_and_what_is_left_must_stand),
		TEST(who_asks_for_two_usages_gets_those_that_have_both),
		TEST(an_import_that_stops_half_way_leaves_nothing),
		TEST(a_name_for_several_leaves_room_for_their_numbers),
	};

	return cmocka_run_group_tests_name("edges", tests, NULL, NULL);
}
