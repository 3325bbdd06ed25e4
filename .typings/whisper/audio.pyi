# Types of the parts of openai-whisper's sound that speechzip uses.
HOP_LENGTH: int
