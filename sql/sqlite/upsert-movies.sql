-- The code repeats the row of placeholders, to write many rows per statement.
INSERT INTO temp.movies (id, movie_id, title)
VALUES (?, ?, ?)
ON CONFLICT (id) DO UPDATE SET title = excluded.title
