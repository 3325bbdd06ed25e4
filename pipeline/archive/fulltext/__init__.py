"""The full text of an archive: all that was said, where and by whom.

dates       of recordings, as people write them
phonetics   how a word sounds
query       what people type, as a query of SQLite
index       full text in SQLite
syncing     an index brought up to date with the payloads
searching   hits in an index
parquet     all utterances of an index as a Parquet file
"""
