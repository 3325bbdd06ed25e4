"""Redaction: marks replace card numbers and other personal data, also where the digits are spoken as words.

tokens      the words of one speaker with their positions; findings among them
digits      spoken and written digits as one string of digits
numbers     card, phone and social security numbers in such strings
spelling    letters without what people say between them
emails      e-mail addresses
ibans       bank accounts
dates       dates of birth and others
names       names of a list
redact      a payload in; out come the redacted payload and counts
files       payloads and archives that are stored
"""
