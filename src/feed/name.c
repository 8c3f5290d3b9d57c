#include "feed/name.h"

#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <wctype.h>

#include "base/i18n.h"
#include "base/text.h"

static bool check_characters(const char *name, size_t len, const char **why)
{
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		size_t n = text_utf8_decode(name + i, len - i, &cp);

		if (n == 0)
			*why = _("it is not UTF-8 text");
		else if (cp == 0)
			*why = _("it holds a NUL byte");
		else if (cp < 0x20 || (cp >= 0x7F && cp <= 0x9F))
			*why = _("it holds a control character");
		else if (cp == '\\')
			*why = _("it holds a backslash");
		if (*why != NULL)
			return false;
		i += n;
	}
	return true;
}

static bool check_start(const char *name, size_t len, const char **why)
{
	if (len == 0)
		*why = _("it is empty");
	else if (len > NAME_PATH_MAX)
		*why = _("it is too long");
	else if (name[0] == '/')
		*why = _("it is absolute");
	else if (len >= 2 && name[1] == ':' && (name[0] | 0x20) >= 'a' && (name[0] | 0x20) <= 'z')
		*why = _("it begins with a drive letter");
	return *why == NULL;
}

static bool copy_parts(const char *name, size_t len, char *out, const char **why)
{
	size_t used = 0, depth = 0;

	for (size_t i = 0, part; i < len; i += part + 1) {
		const char *slash = memchr(name + i, '/', len - i);

		part = slash != NULL ? (size_t)(slash - (name + i)) : len - i;
		if (part == 0 || (part == 1 && name[i] == '.'))
			continue;
		if (part == 2 && memcmp(name + i, "..", 2) == 0)
			*why = _("it leads out of its folder");
		else if (part > NAME_PART_MAX)
			*why = _("a part of it is too long");
		else if (++depth > NAME_DEPTH_MAX)
			*why = _("it is too deep");
		if (*why != NULL)
			return false;
		if (used > 0)
			out[used++] = '/';
		memcpy(out + used, name + i, part);
		used += part;
	}
	out[used] = '\0';
	return true;
}

bool name_normalise(const char *name, size_t len, char out[NAME_PATH_MAX + 1], struct error *err)
{
	const char *why = NULL;

	if (check_start(name, len, &why) && check_characters(name, len, &why) && copy_parts(name, len, out, &why))
		return true;
	return error_set(err, FINDING_BUNDLE_UNSAFE_PATH, _("the member name \"%.*s\" is refused: %s"),
			 (int)(len < NAME_PART_MAX ? len : NAME_PART_MAX), name, why);
}

/* A name as two hashes: with its case folded, and as it is (lowest bit: it is a folder). Keyed, so that nobody can make
 * an archive whose names all fall into one slot. */
struct slot {
	uint64_t folded;	/* 0: free */
	uint64_t exact;
};

struct name_set {
	struct slot *slots;
	size_t mask;
	size_t count;
	size_t max;
	uint64_t key[2];
	locale_t locale;		/* UTF-8, whatever the program's own locale is; 0: fold ASCII only */
	char parent[NAME_PATH_MAX + 1];	/* the folders of the last name: they need not be added again */
};

#define SLOTS_FIRST 1024

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

