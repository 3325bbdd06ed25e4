"""Where the sound lies in a file: its pieces, their lengths by the headers and in fact, and files joined from them."""
