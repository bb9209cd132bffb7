portcullis_fuzz_target(sealing_file USES portcullis::audit)
