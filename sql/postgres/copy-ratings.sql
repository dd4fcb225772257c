-- Rows that were never written before, as lines in COPY's text format. A row that stands there already fails it.
COPY public.movie_ratings (window_start, movie_id, title, rating_count, rating_sum, unique_rating_count) FROM STDIN
