-- Rows that were never written before, in COPY's binary format. A row that stands there already fails it.
COPY public.movie_ratings (window_start, movie_id, title, rating_count, rating_sum, unique_rating_count) FROM STDIN
WITH (FORMAT binary)
