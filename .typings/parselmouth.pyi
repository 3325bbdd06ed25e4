from typing import Any

class Data:
    @staticmethod
    def read(path: str) -> Data: ...

class _Praat:
    def call(self, subject: Data, command: str, *arguments: object) -> Any: ...

praat: _Praat
