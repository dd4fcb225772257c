-- A small epoch in one statement: the shard's row moves from the epoch before to this one, if it is there and this
-- process has claimed it, and only then the rows are written. Gives a row if that was so.
WITH moved AS (
  UPDATE public.tidemark_shards SET
    epoch_run = $1,
    epoch_owner = $2,
    epoch_number = $3,
    next_offset = $4
  WHERE consumer_group = $5 AND topic = $6 AND partition = $7 AND claimant = $8
    AND epoch_run = $9 AND epoch_owner = $10 AND epoch_number = $11
  RETURNING partition
), written AS (
  INSERT INTO public.movie_ratings (window_start, movie_id, title, rating_count, rating_sum, unique_rating_count)
  SELECT given.*
  FROM unnest($12::bigint[], $13::varchar[], $14::varchar[], $15::integer[], $16::integer[], $17::integer[]) AS given
  CROSS JOIN moved
  ON CONFLICT (window_start, movie_id) DO UPDATE SET
    title = excluded.title,
    rating_count = excluded.rating_count,
    rating_sum = excluded.rating_sum,
    unique_rating_count = excluded.unique_rating_count
)
SELECT partition FROM moved
