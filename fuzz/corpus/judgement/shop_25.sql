TRUNCATE secret.keys
