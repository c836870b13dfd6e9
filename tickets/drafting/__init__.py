"""From what was said to the elements of a ticket: rules, lexicons and a small similarity model.

`Drafter.update` is pure: the same utterances give the same suggestions. Each suggestion carries the words it
came from. Matching is by sound where a recogniser errs by sound (see `language.sounds`).
"""