/* SipHash-1-3 of the bytes. */
static uint64_t hash(const uint64_t key[2], const void *bytes, size_t len)
{
	const char *data = bytes;
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
			  key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u };
	uint64_t word;
	size_t i = 0;

	for (; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	word = 0;
	memcpy(&word, data + i, len - i);
	word |= (uint64_t)len << 56;
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	for (i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct name_set *name_set_new(size_t max)
{
	struct name_set *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return NULL;
	set->slots = calloc(SLOTS_FIRST, sizeof(*set->slots));
	if (set->slots == NULL) {
		free(set);
		return NULL;
	}
	set->mask = SLOTS_FIRST - 1;
	set->max = max;
	if (getrandom(set->key, sizeof(set->key), 0) != (ssize_t)sizeof(set->key))
		set->key[0] = (uint64_t)(uintptr_t)set;
	set->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return set;
}

void name_set_free(struct name_set *set)
{
	if (set == NULL)
		return;
	if (set->locale != (locale_t)0)
		freelocale(set->locale);
	free(set->slots);
	free(set);
}

static uint32_t fold(const struct name_set *set, uint32_t cp)
{
	if (cp < 0x80)
		return cp >= 'A' && cp <= 'Z' ? cp | 0x20 : cp;
	if (set->locale == (locale_t)0)
		return cp;
	/* Up and down again: some letters have one capital in common. */
	return (uint32_t)towlower_l(towupper_l((wint_t)cp, set->locale), set->locale);
}

static struct slot name_hash(const struct name_set *set, const char *name, size_t len, bool folder)
{
	uint32_t folded[NAME_PATH_MAX];
	struct slot slot;
	size_t n = 0;

	for (size_t i = 0; i < len; n++) {
		uint32_t cp = 0;
		size_t step = text_utf8_decode(name + i, len - i, &cp);

		folded[n] = fold(set, cp);
		i += step > 0 ? step : 1;
	}
	slot.folded = hash(set->key, folded, n * sizeof(folded[0])) | 1;
	slot.exact = (hash(set->key, name, len) & ~(uint64_t)1) | (folder ? 1 : 0);
	return slot;
}

static struct slot *find(const struct name_set *set, uint64_t folded)
{
	size_t i = (size_t)(folded >> 1) & set->mask;

	while (set->slots[i].folded != 0 && set->slots[i].folded != folded)
		i = (i + 1) & set->mask;
	return &set->slots[i];
}

static bool grow(struct name_set *set)
{
	struct name_set bigger = { .mask = set->mask * 2 + 1 };

	bigger.slots = calloc(bigger.mask + 1, sizeof(*bigger.slots));
	if (bigger.slots == NULL)
		return false;
	for (size_t i = 0; i <= set->mask; i++) {
		if (set->slots[i].folded != 0)
			*find(&bigger, set->slots[i].folded) = set->slots[i];
	}
	free(set->slots);
	set->slots = bigger.slots;
	set->mask = bigger.mask;
	return true;
}

static bool add_one(struct name_set *set, const char *name, size_t len, bool folder, struct error *err)
{
	struct slot new = name_hash(set, name, len, folder), *slot = find(set, new.folded);

	if (slot->folded != 0) {
		if (folder && slot->exact == new.exact)
			return true;
		if ((slot->exact | 1) != (new.exact | 1))
			return error_set(err, FINDING_BUNDLE_DUPLICATE_MEMBER,
					 _("the member name \"%.*s\" is there twice, in different case"), (int)len, name);
		if (slot->exact != new.exact)
			return error_set(err, FINDING_BUNDLE_DUPLICATE_MEMBER,
					 _("the member name \"%.*s\" is there as a file and as a folder"), (int)len, name);
		return error_set(err, FINDING_BUNDLE_DUPLICATE_MEMBER, _("the member name \"%.*s\" is there twice"),
				 (int)len, name);
	}
	if (set->count >= set->max)
		return error_set(err, FINDING_BUNDLE_TOO_LARGE, _("there are more than %zu files and folders"), set->max);
	*slot = new;
	set->count++;
	if (set->count > set->mask / 4 * 3 && !grow(set))
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	return true;
}

bool name_set_add(struct name_set *set, const char *name, bool folder, struct error *err)
{
	const char *last = strrchr(name, '/');
	size_t parent = last != NULL ? (size_t)(last - name) : 0, known = strlen(set->parent);
	bool same = known > 0 && known <= parent && memcmp(name, set->parent, known) == 0 && name[known] == '/';

	for (size_t i = same ? known + 1 : 0; i <= parent && parent > 0; i++) {
		if (name[i] == '/' && !add_one(set, name, i, true, err))
			return false;
	}
	memcpy(set->parent, name, parent);
	set->parent[parent] = '\0';
	return add_one(set, name, strlen(name), folder, err);
}
