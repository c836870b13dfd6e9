"""Which characters are Chinese ones: all blocks of Unicode, for names use rare ones too."""

HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
"""For a character class of a regular expression: 〇, the basic block, its extensions, compatibility forms."""
