-- A row as numbers: window, movie, count, sum, values. The code repeats the placeholders, to write many rows per
-- statement. A left join keeps the order of the rows, and a movie that is missing fails the key instead of losing the
-- row. (WHERE true: or ON CONFLICT would be read as part of the join.)
INSERT INTO main.movie_ratings (window_start, movie_id, title, rating_count, rating_sum, unique_rating_count)
SELECT given.column1, movies.movie_id, movies.title, given.column3, given.column4, given.column5
FROM (VALUES (?, ?, ?, ?, ?)) AS given
LEFT JOIN temp.movies AS movies ON movies.id = given.column2
WHERE true
ON CONFLICT (window_start, movie_id) DO UPDATE SET
  title = excluded.title,
  rating_count = excluded.rating_count,
  rating_sum = excluded.rating_sum,
  unique_rating_count = excluded.unique_rating_count
