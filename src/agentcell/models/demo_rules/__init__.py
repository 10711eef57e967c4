"""The rules of the demo model: pure functions over plain data, from words to a plan to an answer.

words, things             what a text says: stems and synonyms; names, numbers, dates, quoted texts
fields                    what a JSON schema wants
layers, texts, numbers    which stretch of a prompt belongs to which field
arguments                 a schema filled from a prompt
matching                  how well a prompt fits a tool or a handoff
planning                  what to do next
request                   a model request read into plain data
material, stock, writing  answers
"""
