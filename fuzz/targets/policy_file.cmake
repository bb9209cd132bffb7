portcullis_fuzz_target(policy_file USES portcullis::policy)
