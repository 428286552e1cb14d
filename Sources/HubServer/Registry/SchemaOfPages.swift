/// What the pages need beside the registry: layout version 2.

extension Schema {
  /// Browsers that are signed in.
  static let sessions = """
    CREATE TABLE sessions (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      -- SHA-256 of what the browser keeps.
      hash TEXT NOT NULL UNIQUE,
      client TEXT NOT NULL,
      address TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      last_used_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    );
    CREATE INDEX sessions_of_account ON sessions (account_id);
    """
}
