INSERT INTO public.tidemark_setup (id, version, made_movie_ratings)
VALUES (1, $1, $2)
ON CONFLICT (id) DO UPDATE SET
  version = excluded.version,
  made_movie_ratings = excluded.made_movie_ratings
