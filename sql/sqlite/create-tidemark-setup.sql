-- One row: the version of this schema, and what setup made, so that cleanup removes no more than that.
CREATE TABLE tidemark_setup (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL,
  made_file INTEGER NOT NULL,
  made_movie_ratings INTEGER NOT NULL
)
