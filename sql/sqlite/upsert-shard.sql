INSERT INTO tidemark_shards
  (consumer_group, topic, partition, epoch_run, epoch_owner, epoch_number, next_offset, claimant)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET
  epoch_run = excluded.epoch_run,
  epoch_owner = excluded.epoch_owner,
  epoch_number = excluded.epoch_number,
  next_offset = excluded.next_offset,
  claimant = excluded.claimant
