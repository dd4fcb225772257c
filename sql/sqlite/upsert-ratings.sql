-- A row as numbers: window, movie, count, sum, values. The code repeats the row of placeholders, to write many rows per
-- statement, and makes sure that each was written: one of a movie that is missing is not. A cross join keeps their
-- order. (WHERE true: or ON CONFLICT would be read as part of the join.)
INSERT INTO main.movie_ratings (window_start, movie_id, title, rating_count, rating_sum, unique_rating_count)
SELECT given.column1, movies.movie_id, movies.title, given.column3, given.column4, given.column5
FROM (VALUES (?, ?, ?, ?, ?)) AS given
CROSS JOIN temp.movies AS movies ON movies.id = given.column2
WHERE true
ON CONFLICT (window_start, movie_id) DO UPDATE SET
  title = excluded.title,
  rating_count = excluded.rating_count,
  rating_sum = excluded.rating_sum,
  unique_rating_count = excluded.unique_rating_count
