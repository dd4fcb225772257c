-- What the rows of a movie have in common, in memory, for as long as the connection lasts: then a row to be written
-- is numbers only.
CREATE TEMP TABLE movies (
  id INTEGER PRIMARY KEY,
  movie_id TEXT NOT NULL,
  title TEXT NOT NULL
)
