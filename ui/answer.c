#include "answer.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/i18n.h"

#define DOCUMENT_MAX_BYTES (4u * 1024 * 1024)

struct answer {
	struct run *run;
	struct buffer text;
	void (*done)(void *data, const json_t *document, const char *errors);
	void *data;
};

static void answer_free(struct answer *answer)
{
	buffer_clear(&answer->text);
	free(answer);
}

static void take_line(void *data, const char *line, size_t len, const json_t *event)
{
	struct answer *answer = data;

	(void)event;
	buffer_append(&answer->text, line, len);
	buffer_putc(&answer->text, '\n');
}

static void take_end(void *data, int code, const char *errors)
{
	struct answer *answer = data;
	json_t *document = answer->text.failed ? NULL : json_loadb(buffer_text(&answer->text), answer->text.len, 0, NULL);

	(void)code;
	answer->done(answer->data, document, errors);
	json_decref(document);
	answer_free(answer);
}

struct answer *answer_start(struct app *a, const char *const *arguments,
			    void (*done)(void *data, const json_t *document, const char *errors), void *data,
			    struct error *err)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	const struct run_options options = { .line = take_line, .end = take_end, .data = answer };

	if (answer == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		return NULL;
	}
	answer->text = (struct buffer)BUFFER_INIT(DOCUMENT_MAX_BYTES);
	answer->done = done;
	answer->data = data;
	answer->run = app_start(a, arguments, &options, err);
	if (answer->run != NULL)
		return answer;
	answer_free(answer);
	return NULL;
}

void answer_forget(struct answer *answer)
{
	if (answer == NULL)
		return;
	run_forget(answer->run);
	answer_free(answer);
}
