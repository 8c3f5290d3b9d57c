#include "frame.h"

#include <stdio.h>
#include <string.h>

/* Where the parts of "ESC [ 19 ; 23 r  ESC [ 23 ; 1 H  LF  ESC [ 1 ; 24 r  ESC [ 23 ; 1 H  text ..." begin and end; or of
 * "ESC 7  ESC [ 19 ; 23 r  ESC 8  CR  LF  ESC [ 1 ; 24 r ...", where the cursor was in the region's last row already. */
struct scroll {
	size_t region, region_len;
	size_t go, move;		/* from here on it can be sent alone while the region is in force; bytes of the move there */
	size_t feed, reset;		/* ends */
};

/* Length of a control sequence "ESC [ numbers final" at `at`; 0 when there is none. */
static size_t sequence(const char *at, size_t n, char final)
{
	size_t i = 2;

	if (n < 3 || at[0] != '\033' || at[1] != '[')
		return 0;
	while (i < n && ((at[i] >= '0' && at[i] <= '9') || at[i] == ';'))
		i++;
	return i < n && at[i] == final ? i + 1 : 0;
}

static bool begins(const char *bytes, size_t n, size_t at, const char *what)
{
	return n >= at + strlen(what) && memcmp(bytes + at, what, strlen(what)) == 0;
}

/* Does the frame begin with a scroll by one or more lines within a region? */
static bool find_scroll(const char *bytes, size_t n, int rows, struct scroll *out)
{
	bool stays = begins(bytes, n, 0, "\0337");
	char whole[FRAME_REGION_MAX];
	size_t feeds;

	*out = (struct scroll){ .region = stays ? 2 : 0 };
	out->region_len = sequence(bytes + out->region, n - out->region, 'r');
	out->go = out->region + out->region_len;
	if (out->region_len == 0 || out->region_len >= FRAME_REGION_MAX)
		return false;
	if (stays && begins(bytes, n, out->go, "\0338"))
		out->go += 2;
	else if (stays || (out->move = sequence(bytes + out->go, n - out->go, 'H')) == 0)
		return false;
	feeds = out->go + out->move + (stays && begins(bytes, n, out->go, "\r"));
	out->feed = feeds;
	while (out->feed < n && bytes[out->feed] == '\n')
		out->feed++;
	snprintf(whole, sizeof(whole), "\033[1;%dr", rows);
	out->reset = out->feed + strlen(whole);
	return out->feed > feeds && begins(bytes, n, out->feed, whole);
}

/* Is what follows the reset the same with the region in force? Text, attributes, erasing to the end of the line and absolute
 * moves are, within the line or not; relative moves, tabs and line feeds may stop or scroll at the region's edges. */
static bool is_plain(const char *bytes, size_t n)
{
	if (sequence(bytes, n, 'H') == 0)	/* the reset moved the cursor */
		return false;
	while (n > 0) {
		size_t len = 1;

		if (bytes[0] == '\033') {
			len = sequence(bytes, n, 'H');
			len = len > 0 ? len : sequence(bytes, n, 'd');
			len = len > 0 ? len : sequence(bytes, n, 'G');
			len = len > 0 ? len : sequence(bytes, n, 'm');
			len = len > 0 ? len : sequence(bytes, n, 'K');
			if (len == 0 && n >= 3 && bytes[1] == '(' && bytes[2] == 'B')
				len = 3;
			if (len == 0)
				return false;
		} else if ((unsigned char)bytes[0] < ' ' && bytes[0] != '\r') {
			return false;
		}
		bytes += len;
		n -= len;
	}
	return true;
}

void frame_release(struct frame_state *s, int row, int col, struct buffer *out)
{
	if (s->held)
		buffer_printf(out, "\033[r\033[%d;%dH", row + 1, col + 1);
	s->held = false;
}

void frame_hold(struct frame_state *s, const struct frame_tail *tail, struct buffer *out)
{
	if (s->held && strcmp(s->region, tail->region) == 0)
		return;
	buffer_printf(out, tail->instead ? "\0337%s\0338" : "%s", tail->region);
	snprintf(s->region, sizeof(s->region), "%s", tail->region);
	s->held = true;
}

void frame_shorten(struct frame_state *s, const char *bytes, size_t n, int rows, int row, int col, struct buffer *out)
{
	char region[FRAME_REGION_MAX];
	struct scroll parts;
	size_t from;

	if (n == 0)
		return;
	if (!find_scroll(bytes, n, rows, &parts) || !is_plain(bytes + parts.reset, n - parts.reset)) {
		frame_release(s, row, col, out);
		buffer_append(out, bytes, n);
		return;
	}
	snprintf(region, sizeof(region), "%.*s", (int)parts.region_len, bytes + parts.region);
	from = s->held && strcmp(s->region, region) == 0 ? parts.go : 0;
	buffer_append(out, bytes + from, parts.feed - from);
	memcpy(s->region, region, sizeof(region));
	s->held = true;
	/* A move to where the cursor stands already: the line feed left it in its column. */
	if (n - parts.reset >= parts.move && memcmp(bytes + parts.reset, bytes + parts.go, parts.move) == 0)
		parts.reset += parts.move;
	buffer_append(out, bytes + parts.reset, n - parts.reset);
}
