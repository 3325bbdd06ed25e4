"""An archive as pages in a browser on this machine.

guard       who may ask: Host, Origin, the token in the address; headers that keep the pages to themselves
speech      payloads as sound files, made on demand and kept
app         the pages
server      the socket
"""
