"""The text coder: a small language model that predicts the words, and a range coder that codes the prediction errors.

tokens      text <-> token ids
phrases     embeddings for frequent runs of tokens
network     a recurrent network in integers      } predictor: the odds of the next token
ngrams      continuations in the training text   }
rangecoder  tokens with odds <-> bytes
coder       the four put together: `TextCoder`
weights     the shipped files, described in MODEL.md
training    the recipes of those files (extra `train`)
"""

from .coder import LanguageModelCoder
from .registry import COMMON_ID, DEFAULT_ID
from .weights import load_text_coder

__all__ = ["COMMON_ID", "DEFAULT_ID", "LanguageModelCoder", "load_text_coder"]
