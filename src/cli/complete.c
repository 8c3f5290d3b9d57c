/* posture-console complete WORD...: what the shells' completion asks. Not shown in the help: it is no command for people.
 * The words are those after the program's name; the last one is being typed and may be empty. */
#include "cli/complete.h"

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "cli/grammar.h"

static const struct global {
	const char *name, *short_name, *value, *help;
} globals[] = {
#define GLOBAL(id, name, short_name, value, help) { "--" name, "-" short_name, value, help },
#include "cli/globals.def"
#undef GLOBAL
};

#define GLOBALS (sizeof(globals) / sizeof(globals[0]))

static const struct global *find_global(const char *word)
{
	for (size_t i = 0; i < GLOBALS; i++) {
		if (strcmp(globals[i].name, word) == 0 ||
		    (globals[i].short_name[1] != '\0' && strcmp(globals[i].short_name, word) == 0))
			return &globals[i];
	}
	return NULL;
}

static void add_globals(const struct complete *c)
{
	for (size_t i = 0; i < GLOBALS; i++) {
		/* --version stands alone. */
		if (c->command == NULL || strcmp(globals[i].name, "--version") != 0)
			complete_add(c, globals[i].name, _(globals[i].help));
	}
}

static void add_commands(const struct complete *c)
{
	size_t count;
	const struct cli_command *commands = cli_commands(&count);

	for (size_t i = 0; i < count; i++)
		complete_add(c, commands[i].name, _(commands[i].summary));
}

static bool has_verbs(const struct grammar *g)
{
	return g->verbs[0].name[0] != '\0';
}

static void add_options(const struct complete *c, const struct grammar *g)
{
	for (size_t i = 0; i < g->option_count; i++) {
		const struct grammar_option *option = &g->options[i];

		if (option->verb[0] == '\0' || strcmp(option->verb, c->verb) == 0)
			complete_add(c, option->name, option->text);
	}
	add_globals(c);
}

/* The `n`th argument of the command or verb. */
static void add_argument(const struct complete *c, const struct grammar *g, size_t n)
{
	const struct grammar_verb *verb = grammar_verb(g, c->verb);

	if (has_verbs(g) && c->verb[0] == '\0') {
		for (size_t i = 0; i < g->verb_count; i++)
			complete_add(c, g->verbs[i].name, g->verbs[i].text);
		return;
	}
	if (verb == NULL || verb->values.count == 0)
		return;
	if (n >= verb->values.count && !verb->values.repeated)
		return;
	complete_value(c, verb->values.names[n < verb->values.count ? n : verb->values.count - 1]);
}

/* Where one stands while the words are read. */
struct position {
	const char *command, *verb, *option;
	const struct grammar_values *values;	/* of the option whose values come now; NULL: none */
	struct grammar_values global;
	size_t value, argument;			/* which value of it, which argument */
};

static void take_global(struct cli *cli, const char *option, const char *word)
{
	if (strcmp(option, "--config") == 0)
		cli->config_path = word;
	else if (strcmp(option, "--state-dir") == 0)
		cli->state_dir = word;
}

static void take_option(struct position *p, const struct grammar *g, const char *word)
{
	const struct global *global = find_global(word);
	const struct grammar_option *option = p->command != NULL ? grammar_option(g, p->verb, word) : NULL;

	p->option = word;
	p->value = 0;
	p->values = NULL;
	if (option != NULL && option->values.count > 0) {
		p->values = &option->values;
	} else if (global != NULL && global->value[0] != '\0') {
		p->global = (struct grammar_values){ .count = 1 };
		snprintf(p->global.names[0], sizeof(p->global.names[0]), "%s", global->value);
		p->values = &p->global;
	}
}

static void take_word(struct cli *cli, struct position *p, struct grammar *g, const char *word)
{
	if (p->values != NULL) {
		take_global(cli, p->option, word);
		if (++p->value >= p->values->count)
			p->values = NULL;
	} else if (word[0] == '-' && word[1] != '\0') {
		take_option(p, g, word);
	} else if (p->command == NULL) {
		const struct cli_command *command = cli_command_find(word);

		p->command = word;
		if (command != NULL)
			grammar_read(g, command->synopsis, _(command->help));
	} else if (p->verb[0] == '\0' && g->verb_count > 0 && has_verbs(g)) {
		p->verb = word;
	} else {
		p->argument++;
	}
}

static void add_candidates(const struct complete *c, const struct position *p, const struct grammar *g)
{
	if (p->values != NULL)
		complete_value(c, p->values->names[p->value]);
	else if (c->command == NULL && c->word[0] == '-')
		add_globals(c);
	else if (c->command == NULL)
		add_commands(c);
	else if (g->verb_count == 0)
		return;
	else if (c->word[0] == '-')
		add_options(c, g);
	else
		add_argument(c, g, p->argument);
}

int cli_complete(struct cli *cli, int argc, char **argv)
{
	struct buffer out = BUFFER_INIT(COMPLETE_MAX_BYTES);
	struct grammar g = { .verb_count = 0 };
	struct position p = { .verb = "" };
	struct complete c = { .cli = cli, .out = &out, .word = "", .previous = "" };

	for (int i = 1; i + 1 < argc; i++) {
		take_word(cli, &p, &g, argv[i]);
		c.previous = argv[i];
	}
	if (argc > 1)
		c.word = argv[argc - 1];
	c.command = p.command;
	c.verb = p.verb;
	c.option = p.values != NULL ? p.option : NULL;
	add_candidates(&c, &p, &g);
	fputs(buffer_text(&out), stdout);
	buffer_clear(&out);
	return EXIT_OK;
}
