// Every template and static file of the hub. A new one is a file, and an entry in this list.
#include "CHubAssets.h"

// clang has had #embed, a word of C23, since version 19.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const struct hub_asset assets[] = {
  // Styles are joined in this order to the one that pages load.
  {"base.css", (const char[]){
#embed "Static/base.css"
  , 0}},
  {"repository.css", (const char[]){
#embed "Static/repository.css"
  , 0}},
  {"explore.css", (const char[]){
#embed "Static/explore.css"
  , 0}},
  {"people.css", (const char[]){
#embed "Static/people.css"
  , 0}},
  {"site.js", (const char[]){
#embed "Static/site.js"
  , 0}},
  {"explore.js", (const char[]){
#embed "Static/explore.js"
  , 0}},
  {"edit.js", (const char[]){
#embed "Static/edit.js"
  , 0}},
  {"upload.js", (const char[]){
#embed "Static/upload.js"
  , 0}},
  {"favicon.svg", (const char[]){
#embed "Static/favicon.svg"
  , 0}},
  {"guide.md", (const char[]){
#embed "../../Documentation/hub.md"
  , 0}},
  {"layout", (const char[]){
#embed "Templates/layout.mustache"
  , 0}},
  {"home", (const char[]){
#embed "Templates/home.mustache"
  , 0}},
  {"explore", (const char[]){
#embed "Templates/explore.mustache"
  , 0}},
  {"card", (const char[]){
#embed "Templates/card.mustache"
  , 0}},
  {"first-run", (const char[]){
#embed "Templates/first-run.mustache"
  , 0}},
  {"leaderboard", (const char[]){
#embed "Templates/leaderboard.mustache"
  , 0}},
  {"tasks", (const char[]){
#embed "Templates/tasks.mustache"
  , 0}},
  {"task", (const char[]){
#embed "Templates/task.mustache"
  , 0}},
  {"subtask", (const char[]){
#embed "Templates/subtask.mustache"
  , 0}},
  {"languages", (const char[]){
#embed "Templates/languages.mustache"
  , 0}},
  {"language", (const char[]){
#embed "Templates/language.mustache"
  , 0}},
  {"bases", (const char[]){
#embed "Templates/bases.mustache"
  , 0}},
  {"base-model", (const char[]){
#embed "Templates/base-model.mustache"
  , 0}},
  {"problem", (const char[]){
#embed "Templates/problem.mustache"
  , 0}},
  {"login", (const char[]){
#embed "Templates/login.mustache"
  , 0}},
  {"repository-head", (const char[]){
#embed "Templates/repository-head.mustache"
  , 0}},
  {"adapter", (const char[]){
#embed "Templates/adapter.mustache"
  , 0}},
  {"revision-picker", (const char[]){
#embed "Templates/revision-picker.mustache"
  , 0}},
  {"files", (const char[]){
#embed "Templates/files.mustache"
  , 0}},
  {"file", (const char[]){
#embed "Templates/file.mustache"
  , 0}},
  {"commits", (const char[]){
#embed "Templates/commits.mustache"
  , 0}},
  {"difference", (const char[]){
#embed "Templates/difference.mustache"
  , 0}},
  {"guide", (const char[]){
#embed "Templates/guide.mustache"
  , 0}},
  {"compare", (const char[]){
#embed "Templates/compare.mustache"
  , 0}},
  {"device", (const char[]){
#embed "Templates/device.mustache"
  , 0}},
  {"invitation", (const char[]){
#embed "Templates/invitation.mustache"
  , 0}},
  {"join", (const char[]){
#embed "Templates/join.mustache"
  , 0}},
  {"password", (const char[]){
#embed "Templates/password.mustache"
  , 0}},
  {"reset", (const char[]){
#embed "Templates/reset.mustache"
  , 0}},
  {"secret", (const char[]){
#embed "Templates/secret.mustache"
  , 0}},
  {"sessions", (const char[]){
#embed "Templates/sessions.mustache"
  , 0}},
  {"settings-head", (const char[]){
#embed "Templates/settings-head.mustache"
  , 0}},
  {"settings", (const char[]){
#embed "Templates/settings.mustache"
  , 0}},
  {"tokens", (const char[]){
#embed "Templates/tokens.mustache"
  , 0}},
  {"organisation-new", (const char[]){
#embed "Templates/organisation-new.mustache"
  , 0}},
  {"organisation-settings", (const char[]){
#embed "Templates/organisation-settings.mustache"
  , 0}},
  {"profile", (const char[]){
#embed "Templates/profile.mustache"
  , 0}},
  {"access", (const char[]){
#embed "Templates/access.mustache"
  , 0}},
  {"edit", (const char[]){
#embed "Templates/edit.mustache"
  , 0}},
  {"new", (const char[]){
#embed "Templates/new.mustache"
  , 0}},
  {"repository-settings", (const char[]){
#embed "Templates/repository-settings.mustache"
  , 0}},
  {"upload", (const char[]){
#embed "Templates/upload.mustache"
  , 0}},
  {"hub-audit", (const char[]){
#embed "Templates/hub-audit.mustache"
  , 0}},
  {"hub-head", (const char[]){
#embed "Templates/hub-head.mustache"
  , 0}},
  {"hub-jobs", (const char[]){
#embed "Templates/hub-jobs.mustache"
  , 0}},
  {"hub-storage", (const char[]){
#embed "Templates/hub-storage.mustache"
  , 0}},
  {"hub-user", (const char[]){
#embed "Templates/hub-user.mustache"
  , 0}},
  {"hub-users", (const char[]){
#embed "Templates/hub-users.mustache"
  , 0}},
  {"hub", (const char[]){
#embed "Templates/hub.mustache"
  , 0}},
};

size_t hub_asset_count(void) { return sizeof assets / sizeof assets[0]; }

struct hub_asset hub_asset_at(size_t index) { return assets[index]; }
