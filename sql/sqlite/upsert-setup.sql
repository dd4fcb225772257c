INSERT INTO tidemark_setup (id, version, made_file, made_movie_ratings)
VALUES (1, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
  version = excluded.version,
  made_file = excluded.made_file,
  made_movie_ratings = excluded.made_movie_ratings
