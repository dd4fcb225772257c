SELECT consumer_group, topic, partition, epoch_run, epoch_owner, epoch_number, next_offset, claimant
FROM public.tidemark_shards
ORDER BY partition
