/// What Explore shows of each repository.

extension Schema {
  static let explore = """
    CREATE TABLE explore (
      repository_id INTEGER PRIMARY KEY REFERENCES repositories (id) ON DELETE CASCADE,
      is_adapter INTEGER NOT NULL,
      -- A line for each value: the facet, a space, the value.
      facets TEXT NOT NULL,
      summary TEXT NOT NULL,
      byte_count INTEGER,
      base_byte_count INTEGER,
      metric TEXT,
      metric_value REAL,
      -- A catalogue's entry: its files are on another server.
      is_elsewhere INTEGER NOT NULL DEFAULT 0,
      problem_count INTEGER NOT NULL DEFAULT 0,
      CHECK ((metric IS NULL) = (metric_value IS NULL))
    );
    """
}
