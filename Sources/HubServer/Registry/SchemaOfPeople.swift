/// What accounts in the browser need beside the registry: layout version 2.

extension Schema {
  /// Links that let somebody in who has no password yet: to the hub, into an organisation, or back
  /// into an account.
  static let links = """
    CREATE TABLE links (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      kind TEXT NOT NULL CHECK (kind IN ('hub', 'organisation', 'reset')),
      -- SHA-256 of what the link's address holds.
      hash TEXT NOT NULL UNIQUE,
      -- The organisation, or the user whose password it replaces.
      account_id INTEGER REFERENCES accounts (id) ON DELETE CASCADE,
      role TEXT CHECK (role IN ('read', 'contributor', 'write', 'admin')),
      creator TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      CHECK ((kind = 'hub') = (account_id IS NULL)),
      CHECK ((kind = 'organisation') = (role IS NOT NULL))
    );
    CREATE INDEX links_of_account ON links (account_id);
    """

  /// What takes up room: the largest repositories in order, and sums by owner, without reading rows.
  static let storage = """
    CREATE INDEX repositories_by_size ON repositories (used_bytes DESC, id)
      WHERE deleted_at IS NULL;
    CREATE INDEX sizes_by_owner ON repositories (owner_id, used_bytes) WHERE deleted_at IS NULL;
    """

  /// Tags that nobody moves or deletes.
  static let protectedTags =
    "ALTER TABLE revisions ADD COLUMN is_protected INTEGER NOT NULL DEFAULT 0;"
}
