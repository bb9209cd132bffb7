portcullis_fuzz_target(claims USES portcullis::sql)
