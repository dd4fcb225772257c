-- Walks the primary key from its end; only the rows of one window at a time are sorted, by the movie id as a number.
SELECT window_start, movie_id, title, rating_count, rating_sum, unique_rating_count
FROM public.movie_ratings
ORDER BY window_start DESC, movie_id::bigint
LIMIT $1
