"""The telephone network of demos and tests: citizens who call, and 110 and the units that answer.

A second Asterisk plays the network; no real number is ever dialled. `citizen.call` makes one whole
call, `line.CitizenLine` is the handle for a test that wants to act step by step.
"""
