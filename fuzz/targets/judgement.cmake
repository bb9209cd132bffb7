portcullis_fuzz_target(judgement USES portcullis::policy portcullis::catalog portcullis::sql)
target_include_directories(fuzz_judgement PRIVATE ${PROJECT_SOURCE_DIR})  # the snapshot of tests/unit/judgement
