"""The only importer of boto3. Values come in as arguments; nothing here knows Django or our settings."""
