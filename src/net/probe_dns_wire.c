/* Builds a query and reads a reply, on ldns. ldns sees nothing before the header has been checked here. */
#include "net/probe_dns_wire.h"

#include <ctype.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_LEN 12

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

bool probe_dns_name_valid(const char *name)
{
	size_t len = strlen(name), label = 0;

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len == 0 || len > 253)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (!(isascii(c) && (isalnum(c) || c == '-' || c == '_')) || ++label > 63)
			return false;
	}
	return label > 0;
}

size_t probe_dns_query(uint8_t *dst, uint16_t id, const struct probe_dns_question *q)
{
	uint16_t flags = (uint16_t)((q->no_recursion ? 0 : LDNS_RD) | (q->checking_disabled ? LDNS_CD : 0));
	ldns_rdf *name = NULL;
	ldns_pkt *pkt = NULL;
	uint8_t *wire = NULL;
	size_t len = 0;

	if (!probe_dns_name_valid(q->name) || ldns_str2rdf_dname(&name, q->name) != LDNS_STATUS_OK)
		return 0;
	pkt = ldns_pkt_query_new(name, (ldns_rr_type)q->type, LDNS_RR_CLASS_IN, flags);
	if (pkt == NULL) {
		ldns_rdf_deep_free(name);
		return 0;
	}
	ldns_pkt_set_id(pkt, id);
	if (q->edns_size != 0) {
		ldns_pkt_set_edns_udp_size(pkt, q->edns_size);
		ldns_pkt_set_edns_do(pkt, q->dnssec_ok);
	}
	if (ldns_pkt2wire(&wire, pkt, &len) != LDNS_STATUS_OK || len > PROBE_DNS_QUERY_MAX)
		len = 0;
	else
		memcpy(dst, wire, len);
	LDNS_FREE(wire);
	ldns_pkt_free(pkt);
	return len;
}

/* Names are compared and shown without the trailing dot. */
static void name_text(const ldns_rdf *name, char *dst, size_t size)
{
	char *text = name != NULL ? ldns_rdf2str(name) : NULL;
	size_t len;

	snprintf(dst, size, "%s", text != NULL ? text : "");
	LDNS_FREE(text);
	len = strlen(dst);
	if (len > 1 && dst[len - 1] == '.')
		dst[len - 1] = '\0';
}

static bool question_matches(const ldns_pkt *pkt, const struct probe_dns_question *q)
{
	ldns_rr_list *list = ldns_pkt_question(pkt);
	ldns_rdf *name = NULL;
	const ldns_rr *rr;
	bool same;

	/* A server that could not read the question sends none back. */
	if (ldns_rr_list_rr_count(list) == 0)
		return ldns_pkt_get_rcode(pkt) != LDNS_RCODE_NOERROR;
	rr = ldns_rr_list_rr(list, 0);
	if (ldns_str2rdf_dname(&name, q->name) != LDNS_STATUS_OK)
		return false;
	same = ldns_dname_compare(name, ldns_rr_owner(rr)) == 0 && (int)ldns_rr_get_type(rr) == (int)q->type;
	ldns_rdf_deep_free(name);
	return same;
}

static const ldns_rr *find_cname(const ldns_rr_list *answer, const ldns_rdf *owner)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME && ldns_rr_rd_count(rr) == 1 &&
		    ldns_dname_compare(ldns_rr_owner(rr), owner) == 0)
			return rr;
	}
	return NULL;
}

/* Follows the aliases from the name asked for. Returns the last name, borrowed from the packet. */
static const ldns_rdf *follow_cnames(const ldns_pkt *pkt, const ldns_rdf *asked, struct probe_dns_answer *out)
{
	const ldns_rdf *seen[PROBE_DNS_CNAMES_MAX + 1] = { asked };
	const ldns_rdf *at = asked;
	const ldns_rr *rr;

	while ((rr = find_cname(ldns_pkt_answer(pkt), at)) != NULL) {
		at = ldns_rr_rdf(rr, 0);
		if (out->cname_count == PROBE_DNS_CNAMES_MAX) {
			out->cname_loop = true;
			return at;
		}
		name_text(at, out->cnames[out->cname_count++], PROBE_DNS_NAME_MAX);
		for (size_t i = 0; i < out->cname_count; i++) {
			if (ldns_dname_compare(seen[i], at) == 0) {
				out->cname_loop = true;
				return at;
			}
		}
		seen[out->cname_count] = at;
	}
	return at;
}

