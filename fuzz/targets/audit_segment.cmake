portcullis_fuzz_target(audit_segment USES portcullis::audit)
