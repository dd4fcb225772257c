-- The result table of the contract.
CREATE TABLE public.movie_ratings (
  window_start BIGINT,
  movie_id VARCHAR(32),
  title VARCHAR(128),
  rating_count INTEGER,
  rating_sum INTEGER,
  unique_rating_count INTEGER,
  PRIMARY KEY (window_start, movie_id)
)
