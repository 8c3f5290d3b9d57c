/* ui.h - the full-screen console. */
#ifndef PC_UI_UI_H
#define PC_UI_UI_H

#endif
