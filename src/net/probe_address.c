#include "net/probe_address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A zone: the name of an interface that is there, or its number. */
static bool parse_scope(const char *text, uint32_t *scope)
{
	unsigned long number;
	char *end;

	*scope = if_nametoindex(text);
	if (*scope != 0)
		return true;
	if (*text < '0' || *text > '9')
		return false;
	number = strtoul(text, &end, 10);
	*scope = (uint32_t)number;
	return *end == '\0' && number <= UINT32_MAX;
}

bool probe_address_parse(const char *literal, uint16_t port, struct probe_address *out)
{
	char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 4];
	size_t len = strlen(literal);
	struct in6_addr six;
	struct in_addr four;
	uint32_t scope = 0;
	char *percent;

	memset(out, 0, sizeof(*out));
	if (len >= sizeof(text))
		return false;
	if (inet_pton(AF_INET, literal, &four) == 1) {
		probe_address_from_bytes(AF_INET, &four, port, out);
		return true;
	}
	if (len >= 2 && literal[0] == '[' && literal[len - 1] == ']') {
		memcpy(text, literal + 1, len - 2);
		text[len - 2] = '\0';
	} else {
		memcpy(text, literal, len + 1);
	}
	percent = strchr(text, '%');
	if (percent != NULL) {
		*percent = '\0';
		if (!parse_scope(percent + 1, &scope))
			return false;
	}
	if (inet_pton(AF_INET6, text, &six) != 1)
		return false;
	probe_address_from_bytes(AF_INET6, &six, port, out);
	out->v6.sin6_scope_id = scope;
	return true;
}

bool probe_address_from(const struct sockaddr *sa, socklen_t len, struct probe_address *out)
{
	memset(out, 0, sizeof(*out));
	if (len < sizeof(sa->sa_family))
		return false;
	if (sa->sa_family == AF_INET && len >= sizeof(struct sockaddr_in))
		memcpy(&out->v4, sa, sizeof(out->v4));
	else if (sa->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6))
		memcpy(&out->v6, sa, sizeof(out->v6));
	else
		return false;
	return true;
}

void probe_address_from_bytes(int family, const void *bytes, uint16_t port, struct probe_address *out)
{
	memset(out, 0, sizeof(*out));
	out->sa.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		memcpy(&out->v4.sin_addr, bytes, sizeof(out->v4.sin_addr));
		out->v4.sin_port = htons(port);
	} else {
		memcpy(&out->v6.sin6_addr, bytes, sizeof(out->v6.sin6_addr));
		out->v6.sin6_port = htons(port);
	}
}

char *probe_address_text(char *dst, const struct probe_address *a)
{
	size_t used;

	strcpy(dst, "-");
	if (a->sa.sa_family == AF_INET)
		inet_ntop(AF_INET, &a->v4.sin_addr, dst, PROBE_ADDRESS_TEXT_MAX);
	if (a->sa.sa_family != AF_INET6)
		return dst;
	inet_ntop(AF_INET6, &a->v6.sin6_addr, dst, PROBE_ADDRESS_TEXT_MAX);
	if (a->v6.sin6_scope_id != 0) {
		char name[IF_NAMESIZE];

		used = strlen(dst);
		if (if_indextoname(a->v6.sin6_scope_id, name) != NULL)
			snprintf(dst + used, PROBE_ADDRESS_TEXT_MAX - used, "%%%s", name);
		else
			snprintf(dst + used, PROBE_ADDRESS_TEXT_MAX - used, "%%%u", a->v6.sin6_scope_id);
	}
	return dst;
}

char *probe_address_port_text(char *dst, const struct probe_address *a)
{
	char host[PROBE_ADDRESS_TEXT_MAX];
	bool six = a->sa.sa_family == AF_INET6;

	probe_address_text(host, a);
	snprintf(dst, PROBE_ADDRESS_TEXT_MAX, "%s%.80s%s:%u", six ? "[" : "", host, six ? "]" : "", probe_address_port(a));
	return dst;
}

int probe_address_family(const struct probe_address *a)
{
	return a->sa.sa_family;
}

socklen_t probe_address_len(const struct probe_address *a)
{
	return a->sa.sa_family == AF_INET6 ? (socklen_t)sizeof(a->v6) : (socklen_t)sizeof(a->v4);
}

uint16_t probe_address_port(const struct probe_address *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->v6.sin6_port : a->v4.sin_port);
}

void probe_address_set_port(struct probe_address *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET6)
		a->v6.sin6_port = htons(port);
	else
		a->v4.sin_port = htons(port);
}

/* An IPv4-mapped address becomes the IPv4 address that it stands for. */
static struct probe_address unmapped(const struct probe_address *a)
{
	struct probe_address four;

