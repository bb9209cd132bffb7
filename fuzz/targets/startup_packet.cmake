portcullis_fuzz_target(startup_packet USES portcullis::wire)
