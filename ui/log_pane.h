/* log_pane.h - the Log pane's own state, shared by its files only: pane_log.c (what is asked for), log_draw.c (the page and
 * the strip), log_lines.c (records as rows), log_filters.c (what is kept), log_saved.c (filters with a name), log_find.c
 * (searches and jumps), log_record.c (one record), log_sources.c (which log, by log_reach.c). The pane also is the log strip of the whole console: both show one view, read
 * once.
 */
#ifndef PC_UI_LOG_PANE_H
#define PC_UI_LOG_PANE_H

#include "app.h"
#include "log_reach.h"
#include "log_rows.h"
#include "logview/save.h"
#include "logview/update_span.h"
#include "pane.h"

#define LOG_CONDITIONS_MAX 16
#define LOG_UNFOLDED_MAX 64
#define LOG_SEARCH_MAX 1024
#define LOG_WIDE_COLS 110		/* from here on there is room for the date in a row */
#define LOG_TURN_US 2500			/* of work between two looks at the keys, for all of it */
#define LOG_SLICE_US 1000		/* of that, what one part takes while another waits */

enum { LOG_AREA = 2000 };	/* the item that holds the records */

enum log_choice { LOG_APPLIANCE, LOG_OWN, LOG_COMMAND, LOG_CHOICES };

enum log_format { LOG_SHORT, LOG_THREADS, LOG_RAW, LOG_FORMATS };

/* One search or jump at a time, in slices. */
enum log_goal { GOAL_NONE, GOAL_TEXT, GOAL_LEVEL, GOAL_TIME, GOAL_UPDATE_START, GOAL_UPDATE_END };

struct log_find {
	enum log_goal goal;
	struct walk *walk;
	struct update_search *update;
	bool backwards, other_way;	/* other_way: when it finds nothing, the other direction is looked at */
	const char *level;		/* of GOAL_LEVEL */
	unsigned int again;		/* asked for so often while it was under way: so many more are gone over */
	log_pos passed;			/* the last of these; LOG_POS_NONE */
	log_pos from;
	char text[LOG_SEARCH_MAX];	/* of the last search */
	char shown[LOG_SEARCH_MAX];	/* of the one that is shown: of the last, or what is being typed */
	struct filter *filter;		/* made of that; NULL: none */
	log_pos origin;			/* where the selection was before the search was typed */
	bool origin_follow;
};

struct log_pane {
	struct app *app;
	bool shown;			/* it is the pane that is seen */
	enum log_choice choice;
	char *name;			/* of the source, for people */
	char *path;			/* its file; NULL: a command */
	char *settings;			/* those that say which log, when it was opened */
	struct log_reach reach;
	bool or_own;			/* where there is no such file, this program's own log is shown */
	struct view *view;		/* NULL: it cannot be opened (yet), `why` says the reason */
	struct error why;
	struct log_rows rows, strip;
	int handle;			/* of the loop */
	bool more;			/* the view has work to do */
	bool awaited;			/* somebody typed, and what came of it is not on the screen yet */
	int timer;			/* of the loop: until the next frame may be asked for */
	int64_t credit, credit_ms;	/* bytes for frames that nobody typed for, and when that was worked out */
	uint64_t sent;			/* app_unasked_bytes() then */

	char *condition[LOG_CONDITIONS_MAX];	/* that hold together, each a text for filter_parse() */
	size_t conditions;
	enum record_level level;	/* lowest that is shown */
	bool in_context;		/* the filter is off for the moment */

	struct log_find find;
	struct save *save;
	char *save_path;
	char *saved_name;		/* of the saved filter that is being renamed or removed */

	int shift;			/* columns to the right */
	bool wrap, no_timeline, unfold_all;
	enum log_format format;
	log_pos unfolded[LOG_UNFOLDED_MAX];	/* a ring of those that are not as `unfold_all` says */
	size_t unfolded_count;
	struct walk *news;		/* over what comes while the end is not followed; NULL: nothing to go over */
	log_pos news_start, news_at;	/* where it begins, and where it has come to */
	uint64_t news_count;
	bool news_due;			/* something came that it has not gone over */
	bool was_following;
	int area_rows, area_cols;	/* in the last frame */
};

/* log_sources.c */
/* Opens a source in place of the one that is open. */
void log_pane_open(struct log_pane *p, enum log_choice choice);
void log_pane_close(struct log_pane *p);
/* The one that the settings ask for. */
void log_pane_open_first(struct log_pane *p);
/* The settings were changed: opens another one when they ask for that. */
void log_settings_changed(struct log_pane *p);
void log_choose_source(struct log_pane *p);
/* What is to be said of the state: "following", "connecting again in 4 s: ..."; "" when it is read as it stands. */
void log_state_text(const struct log_pane *p, struct buffer *out);

/* log_filters.c */
/* Adds a condition, or takes it away when it is there. False: *err says what is wrong with it. */
bool log_condition_toggle(struct log_pane *p, const char *text, struct error *err);
bool log_condition_has(const struct log_pane *p, const char *text);
/* Takes all of them away. False when there were none. */
bool log_conditions_clear(struct log_pane *p);
/* Puts what is chosen into force. */
bool log_filter_apply(struct log_pane *p, struct error *err);
/* The whole filter as a text; "" when everything is shown. */
void log_filter_text(const struct log_pane *p, struct buffer *out);
void log_filter_prompt(struct log_pane *p, bool exclude);
void log_filter_by_record(struct log_pane *p, enum filter_kind kind);
void log_level_next(struct log_pane *p);
/* Nothing but the filter of that text. */
void log_filter_use(struct log_pane *p, const char *text);

/* log_saved.c */
void log_saved_filters(struct log_pane *p);

/* log_find.c */
void log_search_prompt(struct log_pane *p);
void log_search_again(struct log_pane *p, bool backwards);
void log_find_level(struct log_pane *p, const char *level, bool backwards);
void log_time_prompt(struct log_pane *p);
void log_find_update(struct log_pane *p, bool end);
/* False when nothing is searched for. */
bool log_find_cancel(struct log_pane *p);
/* Works; true when something changed. */
bool log_find_step(struct log_pane *p, int64_t budget_us);
void log_find_clear(struct log_pane *p);
/* The view's filter is another one, or off: what is searched for is counted anew. */
void log_find_count(struct log_pane *p);

/* log_draw.c */
void log_draw_page(struct log_pane *p, struct page *page);

/* log_lines.c */
/* Bytes of a safe text that make up its first `cols` columns. */
size_t log_bytes_of_columns(const char *text, int cols);
/* The lines that a record takes, with the mark in front of it; `data` is the pane. */
int log_record_height(void *data, log_pos pos);
/* Puts `rows` lines: the records as they were arranged. */
void log_put_records(struct log_pane *p, struct page *page, int rows);
void log_put_strip_row(struct log_pane *p, struct page *page, log_pos pos);

/* log_record.c */
void log_open_record(struct log_pane *p);

#endif
