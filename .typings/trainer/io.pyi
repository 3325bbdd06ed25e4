# Types of the parts of coqui-tts-trainer that speechzip uses.
from pathlib import Path

def get_user_data_dir(appname: str) -> Path: ...
