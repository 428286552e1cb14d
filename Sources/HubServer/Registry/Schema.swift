/// The tables of the registry, and how an older file comes to have them.
internal import Files
internal import Foundation
internal import GRDB

/// The database's layout, version by version.
enum Schema {
  /// What brings a file from version n to n + 1.
  ///
  /// Never edit one that was released: add another.
  static let steps: [String] = [first, second]

  /// "AHub": tells our file from other SQLite files.
  static let applicationID = 0x4148_7562

  /// Brings a file to the newest version in one transaction, after a copy of what was there.
  ///
  /// The copy goes into the backup folder; nothing is copied of a new file.
  ///
  /// - Throws: `FileFailure` for a file of another program, or of a newer version of this one.
  static func migrate(_ pool: DatabasePool, path: String, backupFolder: String) throws {
    let (version, isEmpty) = try pool.read { database in
      (
        try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0,
        try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") == 0
      )
    }
    if !isEmpty { try pool.read { try check($0, path: path) } }
    guard version < steps.count else { return }
    if !isEmpty {
      try makeFolderDurably(backupFolder)
      let copy =
        "\(backupFolder)/before-version-\(steps.count)-\(Int(Date().timeIntervalSince1970)).sqlite"
      try pool.vacuum(into: copy)
    }
    try pool.write { database in
      for step in steps[version...] { try database.execute(sql: step) }
      try database.execute(sql: "PRAGMA user_version = \(steps.count)")
      try database.execute(sql: "PRAGMA application_id = \(applicationID)")
    }
  }

  /// Refuses a file that this program cannot open.
  ///
  /// - Throws: `FileFailure` for a file of another program, or of a newer version of this one.
  static func check(_ database: Database, path: String) throws {
    let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
    let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    guard application == applicationID else {
      throw FileFailure(path, "is the database of another program")
    }
    guard version <= steps.count else {
      throw FileFailure(
        path, "has layout version \(version), this program knows \(steps.count)",
        hint: "it was written by a newer adapterhub: use that one, or another backup")
    }
  }

  /// Version 2: accounts in the browser, and what the pages show.
  private static let second = [sessions, links, protectedTags, storage, explore].joined(
    separator: "\n")

