INSERT INTO public.tidemark_shards
  (consumer_group, topic, partition, epoch_run, epoch_owner, epoch_number, next_offset, claimant)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET
  epoch_run = excluded.epoch_run,
  epoch_owner = excluded.epoch_owner,
  epoch_number = excluded.epoch_number,
  next_offset = excluded.next_offset,
  claimant = excluded.claimant
