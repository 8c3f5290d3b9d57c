#include "ui.h"
extern int ui_placeholder_for_empty_archive; int ui_placeholder_for_empty_archive;
