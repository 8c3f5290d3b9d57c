#include "appliance/answer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "base/text.h"
#include "base/whole_json.h"

#define DEPTH_MAX 4

bool answer_is_page(const struct answer *a)
{
	size_t i = 0;

	if (strncasecmp(a->content_type, "text/html", 9) == 0)
		return true;
	while (i < a->len && strchr(" \t\r\n", a->body[i]) != NULL)
		i++;
	return i < a->len && a->body[i] == '<';
}

/* {"message": ...}, in "response" or in the first of "messages", as the different parts of the API have it. */
static const char *find_message(const json_t *json, int depth)
{
	static const char *const keys[] = { "message", "title", "error_description", "error" };
	static const char *const inner[] = { "response", "ERSResponse", "messages", "error" };
	const char *text = NULL;

	if (depth > DEPTH_MAX)
		return NULL;
	if (json_is_array(json))
		return find_message(json_array_get(json, 0), depth + 1);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && text == NULL; i++)
		text = json_string_value(json_object_get(json, keys[i]));
	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]) && text == NULL; i++) {
		const json_t *part = json_object_get(json, inner[i]);

		if (part != NULL)
			text = find_message(part, depth + 1);
	}
	return text;
}

/* A message may quote what was sent. */
static void hide_secret(char *text, const char *secret)
{
	char *found;

	if (secret == NULL || secret[0] == '\0')
		return;
	while ((found = strstr(text, secret)) != NULL) {
		size_t len = strlen(secret);

		memmove(found + 1, found + len, strlen(found + len) + 1);
		*found = '*';
		text = found + 1;
	}
}

char *answer_message(const struct answer *a, char dst[ANSWER_MESSAGE_MAX])
{
	json_t *json = json_loadb(a->body, a->len, JSON_REJECT_DUPLICATES, NULL);
	const char *text = find_message(json, 0);
	char *copy = text != NULL ? strdup(text) : NULL;

	dst[0] = '\0';
	if (copy != NULL) {
		hide_secret(copy, a->secrets[0]);
		hide_secret(copy, a->secrets[1]);
		text_safe(dst, ANSWER_MESSAGE_MAX, copy);
		explicit_bzero(copy, strlen(copy));
		free(copy);
	}
	json_decref(json);
	return dst;
}

static bool refuse(struct error *err, enum finding code, const struct answer *a, const char *what)
{
	char message[ANSWER_MESSAGE_MAX];

	answer_message(a, message);
	if (message[0] != '\0')
		return error_set(err, code, _("%s: %s (status %ld: \"%s\")"), a->host, what, a->status, message);
	return error_set(err, code, _("%s: %s (status %ld)"), a->host, what, a->status);
}

static bool refuse_request(const struct answer *a, struct error *err)
{
	char message[ANSWER_MESSAGE_MAX];

	if (a->status == 409)
		return refuse(err, FINDING_NODE_REFUSED, a, _("the appliance says that this contradicts what it holds"));
	refuse(err, FINDING_NODE_REFUSED, a, _("the appliance refuses the request"));
	if (strcasestr(answer_message(a, message), "security check") != NULL)
		error_next(err, _("A comma or an apostrophe in the name or the description does this: give another description with "
				  "--description TEXT, or make the change in the appliance's web page. Nothing was changed."));
	return false;
}

bool answer_check(const struct answer *a, struct error *err)
{
	switch (a->status) {
	case 200: case 201: case 202: case 204:
		return true;
	case 401:
		return refuse(err, FINDING_NODE_UNAUTHORIZED, a, _("the appliance does not accept the user name or the password"));
	case 403:
		error_set(err, FINDING_NODE_FORBIDDEN, _("%s: the appliance does not let %s do this (%s)"), a->host, a->user, a->path);
		return false;
	case 404:
		if (answer_is_page(a) || a->len == 0)
			return refuse(err, FINDING_NODE_API_DISABLED, a, _("the API that this needs is not there"));
		return refuse(err, FINDING_NODE_API_DISABLED, a, _("the appliance does not know what was asked for"));
	case 400: case 405: case 406: case 409: case 412: case 415: case 417: case 422:
		return refuse_request(a, err);
	case 429:
		return refuse(err, FINDING_NODE_RATE_LIMITED, a, _("the appliance refuses because too many requests came"));
	default:
		break;
	}
	if (a->status >= 500)
		return refuse(err, FINDING_NODE_ERROR, a, _("the appliance failed"));
	if (a->status >= 300 && a->status < 400)
		return refuse(err, FINDING_NODE_API_DISABLED, a, _("the appliance sends the request elsewhere, as to a login page"));
	return refuse(err, FINDING_NODE_ANSWER_INVALID, a, _("the appliance's answer is not understood"));
}

bool answer_json(const struct answer *a, json_t **out, struct error *err)
{
	json_error_t why;
	bool out_of_memory;
	char text[JSON_ERROR_TEXT_LENGTH];

	*out = NULL;
	if (answer_is_page(a))
		return error_set(err, FINDING_NODE_API_DISABLED, _("%s: a web page came in place of the API's answer (%s)"), a->host,
				 a->path);
	*out = whole_json_parse(a->body, a->len, &why, &out_of_memory);
	if (out_of_memory)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (*out == NULL)
		return error_set(err, FINDING_NODE_ANSWER_INVALID, _("%s: the answer is no JSON: %s (%s)"), a->host,
				 text_safe(text, sizeof(text), why.text), a->path);
	if (json_is_object(*out))
		return true;
	json_decref(*out);
	*out = NULL;
	return error_set(err, FINDING_NODE_ANSWER_INVALID, _("%s: the answer is no JSON object (%s)"), a->host, a->path);
}
