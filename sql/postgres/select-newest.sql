-- Walks the primary key from its end; only the rows of one window at a time are sorted, by the movie id as a number: the
-- shorter one is less. (A cast would fail for a row that somebody else put there.)
SELECT window_start, movie_id, title, rating_count, rating_sum, unique_rating_count
FROM public.movie_ratings
ORDER BY window_start DESC, length(movie_id), movie_id COLLATE "C"
LIMIT $1
