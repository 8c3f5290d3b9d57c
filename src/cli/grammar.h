/* grammar.h - what a command takes, read from its row of commands.def: verbs, options, values, and what each is for.
 *
 * The synopsis and the help are written for people and follow one form, so that the completion and the man page need no
 * second table. The form: " | " at the outermost level separates verbs ("list | show NAME"); a word in capitals is a value;
 * in the help an item stands after two spaces (four: it belongs to the verb above), then two spaces or more, then what it
 * is for.
 */
#ifndef PC_CLI_GRAMMAR_H
#define PC_CLI_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>

#define GRAMMAR_NAME_MAX 32
#define GRAMMAR_TEXT_MAX 240
#define GRAMMAR_VALUES_MAX 4
#define GRAMMAR_VERBS_MAX 20
#define GRAMMAR_OPTIONS_MAX 64

struct grammar_values {
	char names[GRAMMAR_VALUES_MAX][GRAMMAR_NAME_MAX];	/* "NAME", "USAGE" */
	size_t count;
	bool repeated;			/* the last one may be given again */
};

struct grammar_verb {
	char name[GRAMMAR_NAME_MAX];	/* "show"; "" for a command without verbs */
	struct grammar_values values;
	char text[GRAMMAR_TEXT_MAX];
};

struct grammar_option {
	char name[GRAMMAR_NAME_MAX];	/* "--usage" or "-o" */
	char verb[GRAMMAR_NAME_MAX];	/* of this verb only; "": of the command */
	struct grammar_values values;
	char text[GRAMMAR_TEXT_MAX];
};

struct grammar {
	struct grammar_verb verbs[GRAMMAR_VERBS_MAX];	/* at least one; a single nameless one: no verbs */
	size_t verb_count;
	struct grammar_option options[GRAMMAR_OPTIONS_MAX];
	size_t option_count;
};

/* Both texts as they stand in the table or translated; the names in them are not translated. */
void grammar_read(struct grammar *g, const char *synopsis, const char *help);

const struct grammar_verb *grammar_verb(const struct grammar *g, const char *name);
/* The option of the verb, or else of the command; NULL when there is none. */
const struct grammar_option *grammar_option(const struct grammar *g, const char *verb, const char *name);

enum grammar_line_kind {
	GRAMMAR_BLANK,
	GRAMMAR_TEXT,		/* running text */
	GRAMMAR_ITEM,		/* term and text */
	GRAMMAR_MORE,		/* goes on with the text of the item above */
	GRAMMAR_EXAMPLE		/* "Example: command" */
};

struct grammar_line {
	enum grammar_line_kind kind;
	int level;			/* of an item: 0, 1 */
	const char *term;		/* of an item; borrowed from the help, like text */
	size_t term_len;
	const char *text;		/* of an example: the command */
	size_t text_len;
};

/* The next line of a help; *rest moves on. False at the end. */
bool grammar_next_line(const char **rest, struct grammar_line *line);

#endif