	if (a->sa.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr))
		return *a;
	probe_address_from_bytes(AF_INET, a->v6.sin6_addr.s6_addr + 12, ntohs(a->v6.sin6_port), &four);
	return four;
}

bool probe_address_same_host(const struct probe_address *a, const struct probe_address *b)
{
	struct probe_address x = unmapped(a), y = unmapped(b);

	if (x.sa.sa_family != y.sa.sa_family)
		return false;
	if (x.sa.sa_family == AF_INET)
		return x.v4.sin_addr.s_addr == y.v4.sin_addr.s_addr;
	if (x.sa.sa_family == AF_INET6)
		return memcmp(&x.v6.sin6_addr, &y.v6.sin6_addr, sizeof(x.v6.sin6_addr)) == 0 &&
		       x.v6.sin6_scope_id == y.v6.sin6_scope_id;
	return false;
}

struct block {
	uint8_t prefix[16];
	unsigned int bits;
	enum probe_address_kind kind;
};

static bool in_block(const uint8_t *bytes, const struct block *block)
{
	unsigned int whole = block->bits / 8, rest = block->bits % 8;

	if (memcmp(bytes, block->prefix, whole) != 0)
		return false;
	return rest == 0 || ((bytes[whole] ^ block->prefix[whole]) >> (8 - rest)) == 0;
}

static enum probe_address_kind kind_of(const uint8_t *bytes, const struct block *blocks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (in_block(bytes, &blocks[i]))
			return blocks[i].kind;
	}
	return PROBE_ADDRESS_GLOBAL;
}

enum probe_address_kind probe_address_kind(const struct probe_address *a)
{
	static const struct block four[] = {
		{ { 0 }, 8, PROBE_ADDRESS_UNSPECIFIED },
		{ { 10 }, 8, PROBE_ADDRESS_PRIVATE },
		{ { 100, 64 }, 10, PROBE_ADDRESS_PRIVATE },
		{ { 127 }, 8, PROBE_ADDRESS_LOOPBACK },
		{ { 169, 254 }, 16, PROBE_ADDRESS_LINK_LOCAL },
		{ { 172, 16 }, 12, PROBE_ADDRESS_PRIVATE },
		{ { 192, 0, 2 }, 24, PROBE_ADDRESS_RESERVED },
		{ { 192, 168 }, 16, PROBE_ADDRESS_PRIVATE },
		{ { 198, 18 }, 15, PROBE_ADDRESS_RESERVED },
		{ { 198, 51, 100 }, 24, PROBE_ADDRESS_RESERVED },
		{ { 203, 0, 113 }, 24, PROBE_ADDRESS_RESERVED },
		{ { 255, 255, 255, 255 }, 32, PROBE_ADDRESS_MULTICAST },
		{ { 224 }, 4, PROBE_ADDRESS_MULTICAST },
		{ { 240 }, 4, PROBE_ADDRESS_RESERVED },
	};
	static const struct block six[] = {
		{ { 0 }, 128, PROBE_ADDRESS_UNSPECIFIED },
		{ { [15] = 1 }, 128, PROBE_ADDRESS_LOOPBACK },
		{ { 0x01, 0x00 }, 64, PROBE_ADDRESS_RESERVED },
		{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, PROBE_ADDRESS_RESERVED },
		{ { 0xfc }, 7, PROBE_ADDRESS_PRIVATE },
		{ { 0xfe, 0x80 }, 10, PROBE_ADDRESS_LINK_LOCAL },
		{ { 0xff }, 8, PROBE_ADDRESS_MULTICAST },
	};
	struct probe_address x = unmapped(a);

	if (x.sa.sa_family == AF_INET)
		return kind_of((const uint8_t *)&x.v4.sin_addr, four, sizeof(four) / sizeof(four[0]));
	if (x.sa.sa_family == AF_INET6)
		return kind_of(x.v6.sin6_addr.s6_addr, six, sizeof(six) / sizeof(six[0]));
	return PROBE_ADDRESS_UNSPECIFIED;
}

bool probe_address_list_has(const struct probe_address_list *list, const struct probe_address *a)
{
	for (size_t i = 0; i < list->count; i++) {
		if (probe_address_same_host(&list->items[i], a))
			return true;
	}
	return false;
}

void probe_address_list_add(struct probe_address_list *list, const struct probe_address *a)
{
	if (probe_address_list_has(list, a))
		return;
	if (list->count == PROBE_ADDRESSES_MAX) {
		list->more = true;
		return;
	}
	list->items[list->count++] = *a;
}

bool probe_address_list_same(const struct probe_address_list *a, const struct probe_address_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!probe_address_list_has(b, &a->items[i]))
			return false;
	}
	return true;
}
