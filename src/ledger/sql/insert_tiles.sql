INSERT INTO ledger.tile (ledger_id, level, tile_index, root, data)
SELECT %(ledger_id)s, full_tile.level, full_tile.tile_index, full_tile.root, full_tile.data
FROM unnest(
    %(level)b::smallint[], %(tile_index)b::bigint[], %(root)b::bytea[], %(data)b::bytea[]
) AS full_tile (level, tile_index, root, data)
