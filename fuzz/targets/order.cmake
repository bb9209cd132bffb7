portcullis_fuzz_target(order USES portcullis::audit)
