-- One row: the version of this schema, whether setup made the result table, and the text with which the holder of the
-- database's lock names itself. The text decides nothing: the lock does.
CREATE TABLE public.tidemark_setup (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL,
  made_movie_ratings BOOLEAN NOT NULL,
  lock_holder TEXT
)
