"""The recipe of `world-1`: n-grams of characters for languages other than English, counted in minutes.

sources     which public text, under which license
ngrams      counting and pruning
__main__    the weights file, and how many bits a character takes
"""