static void take_addresses(const ldns_pkt *pkt, const struct probe_dns_question *q, struct probe_dns_answer *out)
{
	const ldns_rr_list *answer = ldns_pkt_answer(pkt);
	size_t want = q->type == PROBE_DNS_AAAA ? 16 : 4;
	const ldns_rdf *owner;
	ldns_rdf *asked = NULL;

	if (ldns_str2rdf_dname(&asked, q->name) != LDNS_STATUS_OK)
		return;
	owner = follow_cnames(pkt, asked, out);
	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);
		struct probe_address address;

		if (i == 0 || ldns_rr_ttl(rr) < out->ttl)
			out->ttl = ldns_rr_ttl(rr);
		if ((q->type != PROBE_DNS_A && q->type != PROBE_DNS_AAAA) ||
		    (int)ldns_rr_get_type(rr) != (int)q->type || ldns_rr_rd_count(rr) != 1 ||
		    ldns_rdf_size(ldns_rr_rdf(rr, 0)) != want || ldns_dname_compare(ldns_rr_owner(rr), owner) != 0)
			continue;
		probe_address_from_bytes(want == 16 ? AF_INET6 : AF_INET, ldns_rdf_data(ldns_rr_rdf(rr, 0)), 0, &address);
		probe_address_list_add(&out->addresses, &address);
	}
	ldns_rdf_deep_free(asked);
}

/* When all the signatures of the answer are good. */
static void take_signatures(const ldns_pkt *pkt, struct probe_dns_answer *out)
{
	const ldns_rr_list *answer = ldns_pkt_answer(pkt);

	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);
		int64_t from, to;

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_RRSIG || ldns_rr_rd_count(rr) < 9 ||
		    ldns_rdf_size(ldns_rr_rrsig_expiration(rr)) != 4 || ldns_rdf_size(ldns_rr_rrsig_inception(rr)) != 4)
			continue;
		from = ldns_rdf2native_int32(ldns_rr_rrsig_inception(rr));
		to = ldns_rdf2native_int32(ldns_rr_rrsig_expiration(rr));
		if (!out->is_signed || from > out->signed_from)
			out->signed_from = from;
		if (!out->is_signed || to < out->signed_to)
			out->signed_to = to;
		out->is_signed = true;
	}
}

/* Extended errors among the EDNS options (RFC 8914): code 15, then two bytes and a text. */
static void take_ede(const ldns_rdf *options, struct probe_dns_answer *out)
{
	const uint8_t *p = options != NULL ? ldns_rdf_data(options) : NULL;
	size_t left = options != NULL ? ldns_rdf_size(options) : 0;

	while (left >= 4) {
		uint16_t code = get16(p), len = get16(p + 2);

		p += 4;
		left -= 4;
		if (len > left)
			return;
		if (code == 15 && len >= 2 && out->ede_count < PROBE_DNS_EDE_MAX) {
			struct probe_dns_ede *ede = &out->ede[out->ede_count++];
			size_t n = (size_t)len - 2 < sizeof(ede->text) - 1 ? (size_t)len - 2 : sizeof(ede->text) - 1;

			ede->code = get16(p);
			memcpy(ede->text, p + 2, n);
			ede->text[n] = '\0';
		}
		p += len;
		left -= len;
	}
}

static void take_authority(const ldns_pkt *pkt, struct probe_dns_answer *out)
{
	const ldns_rr_list *authority = ldns_pkt_authority(pkt);
	bool ns = false;

	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++) {
		ldns_rr_type type = ldns_rr_get_type(ldns_rr_list_rr(authority, i));

		out->negative_soa = out->negative_soa || type == LDNS_RR_TYPE_SOA;
		ns = ns || type == LDNS_RR_TYPE_NS;
	}
	out->referral = ns && !out->negative_soa && !out->aa && out->rcode == 0 && out->answer_records == 0;
}

