-- The code repeats the row of placeholders, to write many rows per statement.
INSERT INTO movie_ratings (window_start, movie_id, title, rating_count, rating_sum, unique_rating_count)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (window_start, movie_id) DO UPDATE SET
  title = excluded.title,
  rating_count = excluded.rating_count,
  rating_sum = excluded.rating_sum,
  unique_rating_count = excluded.unique_rating_count
