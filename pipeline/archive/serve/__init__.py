"""An archive as pages in a browser on this machine.

guard       which requests are allowed (Host, Origin, the token in the address); headers that isolate the pages
speech      payloads as sound files, made on demand and kept
app         the pages
server      the socket
"""
