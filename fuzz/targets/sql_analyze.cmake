portcullis_fuzz_target(sql_analyze USES portcullis::sql)
