"""How numbers become bytes: whole bytes, bits, and the range code with its symbols."""
