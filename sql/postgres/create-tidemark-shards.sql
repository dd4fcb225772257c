-- Where the table stands for each partition of the ratings topic: the last epoch applied, the offset after it, and
-- the process that claimed the shard.
CREATE TABLE public.tidemark_shards (
  consumer_group TEXT NOT NULL,
  topic TEXT NOT NULL,
  partition INTEGER NOT NULL,
  epoch_run TEXT NOT NULL,
  epoch_owner TEXT NOT NULL,
  epoch_number BIGINT NOT NULL,
  next_offset BIGINT NOT NULL,
  claimant TEXT NOT NULL,
  PRIMARY KEY (consumer_group, topic, partition)
)
