"""Redaction: card numbers, telephone numbers and the like become marks, also where they are spoken as words.

tokens      what one speaker says, as words with their places; what is found there
digits      spoken and written digits as one string of digits
numbers     card, phone and social security numbers in such strings
letters     e-mail addresses and IBANs
dates       dates of birth and others
names       names of a list
redact      a payload in, a payload without them out, and counts
files       payloads and archives that are stored
"""
