# What speechzip uses of coqui-tts-trainer, typed.
from pathlib import Path

def get_user_data_dir(appname: str) -> Path: ...