/* No name server puts a SOA there by itself; BIND does it for what its response policy made up ("add-soa"). */
static void take_additional(const ldns_pkt *pkt, struct probe_dns_answer *out)
{
	const ldns_rr_list *additional = ldns_pkt_additional(pkt);

	for (size_t i = 0; i < ldns_rr_list_rr_count(additional); i++)
		out->policy_soa = out->policy_soa || ldns_rr_get_type(ldns_rr_list_rr(additional, i)) == LDNS_RR_TYPE_SOA;
}

static void take_header(const uint8_t *data, struct probe_dns_answer *out)
{
	out->aa = (data[2] & 0x04) != 0;
	out->tc = (data[2] & 0x02) != 0;
	out->ra = (data[3] & 0x80) != 0;
	out->ad = (data[3] & 0x20) != 0;
	out->cd = (data[3] & 0x10) != 0;
	out->rcode = data[3] & 0x0f;
	out->answer_records = get16(data + 6);
	out->authority_records = get16(data + 8);
}

static void take_packet(const ldns_pkt *pkt, const struct probe_dns_question *q, struct probe_dns_answer *out)
{
	out->edns = ldns_pkt_edns(pkt);
	/* The upper eight of twelve bits of the code; those that do not fit do not exist (RFC 6895). */
	if (out->edns && ldns_pkt_edns_extended_rcode(pkt) != 0)
		out->rcode = (uint8_t)(ldns_pkt_edns_extended_rcode(pkt) << 4 | out->rcode);
	take_ede(ldns_pkt_edns_data(pkt), out);
	take_authority(pkt, out);
	take_additional(pkt, out);
	take_addresses(pkt, q, out);
	take_signatures(pkt, out);
}

/* At most one signature is allowed (RFC 8945, 5.1), and ldns 1.8 loses the memory of every one that another follows. ldns says
 * where a record ends: it reads on within one that is longer than its type can be. */
static bool has_many_signatures(const uint8_t *data, size_t len)
{
	size_t questions = get16(data + 4), records = questions + get16(data + 6) + get16(data + 8) + get16(data + 10);
	size_t at = HEADER_LEN, signatures = 0;

	for (size_t i = 0; i < records && signatures < 2; i++) {
		ldns_rr *rr = NULL;

		if (ldns_wire2rr(&rr, data, len, &at, i < questions ? LDNS_SECTION_QUESTION : LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
			break;
		signatures += i >= questions && ldns_rr_get_type(rr) == LDNS_RR_TYPE_TSIG;
		ldns_rr_free(rr);
	}
	return signatures > 1;
}

enum probe_dns_outcome probe_dns_parse(const uint8_t *data, size_t len, uint16_t id,
				       const struct probe_dns_question *question, struct probe_dns_answer *out)
{
	enum probe_dns_outcome outcome = PROBE_DNS_ANSWERED;
	ldns_pkt *pkt = NULL;

	if (len >= 2 && get16(data) != id)
		return PROBE_DNS_MISMATCHED;
	if (len < HEADER_LEN || len > PROBE_DNS_REPLY_MAX || (data[2] & 0x80) == 0 || has_many_signatures(data, len))
		return PROBE_DNS_MALFORMED;
	if (ldns_wire2pkt(&pkt, data, len) != LDNS_STATUS_OK || pkt == NULL) {
		/* A truncated reply may stop within a record; its header is what counts, if it makes sense as one. */
		if ((data[2] & 0x02) == 0 || (data[2] & 0x78) != 0 || (data[3] & 0x40) != 0 || get16(data + 4) > 1)
			return PROBE_DNS_MALFORMED;
		take_header(data, out);
	} else if (!question_matches(pkt, question)) {
		outcome = PROBE_DNS_MISMATCHED;
	} else {
		take_header(data, out);
		take_packet(pkt, question, out);
	}
	out->reply_bytes = len;
	ldns_pkt_free(pkt);
	return outcome;
}

const char *probe_dns_rcode_text(uint8_t rcode)
{
	static const char *const names[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN",
					     "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE" };

	if (rcode < sizeof(names) / sizeof(names[0]))
		return names[rcode];
	return rcode == 16 ? "BADVERS" : rcode == 23 ? "BADCOOKIE" : "";
}
