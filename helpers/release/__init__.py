"""Publish a model safely: is it harmless, is it complete, and who may use it?

adapters         check that an adapter fits its base; merge or pack it
weight_diff      publish a model as the difference from its base
weight_diff_notes  what a difference records about each tensor
gguf             export a model for llama.cpp and Ollama
guard            decide whether a text is harmful
harm_classifier  the classifier behind the local guard
chat             one or two models answer a message, with a guard in between
streaming        read an answer while a thread writes it
probes           tasks that show where a model fails people
watermark        mark generated text, and detect the mark
licences         whose terms apply, and whether they allow commercial use
model_card       a model card, written from a run
data_card        a data card for generated tasks
card_parts       what both cards share: sections, numbers from a run, safe text
public_names     what a model is called in public
leaks            keys and private paths in texts and files
upload           list and check the files to upload to a hub
"""
