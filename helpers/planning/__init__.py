"""Before a training starts: will it fit, how long will it take, what will it cost?

hardware       device, number format and attention of this machine
gpus           GPUs to rent, with memory, speed and price
architectures  shapes of known models, without a download
activations    bytes that the backward pass needs, counted on tensors without memory
memory         bytes of a training, by part
training_plan  updates, tokens, memory, hours and dollars
quiet          transformers without progress bars
"""
