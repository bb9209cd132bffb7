portcullis_fuzz_target(row_query USES portcullis::shadow portcullis::sql)
