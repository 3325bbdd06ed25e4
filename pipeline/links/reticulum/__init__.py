"""Reticulum as a link: messages by LXMF, and live conversations over its links (extra ``reticulum``).

rns and lxmf have the Reticulum License: MIT, but not for systems made to harm people, nor for data sets that train AI.
"""
