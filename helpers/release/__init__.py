"""What it takes to let other people use a model: one file a question.

``guard``       what should it neither be asked nor say?
``watermark``   can its texts be told from others?
``probes``      where does it fail people?
``licences``    whose terms hold for it, and may it be sold?
``adapters``    is it of this base? merged into it, or packed by itself
``diff``        how is a tuned model given away without its base?
``export``      how does it get into llama.cpp or Ollama?
``upload``      what would leave this machine, and what must never?
``chat``        what do people see of it? the demo's conversation, guarded and marked
``weights``     tensors of a folder, one at a time; what the others stand on
"""