  private static let first = """
    CREATE TABLE accounts (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE COLLATE NOCASE,
      kind TEXT NOT NULL CHECK (kind IN ('user', 'org')),
      full_name TEXT NOT NULL DEFAULT '',
      email TEXT,
      is_administrator INTEGER NOT NULL DEFAULT 0,
      is_disabled INTEGER NOT NULL DEFAULT 0,
      -- scrypt$n$r$p$salt$key; nothing for organisations and for users without one.
      password TEXT,
      must_change_password INTEGER NOT NULL DEFAULT 0,
      quota_bytes INTEGER,
      created_at INTEGER NOT NULL
    );
    CREATE TABLE memberships (
      organisation_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      user_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      role TEXT NOT NULL CHECK (role IN ('read', 'contributor', 'write', 'admin')),
      PRIMARY KEY (organisation_id, user_id)
    ) WITHOUT ROWID;
    CREATE INDEX memberships_of_user ON memberships (user_id);

    CREATE TABLE repositories (
      -- Never given twice: what is kept in memory under a number must not become another's.
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      owner_id INTEGER NOT NULL REFERENCES accounts (id),
      name TEXT NOT NULL COLLATE NOCASE,
      creator_id INTEGER REFERENCES accounts (id) ON DELETE SET NULL,
      is_private INTEGER NOT NULL DEFAULT 0,
      gated TEXT NOT NULL DEFAULT 'no' CHECK (gated IN ('no', 'auto', 'manual')),
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      -- A repository that was deleted keeps its content until it is swept.
      deleted_at INTEGER,
      downloads INTEGER NOT NULL DEFAULT 0,
      downloads_all_time INTEGER NOT NULL DEFAULT 0,
      likes INTEGER NOT NULL DEFAULT 0,
      trending REAL NOT NULL DEFAULT 0,
      used_bytes INTEGER NOT NULL DEFAULT 0
    );
    CREATE UNIQUE INDEX repository_names ON repositories (owner_id, name) WHERE deleted_at IS NULL;
    CREATE INDEX repositories_by_update ON repositories (updated_at, id) WHERE deleted_at IS NULL;
    CREATE INDEX repositories_by_creation ON repositories (created_at, id) WHERE deleted_at IS NULL;
    CREATE INDEX repositories_by_downloads ON repositories (downloads, id) WHERE deleted_at IS NULL;
    CREATE INDEX repositories_by_likes ON repositories (likes, id) WHERE deleted_at IS NULL;
    CREATE INDEX repositories_by_trend ON repositories (trending, id) WHERE deleted_at IS NULL;

    -- Where a repository was before it was renamed: lower-case owner/name.
    CREATE TABLE moves (
      old_name TEXT PRIMARY KEY,
      repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE
    ) WITHOUT ROWID;

    CREATE TABLE tokens (
      id INTEGER PRIMARY KEY,
      account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      -- SHA-256 of the token, which itself is shown once and kept nowhere.
      hash TEXT NOT NULL UNIQUE,
      prefix TEXT NOT NULL,
      scope TEXT NOT NULL CHECK (scope IN ('read', 'write')),
      repository_id INTEGER REFERENCES repositories (id) ON DELETE CASCADE,
      created_at INTEGER NOT NULL,
      expires_at INTEGER,
      last_used_at INTEGER
    );
    CREATE INDEX tokens_of_account ON tokens (account_id);

    -- Git's name of a file's content, and where the content is.
    CREATE TABLE files (
      name TEXT PRIMARY KEY,
      digest TEXT NOT NULL,
      byte_count INTEGER NOT NULL,
      is_large INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX files_by_digest ON files (digest);
    CREATE TABLE trees (name TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;

    -- Every file that any commit of a repository holds.
    CREATE TABLE repository_files (
      repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
      name TEXT NOT NULL REFERENCES files (name),
      PRIMARY KEY (repository_id, name)
    ) WITHOUT ROWID;
    CREATE INDEX repositories_of_file ON repository_files (name);

    CREATE TABLE commits (
      repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      tree TEXT NOT NULL REFERENCES trees (name),
      parent TEXT,
      author TEXT NOT NULL,
      time INTEGER NOT NULL,
      title TEXT NOT NULL,
      message TEXT NOT NULL,
      PRIMARY KEY (repository_id, name)
    ) WITHOUT ROWID;
    -- Commits that no branch or tag leads to, and since when that is known.
    CREATE TABLE unreachable (
      repository_id INTEGER NOT NULL,
      name TEXT NOT NULL,
      since INTEGER NOT NULL,
      PRIMARY KEY (repository_id, name),
      FOREIGN KEY (repository_id, name) REFERENCES commits (repository_id, name) ON DELETE CASCADE
    ) WITHOUT ROWID;
    CREATE TABLE revisions (
      repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
      kind TEXT NOT NULL CHECK (kind IN ('branch', 'tag')),
      name TEXT NOT NULL,
      commit_name TEXT NOT NULL,
      message TEXT,
      PRIMARY KEY (repository_id, kind, name),
      FOREIGN KEY (repository_id, commit_name) REFERENCES commits (repository_id, name)
    ) WITHOUT ROWID;

    -- Content that was uploaded ahead of the commit that will name it.
    CREATE TABLE uploads (
      repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
      digest TEXT NOT NULL,
      byte_count INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (repository_id, digest)
    ) WITHOUT ROWID;
    CREATE INDEX uploads_by_digest ON uploads (digest);

    -- What the files of the main branch say, in the columns that lists need.
    CREATE TABLE descriptions (
      repository_id INTEGER PRIMARY KEY REFERENCES repositories (id) ON DELETE CASCADE,
      commit_name TEXT NOT NULL,
      library TEXT,
      task TEXT,
      parameters INTEGER,
      -- JSON: the card's front matter, the configuration for clients, the adapter's facts, the tags.
      card TEXT NOT NULL,
      configuration TEXT NOT NULL,
      facts TEXT,
      tags TEXT NOT NULL
    );
    CREATE TABLE tags (
      tag TEXT NOT NULL COLLATE NOCASE,
      repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
      PRIMARY KEY (tag, repository_id)
    ) WITHOUT ROWID;
    CREATE INDEX tags_of_repository ON tags (repository_id);
    CREATE VIRTUAL TABLE search USING fts5 (
      name, tags, body, prefix = '2 3', tokenize = "unicode61 remove_diacritics 2 tokenchars '_'"
    );

    CREATE TABLE likes (
      account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (repository_id, account_id)
    ) WITHOUT ROWID;
    CREATE INDEX likes_of_account ON likes (account_id);
    CREATE TABLE downloads (
      repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
      -- Days since 1970.
      day INTEGER NOT NULL,
      count INTEGER NOT NULL,
      PRIMARY KEY (repository_id, day)
    ) WITHOUT ROWID;
    CREATE TABLE access_requests (
      repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
      account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      status TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'rejected')),
      reason TEXT,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (repository_id, account_id)
    ) WITHOUT ROWID;

    -- What was done by whom; each row's hash covers the row before, so that none can be changed.
    CREATE TABLE audit (
      id INTEGER PRIMARY KEY,
      time INTEGER NOT NULL,
      actor TEXT NOT NULL,
      action TEXT NOT NULL,
      subject TEXT NOT NULL,
      detail TEXT NOT NULL,
      hash TEXT NOT NULL
    );
    CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """
}
