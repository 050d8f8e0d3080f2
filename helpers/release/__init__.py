"""Before other people use a model: is it safe, is it whole, may it be shared?

adapters   check, merge and pack an adapter
diff       a model as the difference from its base
gguf       a model for llama.cpp and Ollama
guard      is this text harmful?
chat       one guarded question to one or two models
probes     tasks that show where a model fails people
watermark  mark generated text, and find the mark
licences   whose terms apply
cards      data card and model card
leaks      keys and private paths in a text
upload     what goes to a hub, and what must not
"""
