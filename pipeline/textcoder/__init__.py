"""The text coder: a small language model that predicts the words, and a range coder that codes the prediction errors.

tokens      text <-> token ids
phrases     embeddings for frequent runs of tokens
network     a recurrent network in integers      } predictor: the odds of the next token
ngrams      continuations in the training text   }
rangecoder  tokens with odds <-> bytes
coder       the four put together: `TextCoder`
weights     the shipped file, described in MODEL.md
training    the recipe of that file (extra `train`)
"""

from .coder import LanguageModelCoder
from .weights import CODER_ID, CODER_NAME, load_text_coder

__all__ = ["CODER_ID", "CODER_NAME", "LanguageModelCoder", "load_text_coder"]
