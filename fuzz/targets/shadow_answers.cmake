portcullis_fuzz_target(shadow_answers USES portcullis::shadow)
