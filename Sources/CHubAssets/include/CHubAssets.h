// The hub's templates and static files, as parts of the program itself.
#ifndef C_HUB_ASSETS_H
#define C_HUB_ASSETS_H

#include <stddef.h>

/// A text file that is part of the program: its name with its ending, and its text.
struct hub_asset {
  const char *name;
  const char *text;
};

/// How many files there are.
size_t hub_asset_count(void);

/// The file of a number below the count.
struct hub_asset hub_asset_at(size_t index);

#endif
