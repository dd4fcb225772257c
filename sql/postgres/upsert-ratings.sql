-- Many rows per statement, one array per column. No row may be named twice.
INSERT INTO public.movie_ratings (window_start, movie_id, title, rating_count, rating_sum, unique_rating_count)
SELECT * FROM unnest($1::bigint[], $2::varchar[], $3::varchar[], $4::integer[], $5::integer[], $6::integer[])
ON CONFLICT (window_start, movie_id) DO UPDATE SET
  title = excluded.title,
  rating_count = excluded.rating_count,
  rating_sum = excluded.rating_sum,
  unique_rating_count = excluded.unique_rating_count
