/* pane_proxy.h - what others ask of the Proxy pane. */
#ifndef PC_UI_PANE_PROXY_H
#define PC_UI_PANE_PROXY_H

#include <stdbool.h>

struct app;

/* Goes to the Proxy pane, to the field of that setting ("proxy.host") or to "password". False for any other name. */
bool pane_proxy_go(struct app *app, const char *setting);

#endif
