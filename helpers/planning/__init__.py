"""Before a training starts: does it fit, how long does it take, what does it cost?

hardware               device, number format and attention of this machine
gpus                   GPUs to rent, with memory, speed and price
architectures          shapes of known models, without a download
activations            bytes kept for the backward pass, counted without using memory
memory                 memory of a training, by part
out_of_memory          turn an out-of-memory error into advice
training_plan          updates, tokens, memory, hours and dollars of a training
transformers_messages  turn off the progress bars and notices of transformers
"""
