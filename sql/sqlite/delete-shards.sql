DELETE FROM tidemark_shards
